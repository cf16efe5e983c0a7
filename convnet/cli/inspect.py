"""The command ``convnet inspect``: every display as a PNG file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet import ConvNetClassifier, ConvNetRegressor, inspection
from convnet._extras import install_command
from convnet.cli import drawing, options
from convnet.cli.data import inspected_data
from convnet.cli.errors import UsageError
from convnet.cli.files import load_model
from convnet.cli.folders import open_for, refuse_fit
from convnet.cli.report import skipped_data
from convnet.inspection.displays.filters import convolutions
from convnet.inspection.explain import METHODS

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from convnet.cli.options import Subparsers
    from convnet.data.errors import Skipped

    Net = ConvNetClassifier | ConvNetRegressor
    Drawn = Iterator[tuple[str, Any]]  # the stem of a file's name, and a display


EXAMPLES = """\
  convnet inspect pets.npz photos/
  convnet inspect pets.npz photos/ --rows 3,14,15 --only explanations,mistakes
  convnet inspect model.npz images.npz --out pictures/     arrays X and perhaps y
  convnet inspect model.npz digits"""
DESCRIPTION = f"""\
Write pictures of a net as PNG files: how training went, its layers, the filters of each convolution, what it makes of
the first images, where it looks, and, where there are labels, what it gets wrong. Needs matplotlib:
{install_command("plot")}

