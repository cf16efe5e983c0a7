"""The command ``convnet explore``: a page that shows a net at work."""

from __future__ import annotations

import os
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.cli import options
from convnet.cli.data import inspected_data
from convnet.cli.errors import UsageError
from convnet.cli.exit_codes import DONE, SOME_UNREADABLE
from convnet.cli.files import check_output, load_model
from convnet.cli.folders import find_files, form_of, read_files, refuse_for_arrays
from convnet.cli.report import number, say, skipped_data, tell_skipped
from convnet.cli.shown_rows import rows_to_show
from convnet.estimators.explorer import write_explorer
from convnet.values.messages import listed

if TYPE_CHECKING:
    from argparse import Namespace

    from convnet.cli.options import Subparsers
    from convnet.data.errors import Skipped

    Net = ConvNetClassifier | ConvNetRegressor


MAX_IMAGES = 24  # by default
EXAMPLES = """\
  convnet explore pets.npz photos/ --open
  convnet explore pets.npz photo.jpg other.jpg --out pets.html
  convnet explore model.npz images.npz                      arrays X and, optionally, y
  convnet explore model.npz digits"""


class Shown(NamedTuple):
    """The images of the page. y and names are None if they are not known."""

    X: np.ndarray
    y: np.ndarray | None
    names: list[str] | None
    skipped: list[Skipped]


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = options.add_command(
        subparsers,
        "explore",
        run=run,
        about="write a page that shows the net at work, for a browser",
        description="Write one HTML file that shows what each layer of a net computes for some images, works out any "
        "value, and computes the net for images that you draw or change. It opens in a browser without a network.\n"
        "Photographs have the names of their folders as labels, if all folders are classes of the net. The exit "
        f"code is 3 if some files could not be read.\n\n{options.TRUST}",
        examples=EXAMPLES,
    )
    parser.add_argument("model", metavar="MODEL", help=options.MODEL)
    parser.add_argument(
        "data",
        metavar="FILE|FOLDER|FILE.npz|digits",
        nargs="+",
        help="image files, folders of them, one file of arrays X and, optionally, y, or scikit-learn's handwritten "
        "digits",
    )
    parser.add_argument(
        "-o",
        "--out",
        metavar="FILE.html",
        default="explore.html",
        help="the file to write (default: %(default)s)",
    )
    parser.add_argument(
        "--images",
        type=options.count,
        default=MAX_IMAGES,
        metavar="N",
        help="number of images, from all classes in turn (default: at most %(default)s)",
    )
    parser.add_argument("--title", help="title of the page (default: the name of the model file)")
    parser.add_argument(
        "--explain",
        action="store_true",
        help="compute integrated gradients and occlusion for each image, which takes a second or more in a large net; "
        "the page itself computes Grad-CAM and saliency",
    )
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    options.add_fit(parser, "as in training")
    options.add_jobs(parser)
    options.add_force(parser)
    options.add_output(parser)


def run(args: Namespace) -> dict[str, Any]:
    """Write the page."""
    check_output("--out", args.out, args.model, *args.data, force=args.force)
    kinds = ConvNetClassifier, ConvNetRegressor
    net = cast("Net", load_model(args.model, *kinds, jobs=args.jobs))
    arrays = [path for path in args.data if path.endswith(".npz") or path == "digits"]
    arrays = [path for path in arrays if not os.path.isdir(path)]
    if arrays and len(args.data) > 1:
        raise UsageError(f"{arrays[0]} is a file of arrays. Pass it alone.")
    shown = _arrays(args) if arrays else _photographs(net, args)
    title = os.path.basename(args.model) if args.title is None else args.title
    page = write_explorer(
        net,
        shown.X,
        shown.y,
        args.out,
        n_max=args.images,
        title=title,
        explain=args.explain,
        names=shown.names,
    )
    args.written = f"{args.out} was written"
    if not args.quiet:
        say(f"{args.out}: {number(page.n_images, 'image')}{_left_out(page.left_out)}")
    if args.open:
        webbrowser.open(Path(args.out).resolve().as_uri())
    args.code = SOME_UNREADABLE if shown.skipped else DONE
    return {
        "command": "explore",
        "model": args.model,
        "page": args.out,
        "images": page.n_images,
        "left_out": page.left_out,
        "skipped": skipped_data(shown.skipped),
    }


def _left_out(left_out: dict[str, Any]) -> str:
    """Return what did not fit, as the end of a line."""
    parts = []
    if left_out["images"]:
        parts.append(number(left_out["images"], "more image"))
    if left_out["parameters"]:
        parts.append(f"the weights {listed(left_out['parameters'])}")
    return f"; too large for the page: {' and '.join(parts)}" if parts else ""


def _arrays(args: Namespace) -> Shown:
    (args.data,) = args.data
    refuse_for_arrays(args, "fit")
    X, y = inspected_data(args.data)
    rows = rows_to_show(len(X), y, args.images)
    return Shown(X[rows], None if y is None else y[rows], [str(row) for row in rows], [])


def _photographs(net: Net, args: Namespace) -> Shown:
    form = form_of(net, args.model, args.fit)
    paths = find_files(args.data)
    labels = _folder_labels(net, paths)
    rows = rows_to_show(len(paths), labels, args.images)
    names: list[str] = []
    parts, skipped = [], []
    for some, images, lost in read_files([paths[row] for row in rows], form, jobs=args.jobs):
        tell_skipped(lost)
        skipped += lost
        names += some
        parts.append(images)
    if not names:
        raise UsageError(f"{' '.join(skipped[0])}. Pass images that can be opened.")
    y = None if labels is None else _folder_labels(net, names)
    return Shown(np.concatenate(parts), y, names, skipped)


def _folder_labels(net: Net, paths: list[str]) -> np.ndarray | None:
    """Return the classes that the folders of some files are named after; None unless all are.

    Folders do not name several labels per sample.
    """
    if getattr(net, "_indicator_dtype", None) is not None:
        return None
    known = {str(label): label for label in getattr(net, "classes_", ())}
    folders = [os.path.basename(os.path.dirname(os.path.abspath(path))) for path in paths]
    if not all(name in known for name in folders):
        return None
    return np.array([known[name] for name in folders])
