"""The command ``convnet evaluate``: how well a net does on labeled data."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet import ConvNetClassifier, inspection
from convnet._extras import install_command
from convnet.cli import drawing, options, scores
from convnet.cli.data import labelled_data
from convnet.cli.errors import UsageError
from convnet.cli.files import load_model
from convnet.cli.folders import open_for, refuse_fit
from convnet.cli.matrix import draw_matrix
from convnet.cli.report import number, percent, relative, skipped_data, table
from convnet.inspection.displays.images import DisplayImages
from convnet.inspection.displays.mistakes import worst_mistakes

if TYPE_CHECKING:
    from argparse import Namespace

    from convnet.cli.options import Subparsers
    from convnet.data.errors import Skipped


OUT = "pictures"
LISTED = 10  # mistakes that are named
EXAMPLES = """\
  convnet evaluate pets.npz pets/test
  convnet evaluate pets.npz pets/test --out seen/ --mistakes 40
  convnet evaluate pets.npz pets/test --json > result.json
  convnet evaluate model.npz images.npz                  arrays X and y"""
DESCRIPTION = f"""\
Test a net on photographs or arrays with labels: accuracy; precision, recall and number of each class; the confusion
matrix, confusion_matrix.png; and the images that it gets most wrong, mistakes.png. Pictures need matplotlib:
{install_command("plot")}

{options.TRUST}"""


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = options.add_command(
        subparsers,
        "evaluate",
        run=run,
        about="test a net: accuracy, table of the classes, confusion matrix, worst mistakes",
        description=DESCRIPTION,
        examples=EXAMPLES,
    )
    parser.add_argument("model", metavar="MODEL", help=options.MODEL)
    parser.add_argument(
        "data",
        metavar="FOLDER|FILE.npz|digits",
        help="a folder with a folder for each class, or arrays X and y, or X_test and y_test",
    )
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        help=f"folder to write pictures to (default: {OUT}, if matplotlib is installed)",
    )
    parser.add_argument(
        "--mistakes",
        type=options.count,
        default=20,
        metavar="N",
        help="how many mistakes to show, the worst (default: %(default)s)",
    )
    options.add_fit(parser, "as in training")
    options.add_jobs(parser)
    options.add_quiet(parser)
    options.add_json(parser)


def run(args: Namespace) -> dict[str, Any]:
    """Tell how well the net does, and write the pictures; `args.written` says which there are."""
    clf = load_model(args.model, ConvNetClassifier, jobs=args.jobs)
    X, y, files, skipped = _data(clf, args)
    pictures = _pictures(args)
    found = scores.score(clf, X, y)
    noun = "row" if files is None else "image"
    print(f"accuracy: {percent(found['accuracy'])} of {number(found['n'], noun)} of {args.data}")
    scores.tell(found)
    mistaken = worst_mistakes(found["true"], found["predicted"], found["probabilities"])
    worst = mistaken[: args.mistakes]
    names = [one["name"] for one in found["classes"]]
    mistakes = [
        {
            **({"row": int(row)} if files is None else {"file": relative(files[row])}),
            "true": names[found["true"][row]],
            "predicted": names[found["predicted"][row]],
            "probability": float(found["probabilities"][row]),
        }
        for row in worst
    ]
    _tell_mistakes(mistakes, found)
    if pictures:
        _draw(pictures, clf, X, found, worst, names, len(mistaken))
    return {
        "command": "evaluate",
        "model": args.model,
        "data": args.data,
        **scores.data(found),
        "mistakes": mistakes,
        "pictures": pictures.paths if pictures else [],
        "skipped": skipped_data(skipped),
    }


def _pictures(args: Namespace) -> drawing.Pictures | None:
    """Return `Pictures`; None where there can be none and none were asked for."""
    try:
        drawing.draws_into_memory("Drawing pictures")
    except UsageError as error:
        if args.out is not None:
            raise
        print(f"no pictures were drawn: {error}", file=sys.stderr)
        return None
    return drawing.Pictures(args.out or OUT, args)


def _data(
    clf: ConvNetClassifier, args: Namespace
) -> tuple[Any, np.ndarray, np.ndarray | None, list[Skipped]]:
    """Return X, y, the names of files, None of arrays, and what was skipped."""
    if os.path.isdir(args.data):
        images, labels, skipped = open_for(clf, args, verbose=not args.quiet)
        return images, labels, images.filenames, skipped
    refuse_fit(args)
    return *labelled_data(args.data), None, []


def _tell_mistakes(mistakes: list[dict[str, Any]], found: dict[str, Any]) -> None:
    if not mistakes:
        return
    rows = [
        [
            one["file"] if "file" in one else f"row {one['row']}",
            f"{one['true']} → {one['predicted']}",
            f"{percent(one['probability'])} sure",
        ]
        for one in mistakes[:LISTED]
    ]
    print("worst mistakes, true → predicted", *table(rows, left=2), "", sep="\n")


def _draw(
    pictures: drawing.Pictures,
    clf: ConvNetClassifier,
    X: Any,
    found: dict[str, Any],
    worst: np.ndarray,
    names: list[str],
    n_mistakes: int,
) -> None:
    title = f"{percent(found['accuracy'])} of {found['n']:,} right"
    pictures.write(draw_matrix(np.array(found["confusion"]), names, title), "confusion_matrix")
    if len(clf.input_shape_) != 3:
        return
    labels = np.array(names, dtype=object)
    display = inspection.MistakesDisplay(
        DisplayImages(clf, X, "convnet evaluate")[worst],
        labels[found["true"][worst]],
        labels[found["predicted"][worst]],
        probabilities=found["probabilities"][worst],
        rows=worst,
        n_mistakes=n_mistakes,
        n_rows=found["n"],
    )
    pictures.write(display.plot().figure_, "mistakes")