{options.TRUST}"""


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = options.add_command(
        subparsers,
        "inspect",
        run=run,
        about="write pictures of what a net learnt and looks at",
        description=DESCRIPTION,
        examples=EXAMPLES,
    )
    parser.add_argument("model", metavar="MODEL", help=options.MODEL)
    parser.add_argument(
        "data",
        metavar="FOLDER|FILE.npz|digits",
        help="a folder with a folder for each class, arrays X and perhaps y, or X_test and y_test, or scikit-learn's "
        "handwritten digits",
    )
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        default="pictures",
        help="folder to write to (default: %(default)s)",
    )
    parser.add_argument(
        "--images",
        type=options.count,
        default=4,
        metavar="N",
        help="how many of the first images to show and to explain (default: %(default)s)",
    )
    parser.add_argument(
        "--rows", type=options.numbers, metavar="I,J,...", help="these rows of X instead, from 0"
    )
    parser.add_argument(
        "--mistakes",
        type=options.count,
        default=16,
        metavar="N",
        help="how many mistakes to show, the worst (default: %(default)s)",
    )
    parser.add_argument(
        "--method",
        type=options.names(METHODS),
        metavar="M,...",
        help=f"ways to explain: {', '.join(METHODS)} (default: all there can be; the first one for the confusion)",
    )
    parser.add_argument(
        "--only",
        type=options.names(PICTURES),
        metavar="P,...",
        help=f"of {', '.join(PICTURES)} (default: all there can be)",
    )
    options.add_fit(parser, "as in training")
    options.add_jobs(parser)
    options.add_json(parser)


def run(args: Namespace) -> dict[str, Any]:
    """Write the pictures, a line for each; `args.written` says how many there are so far."""
    net = load_model(args.model, ConvNetClassifier, ConvNetRegressor, jobs=args.jobs)
    X, y, skipped = _data(net, args)
    rows = _rows(args, len(X))
    net.predict(X[:1])  # refuses what does not fit, before anything is written
    drawing.draws_into_memory("convnet inspect")
    pictures = drawing.Pictures(args.out, args)
    for name in args.only or list(PICTURES):
        reason = _why_not(name, net, y, args.data)
        if reason and args.only:
            raise UsageError(f"there is no picture of {name}: {reason}")
        if reason:
            print(f"no {name}: {reason}")
            continue
        for stem, display in PICTURES[name](net, X, y, rows, args):
            pictures.write(display.figure_, stem)
    return {
        "command": "inspect",
        "model": args.model,
        "data": args.data,
        "pictures": pictures.paths,
        "skipped": skipped_data(skipped),
    }


def _data(net: Net, args: Namespace) -> tuple[Any, np.ndarray | None, list[Skipped]]:
    """Return X, y, which is None where there are no labels, and what was skipped."""
    if not os.path.isdir(args.data):
        refuse_fit(args)
        return *inspected_data(args.data), []
    found = open_for(net, args)
    y = None
    if isinstance(net, ConvNetClassifier):
        known = {str(label): label for label in net.classes_}
        y = np.array([known[label] for label in found.labels])
    return found.images, y, found.skipped


def _history(net: Net, X: Any, y: Any, rows: np.ndarray, args: Namespace) -> Drawn:
    yield "history", inspection.HistoryDisplay.from_estimator(net)


def _architecture(net: Net, X: Any, y: Any, rows: np.ndarray, args: Namespace) -> Drawn:
    yield "architecture", inspection.ArchitectureDisplay.from_estimator(net)


def _filters(net: Net, X: Any, y: Any, rows: np.ndarray, args: Namespace) -> Drawn:
    for layer in convolutions(net):
        yield f"filters_{_stem(layer)}", inspection.FilterDisplay.from_estimator(net, layer)


def _feature_maps(net: Net, X: Any, y: Any, rows: np.ndarray, args: Namespace) -> Drawn:
    for row in rows:
        display = inspection.FeatureMapDisplay.from_estimator(net, X[row])
        yield f"feature_maps_{row}", display


def _explanations(net: Net, X: Any, y: Any, rows: np.ndarray, args: Namespace) -> Drawn:
    labels = None if y is None else y[rows]
    yield (
        "explanations",
        inspection.ExplanationDisplay.from_estimator(
            *(net, X[rows], labels), method=_methods(net, args), n=len(rows)
        ),
    )


def _mistakes(net: Net, X: Any, y: Any, rows: np.ndarray, args: Namespace) -> Drawn:
    yield "mistakes", inspection.MistakesDisplay.from_estimator(net, X, y, n=args.mistakes)


def _confusion(net: Net, X: Any, y: Any, rows: np.ndarray, args: Namespace) -> Drawn:
    method = next(iter(_methods(net, args)))
    yield "confusion", inspection.ConfusionDisplay.from_estimator(net, X, y, method=method)


def _methods(net: Net, args: Namespace) -> list[str]:
    """Return the ways to explain: those that were asked for, else all that there are for this net."""
    has_maps = any(len(layer.output_shape) > 1 for layer in net.summary().layers)
    return args.method or [name for name in METHODS if name != "gradcam" or has_maps]


PICTURES = {
    "history": _history,
    "architecture": _architecture,
    "filters": _filters,
    "feature_maps": _feature_maps,
    "explanations": _explanations,
    "mistakes": _mistakes,
    "confusion": _confusion,
}


def _why_not(name: str, net: Net, y: np.ndarray | None, path: str) -> str:
    """Return why there can be no such picture; empty where there can."""
    if name in ("explanations", "mistakes", "confusion") and len(net.input_shape_) != 3:
        return f"the net takes rows of shape {net.input_shape_}, no images."
    if name == "filters" and not convolutions(net):
        return "the net has no convolution."
    if name in ("mistakes", "confusion"):
        if y is None:
            return f"{path} has no y."
        if y.ndim > 1:
            return f"y of {path} has several labels or values a row."
    if name == "confusion" and not isinstance(net, ConvNetClassifier):
        return "the net is a ConvNetRegressor, which has no classes."
    return ""


def _stem(layer: str) -> str:
    return layer.replace("/", "-")


def _rows(args: Namespace, n: int) -> np.ndarray:
    """Return the numbers of the rows to show."""
    rows = list(range(min(args.images, n))) if args.rows is None else args.rows
    for row in rows:
        if not 0 <= row < n:
            raise UsageError(f"--rows: {args.data} has rows 0 to {n - 1}; got {row}.")
    return np.array(rows)
