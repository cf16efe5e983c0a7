"""The method that writes the explorer, an HTML page that computes the net itself."""

from __future__ import annotations

import os
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet._version import __version__
from convnet.data.arraylikes import array_shape, first_rows, take_rows
from convnet.engine.threads import resolve_n_threads
from convnet.estimators.call_checks import checked_call
from convnet.fitted.state import fit_snapshot
from convnet.inputs.targets import as_indicator, as_labels, as_numbers, as_target
from convnet.inputs.tasks.classification import check_kind
from convnet.inspection.explain import ExplainInput
from convnet.inspection.explorer import (
    DoesNotFitError,
    Explanations,
    ExplorerPage,
    FinalFunction,
    Lesson,
    Samples,
    earlier_states,
    explain_images,
    make_document,
    sample_losses,
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


ORDERS = ("given", "worst")


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
        order: str = "given",
        checkpoints: Sequence[Any] = (),
        title: str | None = None,
        explain: bool = False,
    ) -> ExplorerPage:
        """Write an HTML page that shows the net at work on some images.

        The page is one file that opens in a browser without a network. It shows the feature maps of each layer, works
        out any value that is clicked, as ``trace`` does, and has its own forward pass, so that images can be drawn or
        changed. It compares its outputs with those of this net, and says how far they differ. It lays maps over the
        image that show what a prediction depends on: Grad-CAM and saliency, for any class and for the image as it is
        changed, and, if `explain` is True, integrated gradients and occlusion of the images as they are given. With
        `checkpoints`, a slider shows how maps and kernels formed in the training.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat rows.
        y : array-like of shape (n,), (n, n_classes) or (n, n_outputs), default=None
            True labels or values, to show beside the predictions. The page can sort its images by their loss and show
            those of one cell of its confusion table.
        path : str or path-like, default="explore.html"
            The file to write. A file that exists is replaced.
        n_max : int, default=24
            Largest number of images.
        order : {"given", "worst"}, default="given"
            Which images are shown. "given": the first `n_max` rows. "worst": the `n_max` rows with the highest loss,
            the highest first. It needs y and predicts all rows of X. The loss is −log of the probability of the label;
            with several labels per sample, the number of wrong ones; and for a regressor, the distance from y.
        checkpoints : sequence of str, path or estimator, default=()
            Earlier states of this net: files of `convnet.callbacks.Checkpoint`, or fitted estimators with the same
            layers and classes. A slider of the page goes through them in the order of their epochs.
        title : str, default=None
            Title of the page. None is the name of the estimator's class.
        explain : bool, default=False
            Whether to compute integrated gradients and occlusion, for the predicted class of each image, or for the
            first output of a regressor. A large net takes a second or more for each image.

        Returns
        -------
        page : ExplorerPage
            A notebook shows it inline. ``page.path`` is the file; ``page.left_out`` says what did not fit, as does the
            page. All images with their explanations take at most 5 MB, or are a single one, all checkpoints at most
            6 MB and the file at most 25 MB. If the weights do not fit, those of the last layers are left out, and the
            page shows the layers before them. Checkpoints are rounded to 16 bits per weight if they do not fit
            otherwise; if they still do not fit, some between the first and the last one are left out.

        Raises
        ------
        NotFittedError
            If the net is not fitted.
        TypeError
            If `path` or `title` is not a string, `explain` is not True or False, or `checkpoints` has other objects
            than paths and estimators.
        ValueError
            If the file cannot be written, X does not have the shape of the X in ``fit``, y has another length than X
            or is not of the kind that the net was fitted on, `n_max` is below 1, `order` is "worst" without y, a
            checkpoint cannot be read or has other layers, or one image is too large for the page.
        """
        return write_explorer(
            self,
            X,
            y,
            path,
            n_max=n_max,
            order=order,
            checkpoints=checkpoints,
            title=title,
            explain=explain,
        )


