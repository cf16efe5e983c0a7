"""The command ``convnet inspect``: every display as a PNG file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from convnet import ConvNetClassifier, ConvNetRegressor, inspection
from convnet._extras import install_command
from convnet.cli import drawing, options
from convnet.cli.data import inspected_data
from convnet.cli.errors import UsageError
from convnet.cli.files import load_model
from convnet.cli.folders import open_for, refuse_for_arrays
from convnet.cli.report import relative, say, skipped_data
from convnet.cli.shown_rows import has_classes, rows_to_show
from convnet.inspection.displays.filters import convolutions
from convnet.inspection.explain import METHODS

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator

    from convnet.cli.options import Subparsers
    from convnet.data.errors import Skipped

    Net = ConvNetClassifier | ConvNetRegressor
    Drawn = Iterator[Any]  # displays, one for each file


MIN_IMAGES, MAX_IMAGES = (
    4,
    12,
)  # images that are shown by default, at least one of each class if there are so many
TILE, BESIDE, ABOVE = (
    1.8,
    1.2,
    0.5,
)  # inches: an image in the explanations; a color bar; the titles of a row
EXAMPLES = """\
  convnet inspect pets.npz photos/
  convnet inspect pets.npz photos/ --rows 3,14,15 --only explanations,mistakes
  convnet inspect model.npz images.npz --out pictures/     arrays X and, optionally, y
  convnet inspect model.npz digits"""
DESCRIPTION = f"""\
Draw what a model learned, as PNG files: how training went (history), the images as training changed them (augment),
its layers (architecture, filters), what activates them (patches), what it sees in some images (feature_maps), where it
looks (explanations), and, if the labels are known, what it gets wrong (mistakes, confusion). Needs matplotlib:
{install_command("plot")}

