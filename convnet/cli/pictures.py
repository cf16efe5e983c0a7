"""What inspect does: every display as a PNG file."""

import os

import numpy as np

from convnet import ConvNetClassifier, ConvNetRegressor, inspection
from convnet.cli.data import inspected_data
from convnet.cli.errors import UsageError
from convnet.cli.files import load_model
from convnet.persistence.files import check_path, replaced

METHODS = ("gradcam", "saliency", "integrated_gradients", "occlusion")
DPI = 100


def inspect(args):
    """Write the pictures, a line for each; `args.written` says how many there are so far."""
    net = load_model(args.model, ConvNetClassifier, ConvNetRegressor)
    if args.jobs is not None:
        net.set_params(n_jobs=args.jobs)
    X, y = inspected_data(args.data)
    rows = _rows(args, len(X))
    net.predict(X[:1])  # refuses what does not fit, before anything is written
    _draws_into_memory()
    _make_folder(args.out)
    wanted = args.only or list(PICTURES)
    n_written = 0
    for name in wanted:
        reason = _why_not(name, net, y, args.data)
        if reason and args.only:
            raise UsageError(f"there is no picture of {name}: {reason}")
        if reason:
            print(f"no {name}: {reason}")
            continue
        for stem, display in PICTURES[name](net, X, y, rows, args):
            path = os.path.join(args.out, f"{stem}.png")
            _write(display, path)
            print(path, flush=True)
            n_written += 1
            args.written = f"{n_written} {'picture was' if n_written == 1 else 'pictures were'} written to {args.out}"


def _history(net, X, y, rows, args):
    yield "history", inspection.HistoryDisplay.from_estimator(net)


def _architecture(net, X, y, rows, args):
    yield "architecture", inspection.ArchitectureDisplay.from_estimator(net)


def _filters(net, X, y, rows, args):
    for layer in _convolutions(net):
        yield f"filters_{_stem(layer)}", inspection.FilterDisplay.from_estimator(net, layer)


def _feature_maps(net, X, y, rows, args):
    for row in rows:
        display = inspection.FeatureMapDisplay.from_estimator(net, X[row])
        yield f"feature_maps_{row}", display


def _explanations(net, X, y, rows, args):
    labels = None if y is None else y[rows]
    yield (
        "explanations",
        inspection.ExplanationDisplay.from_estimator(
            *(net, X[rows], labels), method=args.method or METHODS, n=len(rows)
        ),
    )


def _mistakes(net, X, y, rows, args):
    yield "mistakes", inspection.MistakesDisplay.from_estimator(net, X, y, n=args.mistakes)


def _confusion(net, X, y, rows, args):
    method = (args.method or METHODS)[0]
    yield "confusion", inspection.ConfusionDisplay.from_estimator(net, X, y, method=method)


PICTURES = {
    "history": _history,
    "architecture": _architecture,
    "filters": _filters,
    "feature_maps": _feature_maps,
    "explanations": _explanations,
    "mistakes": _mistakes,
    "confusion": _confusion,
}


def _why_not(name, net, y, path):
    """Return why there can be no such picture; empty where there can."""
    if name in ("explanations", "mistakes", "confusion") and len(net.input_shape_) != 3:
        return f"the net takes rows of shape {net.input_shape_}, no images."
    if name == "filters" and not _convolutions(net):
        return "the net has no convolution."
    if name in ("mistakes", "confusion") and y is None:
        return f"{path} has no y."
    if name in ("mistakes", "confusion") and y.ndim > 1:
        return f"y of {path} has several labels or values a row."
    if name == "confusion" and not isinstance(net, ConvNetClassifier):
        return "the net is a ConvNetRegressor, which has no classes."
    return ""


def _convolutions(net):
    kernels = (name for name, array in net.weights_.items() if array.ndim > 2)
    return [name.removesuffix("/weights") for name in kernels if name.endswith("/weights")]


def _stem(layer):
    return layer.replace("/", "-")


def _rows(args, n):
    """Return the numbers of the rows to show."""
    rows = list(range(min(args.images, n))) if args.rows is None else args.rows
    for row in rows:
        if not 0 <= row < n:
            raise UsageError(f"--rows: {args.data} has rows 0 to {n - 1}; got {row}.")
    return np.array(rows)


def _draws_into_memory():
    try:
        import matplotlib
    except ImportError:
        raise UsageError('convnet inspect needs matplotlib: pip install "convnet[plot]"') from None
    matplotlib.use("Agg")  # needs no screen


def _make_folder(path):
    try:
        os.makedirs(path, exist_ok=True)
    except FileExistsError:
        raise UsageError(f"--out: {path} is a file. Pass a folder.") from None
    except OSError as error:
        raise UsageError(f"--out: cannot make the folder {path}: {error.strerror}.") from None


def _write(display, path):
    from matplotlib import pyplot

    check_path("--out", path)
    with replaced(path) as file:
        display.figure_.savefig(file, format="png", dpi=DPI)
    pyplot.close(display.figure_)
