"""The command ``convnet explore``: a page that shows a net at work."""

from __future__ import annotations

import os
import re
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
from convnet.estimators.explorer import ORDERS, write_explorer
from convnet.values.messages import listed

if TYPE_CHECKING:
    from argparse import Namespace

    from convnet.cli.options import Subparsers
    from convnet.data.errors import Skipped
    from convnet.inspection.explorer import ExplorerPage

    Net = ConvNetClassifier | ConvNetRegressor


MAX_IMAGES = 24  # by default
EXAMPLES = """\
  convnet explore pets.npz photos/ --open
  convnet explore pets.npz photo.jpg other.jpg --out pets.html
  convnet explore pets.npz pets/test --order worst          the images that the net gets most wrong
  convnet explore model.npz images.npz                      arrays X and, optionally, y
  convnet explore model.npz digits"""


class Shown(NamedTuple):
    """The images of the page, and how they were fitted if they are photographs.

    y is None if no label is known; else `has_label` says for which images it is.
    """

    X: np.ndarray
    y: np.ndarray | None
    has_label: np.ndarray | None
    names: list[str]
    skipped: list[Skipped]
    fit: str | None


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = options.add_command(
        subparsers,
        "explore",
        run=run,
        about="write a page that shows the net at work, for a browser",
        description="Write one HTML file that shows what each layer of a net computes for some images, works out any "
        "value, and computes the net for images that you draw or change. It opens in a browser without a network.\n"
        "Photographs in folders that are named after classes of the net have these as labels. The exit "
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
        help="largest number of images (default: %(default)s)",
    )
    parser.add_argument(
        "--order",
        choices=ORDERS,
        default="given",
        help="given: images from all classes in turn; worst: those of all images that have the highest loss, which "
        "needs labels (default: %(default)s)",
    )
    parser.add_argument(
        "--checkpoint",
        action="append",
        default=[],
        metavar="FILE",
        help="an earlier state of the net, written by the callback Checkpoint: the page has a slider through them and "
        "the net; repeat the option for several",
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
    check_output("--out", args.out, args.model, *args.data, *args.checkpoint, force=args.force)
    kinds = ConvNetClassifier, ConvNetRegressor
    net = cast("Net", load_model(args.model, *kinds, jobs=args.jobs))
    arrays = [path for path in args.data if path.endswith(".npz") or path == "digits"]
    arrays = [path for path in arrays if not os.path.isdir(path)]
    if arrays and len(args.data) > 1:
        raise UsageError(f"{arrays[0]} is a file of arrays. Pass it alone.")
    shown = _arrays(args) if arrays else _photographs(net, args)
    title = os.path.basename(args.model) if args.title is None else args.title
    page = _written(net, shown, args, title)
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


def _written(net: Net, shown: Shown, args: Namespace, title: str) -> ExplorerPage:
    if args.order == "worst" and shown.y is None:
        raise UsageError(
            "--order worst needs labels, and the images have none that the net knows. Pass folders that are named "
            "after its classes, or a file of arrays X and y."
        )
    try:
        return write_explorer(
            net,
            shown.X,
            shown.y,
            args.out,
            n_max=args.images,
            order=args.order,
            checkpoints=args.checkpoint,
            title=title,
            explain=args.explain,
            names=shown.names,
            has_label=shown.has_label,
            fit=shown.fit,
        )
    except ValueError as error:
        if not args.checkpoint or not re.search(r"checkpoint", str(error), re.IGNORECASE):
            raise
        text = re.sub(r"^\w+\.explore: (checkpoints\[\d+\], )?", "", str(error))
        raise UsageError(f"--checkpoint: {text}") from None


def _left_out(left_out: dict[str, Any]) -> str:
    """Return what did not fit, as the end of a line."""
    parts = []
    if left_out["images"]:
        parts.append(number(left_out["images"], "more image"))
    if left_out["parameters"]:
        parts.append(f"the weights {listed(left_out['parameters'])}")
    if left_out["epochs"]:
        parts.append(f"the checkpoints of {listed(left_out['epochs'])}")
    return f"; too large for the page: {' and '.join(parts)}" if parts else ""


def _arrays(args: Namespace) -> Shown:
    (args.data,) = args.data
    refuse_for_arrays(args, "fit")
    X, y = inspected_data(args.data)
    rows = _rows(len(X), y, args)
    y = None if y is None else y[rows]
    return Shown(X[rows], y, None, [str(row) for row in rows], [], None)


def _rows(n: int, y: np.ndarray | None, args: Namespace) -> np.ndarray:
    """Return the rows to read: all, if the worst ones are to be found among them."""
    return np.arange(n) if args.order == "worst" else rows_to_show(n, y, args.images)


def _photographs(net: Net, args: Namespace) -> Shown:
    form = form_of(net, args.model, args.fit)
    paths = find_files(args.data)
    codes = _folder_codes(net, paths)
    rows = _rows(len(paths), codes, args)
    names: list[str] = []
    parts, skipped = [], []
    for some, images, lost in read_files([paths[row] for row in rows], form, jobs=args.jobs):
        tell_skipped(lost)
        skipped += lost
        names += some
        parts.append(images)
    if not names:
        raise UsageError(f"{' '.join(skipped[0])}. Pass images that can be opened.")
    codes = _folder_codes(net, names)
    y = net.classes_[codes] if (codes >= 0).any() else None
    return Shown(np.concatenate(parts), y, codes >= 0, names, skipped, form["fit"])


def _folder_codes(net: Net, paths: list[str]) -> np.ndarray:
    """Return the positions of the classes that the folders of some files are named after; -1 for other folders.

    Folders do not name several labels per sample.
    """
    if getattr(net, "_indicator_dtype", None) is not None:
        return np.full(len(paths), -1)
    known = {str(label): i for i, label in enumerate(getattr(net, "classes_", ()))}
    folders = [os.path.basename(os.path.dirname(os.path.abspath(path))) for path in paths]
    return np.array([known.get(name, -1) for name in folders])
