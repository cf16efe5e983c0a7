"""The method that writes the explorer, an HTML page that computes the net itself."""

from __future__ import annotations

import os
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet._version import __version__
from convnet.data.arraylikes import array_shape, first_rows
from convnet.engine.threads import resolve_n_threads
from convnet.estimators.call_checks import checked_call
from convnet.fitted.state import fit_snapshot
from convnet.inputs.targets import as_indicator, as_labels, as_numbers, as_target
from convnet.inputs.tasks.classification import check_kind
from convnet.inspection.explain import ExplainInput
from convnet.inspection.explorer import (
    Explanations,
    ExplorerPage,
    FinalFunction,
    Lesson,
    Samples,
    explain_images,
    make_document,
    write_page,
)
from convnet.persistence.files import check_path
from convnet.training.prediction import predict_in_batches
from convnet.values.constraints import boolean, integer
from convnet.values.messages import printable, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from convnet.graph import Network


class ExplorerMixin:
    """Writes a net as an HTML page."""

    @checked_call
    def explore(
        self,
        X: Any,
        y: ArrayLike | None = None,
        path: str | os.PathLike[str] = "explore.html",
        *,
        n_max: int = 24,
        title: str | None = None,
        explain: bool = False,
    ) -> ExplorerPage:
        """Write an HTML page that shows the net at work on some images.

        The page is one file that opens in a browser without a network. It shows the feature maps of each layer, works
        out any value that is clicked, as ``trace`` does, and has its own forward pass, so that images can be drawn or
        changed. It compares its outputs with those of this net, and says how far they differ. It lays maps over the
        image that show what a prediction depends on: Grad-CAM and saliency, for any class and for the image as it is
        changed, and, if `explain` is True, integrated gradients and occlusion of the images as they are given.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat rows. The first `n_max` are shown.
        y : array-like of shape (n,), (n, n_classes) or (n, n_outputs), default=None
            True labels or values, to show beside the predictions.
        path : str or path-like, default="explore.html"
            The file to write. A file that exists is replaced.
        n_max : int, default=24
            Largest number of images.
        title : str, default=None
            Title of the page. None is the name of the estimator's class.
        explain : bool, default=False
            Whether to compute integrated gradients and occlusion, for the predicted class of each image, or for the
            first output of a regressor. A large net takes a second or more for each image.

        Returns
        -------
        page : ExplorerPage
            A notebook shows it inline. ``page.path`` is the file; ``page.left_out`` says what did not fit. All images
            take at most 5 MB and the file about 25 MB. If the weights do not fit, those of the last layers are left
            out, and the page shows the layers before them.

        Raises
        ------
        NotFittedError
            If the net is not fitted.
        TypeError
            If `path` or `title` is not a string, or `explain` is not True or False.
        ValueError
            If the file cannot be written, X does not have the shape of the X in ``fit``, y has another length than X
            or is not of the kind that the net was fitted on, or `n_max` is below 1.
        """
        return write_explorer(self, X, y, path, n_max=n_max, title=title, explain=explain)


def write_explorer(
    estimator: Any,
    X: Any,
    y: ArrayLike | None,
    path: str | os.PathLike[str],
    *,
    n_max: int,
    title: str | None,
    explain: bool = False,
    names: Sequence[str] | None = None,
    lesson: Lesson | None = None,
) -> ExplorerPage:
    """Write the page of an estimator, see `ExplorerMixin.explore`.

    `names` are those of the images, one for each row of X. None: those of their files if X knows them, else the numbers
    of the rows. `lesson` is a guided tour of the page.
    """
    net, kind = fit_snapshot(estimator), type(estimator).__name__
    network = net._network()
    n_max = integer(1, inf).check(f"{kind}.explore: n_max", n_max)
    path = check_path(f"{kind}.explore", path)
    if not isinstance(title, str | None):
        raise TypeError(f"{kind}.explore: title must be a string or None; got {show(title)}.")
    explain = boolean.check(f"{kind}.explore: explain", explain)
    names = getattr(X, "filenames", None) if names is None else names
    if not hasattr(X, "shape") and hasattr(X, "__array__"):
        X = np.asarray(X)
    given = X
    if hasattr(X, "shape") or isinstance(X, list | tuple):  # anything else is refused next
        X = first_rows(X, n_max)
    images, scale = net._images(X)
    n = len(images) if given is X else array_shape(given, "X")[0]
    final = _final_function(net, network)
    true = None if y is None else _true_values(y, n, final, kind)[: len(images)]
    predicted = net.predict(X)
    values = predicted if final.name == "identity" else net.predict_proba(X)
    n_threads = resolve_n_threads(net.n_jobs)
    images = np.asarray(images)
    samples = Samples(
        images=images,
        scale=scale,
        largest=float(net._input_format.largest),
        names=_names(names, len(images)),
        predictions=_texts(predicted, final, net),
        labels=None if true is None else _texts(true, final, net),
        correct=None if true is None or final.name == "identity" else _equal(true, predicted),
        outputs=predict_in_batches(network, images, scale=scale, n_threads=n_threads),
        values=np.asarray(values, np.float64).reshape(len(images), -1),
    )
    document = make_document(
        network.plan,
        network.get_weights(),
        samples,
        final,
        _explanations(net, network, samples, final, explain),
        title=printable(kind if title is None else title),
        estimator=kind,
        version=__version__,
        lesson=lesson,
    )
    return write_page(document, path)


