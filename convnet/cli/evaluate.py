"""The command ``convnet evaluate``: how well a net does on labeled data."""

from __future__ import annotations

import io
import os
import sys
from contextlib import redirect_stderr
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from convnet import ConvNetClassifier, inspection
from convnet._extras import install_command
from convnet.cli import drawing, hints, options, scores, seen
from convnet.cli.data import labeled_data
from convnet.cli.errors import UsageError
from convnet.cli.files import load_model
from convnet.cli.folders import open_folder, open_for, refuse_for_arrays
from convnet.cli.matrix import draw_matrix
from convnet.cli.report import percent, relative, say, skipped_data, table
from convnet.inspection.displays.images import DisplayImages
from convnet.inspection.displays.mistakes import worst_mistakes

if TYPE_CHECKING:
    from argparse import Namespace

    from convnet.cli.options import Subparsers
    from convnet.data.errors import Skipped


OUT = "evaluation"
MATRIX, MISTAKES = "confusion_matrix", "mistakes"  # names of the pictures
MAX_LISTED = 10  # mistakes that are named
EXAMPLES = """\
  convnet evaluate pets.npz pets/test
  convnet evaluate pets.npz pets/test --out seen/ --mistakes 40
  convnet evaluate pets.npz photos/ --labels labels.csv
  convnet evaluate pets.npz pets/test --json > result.json
  convnet evaluate model.npz images.npz                  arrays X and y"""
DESCRIPTION = f"""\
Test a model on photographs whose classes are known: how many it gets right, overall and for each class, which classes
it confuses (confusion_matrix.png), and its worst mistakes (mistakes.png). If the model was trained on some of these
photographs, the command says so. Pictures need matplotlib:
{install_command("plot")}

  precision   of the images that were taken for this class, the share that is of this class
  recall      of the images of this class, the share that was recognized

{options.TRUST}"""


class TestSet(NamedTuple):
    """Images with labels, the files that were skipped, and the images in the form that the net was trained on."""

    X: Any
    y: np.ndarray
    files: np.ndarray | None
    skipped: list[Skipped]
    as_trained: Any


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = options.add_command(
        subparsers,
        "evaluate",
        run=run,
        about="test a model: how often it is right, and what it gets wrong",
        description=DESCRIPTION,
        examples=EXAMPLES,
    )
    parser.add_argument("model", metavar="MODEL", help=options.MODEL)
    parser.add_argument(
        "data",
        metavar="FOLDER|FILE.npz|digits",
        help="a folder with a folder for each class, or arrays X and y, or X_test and y_test",
    )
    options.add_labels(parser)
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        help=f"folder for the pictures (default: {OUT}, if matplotlib is installed)",
    )
    parser.add_argument(
        "--mistakes",
        type=options.count,
        default=20,
        metavar="N",
        help="number of mistakes to show, the worst first (default: %(default)s)",
    )
    options.add_fit(parser, "as in training")
    options.add_jobs(parser)
    options.add_force(parser)
    options.add_output(parser)


def run(args: Namespace) -> dict[str, Any]:
    """Print how well the net does, and write the pictures; `args.written` says which were written."""
    clf = load_model(args.model, ConvNetClassifier, jobs=args.jobs)
    if not os.path.isdir(args.data):
        refuse_for_arrays(args, "labels", "fit")
    can_draw = _can_draw(args)
    if can_draw:
        drawing.check_free(args.out or OUT, _stems(clf), args)
    test = _read(clf, args)
    pictures = drawing.Pictures(args.out or OUT, args) if can_draw else None
    noun = "row" if test.files is None else "image"
    found = scores.score(clf, test.X, test.y)
    known = seen.recognize(clf, test.as_trained)
    notes = [*known.hints(noun), *hints.about_accuracy(found, noun)]
    say(known.accuracy(percent(found["accuracy"]), noun))
    scores.tell(found)
    hints.tell(notes)
    mistaken = worst_mistakes(found["true"], found["predicted"], found["probabilities"])
    worst = mistaken[: args.mistakes]
    names = [one["name"] for one in found["classes"]]
    mistakes = [
        {
            **({"row": int(row)} if test.files is None else {"file": relative(test.files[row])}),
            "true": names[found["true"][row]],
            "predicted": names[found["predicted"][row]],
            "probability": float(found["probabilities"][row]),
        }
        for row in worst
    ]
    _tell_mistakes(mistakes)
    if pictures:
        _draw(pictures, clf, test.X, found, worst, names, len(mistaken))
    return {
        "command": "evaluate",
        "model": args.model,
        "data": args.data,
        **scores.data(found),
        "used_in_training": known.training,
        "hints": notes,
        "mistakes": mistakes,
        "pictures": pictures.paths if pictures else [],
        "skipped": skipped_data(test.skipped),
    }


def _stems(clf: ConvNetClassifier) -> list[str]:
    """Return the names of the pictures of a net."""
    return [MATRIX, MISTAKES] if len(clf.input_shape_) == 3 else [MATRIX]


def _can_draw(args: Namespace) -> bool:
    """Return whether matplotlib is installed; UsageError if it is not, but pictures were asked for."""
    try:
        drawing.draws_into_memory("Drawing pictures")
    except UsageError as error:
        if args.out is not None:
            raise
        if not args.quiet:
            print(f"no pictures were drawn: {error}", file=sys.stderr)
        return False
    return True


def _read(clf: ConvNetClassifier, args: Namespace) -> TestSet:
    if not os.path.isdir(args.data):
        X, y = labeled_data(args.data)
        return TestSet(X, y, None, [], X)
    images, labels, skipped = open_for(clf, args, verbose=not args.quiet)
    as_trained = images
    trained_form = getattr(clf, "image_form_", images.image_form)
    if trained_form != images.image_form:  # --fit is another one than that of the training
        with redirect_stderr(io.StringIO()):  # the skipped files were printed
            as_trained = open_folder(
                args.data, trained_form, labels=args.labels, jobs=args.jobs
            ).images
    return TestSet(images, labels, images.filenames, skipped, as_trained)


def _tell_mistakes(mistakes: list[dict[str, Any]]) -> None:
    if not mistakes:
        return
    rows = [
        [
            one["file"] if "file" in one else f"row {one['row']}",
            f"{one['true']} → {one['predicted']}",
            f"{percent(one['probability'])} sure",
        ]
        for one in mistakes[:MAX_LISTED]
    ]
    say("worst mistakes, true class → predicted class:", *table(rows, left=2), "")


def _draw(
    pictures: drawing.Pictures,
    clf: ConvNetClassifier,
    X: Any,
    found: dict[str, Any],
    worst: np.ndarray,
    names: list[str],
    n_mistakes: int,
) -> None:
    title = f"{percent(found['accuracy'])} of {found['n']:,} correct"
    pictures.write(draw_matrix(np.array(found["confusion"]), names, title), MATRIX)
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
    pictures.write(display.plot().figure_, MISTAKES)