def write_explorer(
    estimator: Any,
    X: Any,
    y: ArrayLike | None,
    path: str | os.PathLike[str],
    *,
    n_max: int,
    order: str = "given",
    checkpoints: Sequence[Any] = (),
    title: str | None,
    explain: bool = False,
    names: Sequence[str] | None = None,
    has_label: np.ndarray | None = None,
    fit: str | None = None,
    lesson: Lesson | None = None,
) -> ExplorerPage:
    """Write the page of an estimator, see `ExplorerMixin.explore`.

    Parameters
    ----------
    estimator, X, y, path, n_max, order, checkpoints, title, explain
        As for `explore`.
    names : sequence of n str, default=None
        Names of the images. None: those of their files if X knows them, else the numbers of the rows.
    has_label : ndarray of bool, shape (n,), default=None
        For which rows y holds the label. None: for all.
    fit : {"crop", "pad", "stretch"}, default=None
        How photographs are fitted into the form of X. None: as in the training.
    lesson : Lesson, default=None
        A guided tour of the page.

    Returns
    -------
    page : ExplorerPage
    """
    net, kind = fit_snapshot(estimator), type(estimator).__name__
    network = net._network()
    n_max = integer(1, inf).check(f"{kind}.explore: n_max", n_max)
    path = check_path(f"{kind}.explore", path)
    if not isinstance(title, str | None):
        raise TypeError(f"{kind}.explore: title must be a string or None; got {show(title)}.")
    explain = boolean.check(f"{kind}.explore: explain", explain)
    if order not in ORDERS:
        raise ValueError(f'{kind}.explore: order must be "given" or "worst"; got {show(order)}.')
    if order == "worst" and y is None:
        raise ValueError(f'{kind}.explore: order="worst" needs y. Pass the labels of X.')
    names = getattr(X, "filenames", None) if names is None else names
    if not hasattr(X, "shape") and hasattr(X, "__array__"):
        X = np.asarray(X)
    final = _final_function(net, network)
    states = earlier_states(net, checkpoints, f"{kind}.explore")
    given, rows = X, None
    if order == "worst":
        all_true = _true_values(y, array_shape(X, "X")[0], final, kind)
        losses = _losses(net, final, all_true, _values(net, X, final))
        losses = losses if has_label is None else np.where(has_label, losses, -1)
        rows = np.argsort(-losses, kind="stable")[:n_max]
        X = take_rows(X, rows)
    elif hasattr(X, "shape") or isinstance(X, list | tuple):  # anything else is refused next
        X = first_rows(X, n_max)
    images, scale = net._images(X)
    rows = np.arange(len(images)) if rows is None else rows
    predicted, values = net.predict(X), _values(net, X, final)
    answers = _no_answers(len(images))
    if y is not None:
        n = len(images) if given is X else array_shape(given, "X")[0]
        true = _true_values(y, n, final, kind)[rows]
        known = np.ones(len(rows), bool) if has_label is None else has_label[rows]
        is_number = final.name == "identity"
        answers = {
            "labels": _where(known, _texts(true, final, net)),
            "losses": _where(known, _losses(net, final, true, values).tolist()),
            "correct": answers["correct"] if is_number else _where(known, _equal(true, predicted)),
        }
    form = getattr(net, "image_form_", None) or {}
    n_threads = resolve_n_threads(net.n_jobs)
    images = np.asarray(images)
    samples = Samples(
        images=images,
        scale=scale,
        largest=float(net._input_format.largest),
        names=_names(names, rows),
        predictions=_texts(predicted, final, net),
        outputs=predict_in_batches(network, images, scale=scale, n_threads=n_threads),
        values=values,
        fit=form.get("fit") if fit is None else fit,
        **answers,
    )
    try:
        document = make_document(
            network.plan,
            network.get_weights(),
            samples,
            final,
            _explanations(net, network, samples, final, explain),
            title=printable(kind if title is None else title),
            estimator=kind,
            version=__version__,
            epochs=states,
            lesson=lesson,
        )
    except DoesNotFitError as error:
        raise ValueError(f"{kind}.explore: {error}") from None
    return write_page(document, path)


def _values(net: Any, X: Any, final: FinalFunction) -> np.ndarray:
    """Return probabilities, or the predictions of a regressor: float64 (n, n_classes) or (n, n_outputs)."""
    values = net.predict(X) if final.name == "identity" else net.predict_proba(X)
    return np.asarray(values, np.float64).reshape(len(values), -1)


def _losses(net: Any, final: FinalFunction, true: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return how wrong each prediction is, see `sample_losses`."""
    if final.name in ("softmax", "sigmoid"):
        positions = {label: i for i, label in enumerate(net.classes_.tolist())}
        labels, classes = true.tolist(), list(positions)
        true = np.array([positions.get(label, -1) for label in labels], int)
        if (
            labels
            and (true < 0).all()
            and isinstance(labels[0], str) != isinstance(classes[0], str)
        ):
            raise ValueError(
                f"{type(net).__name__}.explore: y has labels such as {show(labels[0])}, and the classes are such as "
                f"{show(classes[0])}. Pass labels of the same type as in fit."
            )
    return sample_losses(final, true, values)


def _no_answers(n: int) -> dict[str, list[Any]]:
    """Return labels, losses and whether predictions are right, none of which are known."""
    return {name: [None] * n for name in ("labels", "losses", "correct")}


def _where(known: np.ndarray, values: Sequence[Any]) -> list[Any]:
    """Return values, with None where they are not known."""
    return [value if is_known else None for is_known, value in zip(known, values, strict=True)]


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


def _names(filenames: Sequence[str] | None, rows: np.ndarray) -> list[str]:
    """Return the names of the images of some rows: those of their files, else the numbers of the rows.

    Files are named relative to the folder that holds them all, so that a page does not tell where that lies. Files on
    several drives of Windows have no such folder; they are named with the folder that each lies in.
    """
    if filenames is None:
        return [str(row) for row in rows]
    paths = [os.path.abspath(name) for name in filenames]
    try:
        folder = os.path.commonpath(list(map(os.path.dirname, paths)))
        shown = [os.path.relpath(path, folder) for path in paths]
    except ValueError:  # several drives
        parts = [os.path.split(path) for path in paths]
        shown = [os.path.join(os.path.basename(folder), name) for folder, name in parts]
    return [printable(shown[row]) for row in rows]


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