def _final_function(net: Any, network: Network) -> FinalFunction:
    """Return how the predictions of an estimator follow from the outputs of its network."""
    if not hasattr(net, "classes_"):
        outputs = list(map(str, range(network.plan.output_shape[-1])))
        return FinalFunction("identity", outputs, net.y_mean_, net.y_scale_)
    classes = [printable(label) for label in net.classes_]
    if net._indicator_dtype is not None:
        return FinalFunction("multilabel", classes)
    return FinalFunction("sigmoid" if len(classes) == 2 else "softmax", classes)


def _explanations(
    net: Any, network: Network, samples: Samples, final: FinalFunction, all_methods: bool
) -> Explanations:
    """Return explanations of the predicted classes; of the first output of a regressor."""
    target = 0 if final.name == "identity" else None
    n = len(samples.images)
    targets = net._fitted_task(vars(net)).explain_targets(target, n, lambda: samples.outputs)
    codes = targets.factors > 0 if final.name == "sigmoid" else targets.indices
    n_threads = resolve_n_threads(net.n_jobs)
    explained = ExplainInput(network, samples.images, samples.scale, targets, n_threads)
    return explain_images(explained, codes.astype(int).tolist(), all_methods=all_methods)


def _names(filenames: Sequence[str] | None, n: int) -> list[str]:
    """Return the names of the first n images: those of their files, else their rows.

    Files are named relative to the folder that holds them all, so that a page does not tell where that lies.
    """
    if filenames is None:
        return [str(row) for row in range(n)]
    paths = [os.path.abspath(name) for name in filenames]
    folder = os.path.commonpath(list(map(os.path.dirname, paths)))
    return [printable(os.path.relpath(path, folder)) for path in paths[:n]]


def _true_values(y: Any, n: int, final: FinalFunction, kind: str) -> np.ndarray:
    """Return y as labels (n,), an indicator of labels (n, n_labels), or numbers (n,) or (n, n_outputs)."""
    y = as_target(y)
    if y.shape[0] != n:
        raise ValueError(
            f"{kind}.explore: X has {n} rows and y has shape {y.shape}. Pass a label for each row."
        )
    if final.name in ("softmax", "sigmoid"):
        check_kind(y, indicator=False)
        return as_labels(y)
    if final.name == "multilabel":
        check_kind(y, indicator=True)
    values = as_numbers(y) if final.name == "identity" else as_indicator(y)
    columns = values.shape[1] if values.ndim == 2 else 1
    if columns != len(final.classes):
        raise ValueError(
            f"{kind}.explore: y has {columns} columns; the net has {len(final.classes)} outputs."
        )
    return values


def _equal(true: np.ndarray, predicted: np.ndarray) -> list[bool]:
    """Return whether each prediction is right. Labels of other types are compared by value, such as 2.0 and 2."""
    return [a == b for a, b in zip(true.tolist(), predicted.tolist(), strict=True)]


def _texts(values: np.ndarray, final: FinalFunction, net: Any) -> list[str]:
    """Return labels, indicators of several labels or numbers as text."""
    if final.name == "multilabel":
        rows = np.reshape(values, (len(values), -1)).astype(bool)
        names = np.array(final.classes, object)
        return [", ".join(names[row]) or "–" for row in rows]
    if final.name == "identity":
        rows = np.reshape(values, (len(values), -1))
        return [", ".join(f"{value:.5g}" for value in row) for row in rows]
    classes = dict(zip(net.classes_.tolist(), final.classes, strict=True))
    return [classes.get(label, printable(label)) for label in values.tolist()]