{options.TRUST}"""


class Subject(NamedTuple):
    """A net and the images to look at. `rows` are the images to show; y is None without labels."""

    net: Net
    X: Any
    y: Any
    rows: np.ndarray
    args: Namespace


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = options.add_command(
        subparsers,
        "inspect",
        run=run,
        about="draw what a model learned and where it looks",
        description=DESCRIPTION,
        examples=EXAMPLES,
    )
    parser.add_argument("model", metavar="MODEL", help=options.MODEL)
    parser.add_argument(
        "data",
        metavar="FOLDER|FILE.npz|digits",
        help="a folder with a folder for each class; arrays X and, optionally, y, or X_test and y_test; or "
        "scikit-learn's handwritten digits",
    )
    options.add_labels(parser)
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        default="pictures",
        help="folder for the pictures (default: %(default)s)",
    )
    parser.add_argument(
        "--images",
        type=options.count,
        metavar="N",
        help="number of images to show and to explain, from all classes in turn (default: one of each class, from "
        f"{MIN_IMAGES} to {MAX_IMAGES} images)",
    )
    parser.add_argument(
        "--rows",
        type=options.numbers,
        metavar="I,J,...",
        help="these images instead, counted from 0",
    )
    parser.add_argument(
        "--mistakes",
        type=options.count,
        default=16,
        metavar="N",
        help="number of mistakes to show, the worst first (default: %(default)s)",
    )
    parser.add_argument(
        "--method",
        type=options.names(METHODS),
        metavar="M,...",
        help=f"ways to explain: {', '.join(METHODS)} (default: all; the first one for the confusion matrix)",
    )
    parser.add_argument(
        "--only",
        type=options.names(PICTURES),
        metavar="P,...",
        help=f"only these pictures: {', '.join(PICTURES)} (default: all)",
    )
    options.add_fit(parser, "as in training")
    options.add_jobs(parser)
    options.add_force(parser)
    options.add_output(parser)


def run(args: Namespace) -> dict[str, Any]:
    """Write the pictures, and print a line for each; `args.written` says how many there are so far."""
    kinds = ConvNetClassifier, ConvNetRegressor
    net = cast("Net", load_model(args.model, *kinds, jobs=args.jobs))
    drawing.draws_into_memory("convnet inspect")
    X, y, skipped = _data(net, args)
    subject = Subject(net, X, y, _rows(args, len(X), y), args)
    wanted = args.only or list(PICTURES)
    reasons = {name: _why_not(name, net, y, args.data) for name in wanted}
    possible = [name for name in wanted if not reasons[name]]
    if args.only and len(possible) < len(wanted):
        name = next(name for name in wanted if reasons[name])
        raise UsageError(f"there is no picture of {name}: {reasons[name]}")
    drawing.check_free(
        args.out, (stem for name in possible for stem in _stems(name, subject)), args
    )
    net.predict(X[:1])  # raises an error if X does not fit the net, before anything is written
    pictures = drawing.Pictures(args.out, args)
    if not args.quiet:
        _tell_images(subject)
    for name in wanted:
        if reasons[name] and not args.quiet:
            say(f"no {name}: {reasons[name]}")
        if not reasons[name]:
            for stem, display in zip(_stems(name, subject), PICTURES[name](subject), strict=True):
                pictures.write(display.figure_, stem)
    return {
        "command": "inspect",
        "model": args.model,
        "data": args.data,
        "rows": subject.rows.tolist(),
        "pictures": pictures.paths,
        "skipped": skipped_data(skipped),
    }


def _data(net: Net, args: Namespace) -> tuple[Any, np.ndarray | None, list[Skipped]]:
    """Return X; y, which is None without labels; and the files that were skipped."""
    if not os.path.isdir(args.data):
        refuse_for_arrays(args, "labels", "fit")
        return *inspected_data(args.data), []
    found = open_for(net, args)
    y = None
    if isinstance(net, ConvNetClassifier):
        known = {str(label): label for label in net.classes_}
        y = np.array([known[label] for label in found.labels])
    return found.images, y, found.skipped


def _rows(args: Namespace, n: int, y: np.ndarray | None) -> np.ndarray:
    """Return the indices of the images to show: those asked for, else the first ones of each class in turn."""
    if args.rows is not None:
        for row in args.rows:
            if not 0 <= row < n:
                raise UsageError(f"--rows: {args.data} has rows 0 to {n - 1}; got {row}.")
        return np.array(args.rows)
    classes = 0 if y is None or not has_classes(y) else len(np.unique(y))
    n_shown = args.images or min(max(MIN_IMAGES, classes), MAX_IMAGES)
    return rows_to_show(n, y, n_shown)


def _tell_images(subject: Subject) -> None:
    """Print which files are shown, if the images come from files."""
    files = getattr(subject.X, "filenames", None)
    if files is None:
        return
    for row in subject.rows:
        say(f"image {row}: {relative(files[row])}")


def _history(subject: Subject) -> Drawn:
    yield inspection.HistoryDisplay.from_estimator(subject.net)


def _augment(subject: Subject) -> Drawn:
    net, X, _, rows, _ = subject
    yield inspection.AugmentDisplay.from_estimator(net, X[rows], n=len(rows))


def _architecture(subject: Subject) -> Drawn:
    yield inspection.ArchitectureDisplay.from_estimator(subject.net)


def _filters(subject: Subject) -> Drawn:
    for layer in convolutions(subject.net):
        yield inspection.FilterDisplay.from_estimator(subject.net, layer)


def _patches(subject: Subject) -> Drawn:
    layer = _map_layers(subject.net)[-1]
    yield inspection.MaximalPatchesDisplay.from_estimator(subject.net, subject.X, layer)


def _feature_maps(subject: Subject) -> Drawn:
    for row in subject.rows:
        yield inspection.FeatureMapDisplay.from_estimator(subject.net, subject.X[row])


def _explanations(subject: Subject) -> Drawn:
    from matplotlib import pyplot

    net, X, y, rows, args = subject
    methods, n = _methods(net, args), len(rows)
    height, width, _ = net.input_shape_
    tile = TILE * width / max(height, width), TILE * height / max(height, width)
    n_bars = len({METHODS[name].signed for name in methods})
    size = (1 + len(methods)) * tile[0] + n_bars * BESIDE, n * (tile[1] + ABOVE)
    yield inspection.ExplanationDisplay.from_estimator(
        net,
        X[rows],
        None if y is None else y[rows],
        method=methods,
        n=n,
        ax=pyplot.figure(figsize=size).add_axes((0.01, 0.02, 0.98, 0.98)),
    )


def _mistakes(subject: Subject) -> Drawn:
    net, X, y, _, args = subject
    yield inspection.MistakesDisplay.from_estimator(net, X, y, n=args.mistakes)


def _confusion(subject: Subject) -> Drawn:
    net, X, y, _, args = subject
    method = _methods(net, args)[0]
    yield inspection.ConfusionDisplay.from_estimator(net, X, y, method=method)


def _methods(net: Net, args: Namespace) -> list[str]:
    """Return the methods of explanation that were asked for or, if none were, all that suit the net."""
    return args.method or [name for name in METHODS if name != "gradcam" or _map_layers(net)]


def _map_layers(net: Net) -> list[str]:
    """Return the layers that return maps."""
    return [layer.name for layer in net.layers_ if len(layer.output_shape) > 1]


PICTURES: dict[str, Callable[[Subject], Drawn]] = {
    "history": _history,
    "augment": _augment,
    "architecture": _architecture,
    "filters": _filters,
    "patches": _patches,
    "feature_maps": _feature_maps,
    "explanations": _explanations,
    "mistakes": _mistakes,
    "confusion": _confusion,
}


def _stems(name: str, subject: Subject) -> list[str]:
    """Return the names of the files of a picture."""
    if name == "filters":
        return [f"filters_{layer.replace('/', '-')}" for layer in convolutions(subject.net)]
    if name == "feature_maps":
        return [f"feature_maps_{row}" for row in subject.rows]
    return [name]


def _why_not(name: str, net: Net, y: np.ndarray | None, path: str) -> str:
    """Return the reason why a picture cannot be drawn, or "" if it can."""
    if name == "augment" and not net.augment:
        return "the model was trained without augmentation."
    images_only = ("patches", "explanations", "mistakes", "confusion")
    if name in images_only and len(net.input_shape_) != 3:
        return f"the model takes rows of shape {net.input_shape_}, not images."
    if name == "patches" and not _map_layers(net):
        return "the model has no layer that returns maps."
    if name == "filters" and not convolutions(net):
        return "the model has no convolution."
    if name in ("mistakes", "confusion"):
        if y is None:
            return f"{path} has no y."
        if y.ndim > 1:
            return f"y of {path} has several labels or values per row."
    if name == "confusion" and not isinstance(net, ConvNetClassifier):
        return "the model is a ConvNetRegressor, which has no classes."
    return ""
