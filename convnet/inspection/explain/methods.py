"""The explanation methods by name, and how they run over all images."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.graph.arrays import check_finite
from convnet.inspection.explain.gradcam import GradCAM
from convnet.inspection.explain.integrated_gradients import IntegratedGradients
from convnet.inspection.explain.occlusion import Occlusion
from convnet.inspection.explain.saliency import Saliency
from convnet.values.constraints import choice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from convnet.inspection.explain.base import ExplainInput, Method


METHODS: dict[str, type[Method]] = {
    "gradcam": GradCAM,
    "saliency": Saliency,
    "integrated_gradients": IntegratedGradients,
    "occlusion": Occlusion,
}


def check_options(method: object, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that are not None.

    Raises
    ------
    TypeError, ValueError
        If there is no such method, or it has no such option.
    """
    method = choice(*METHODS).check("method", method)
    given = {name: value for name, value in options.items() if value is not None}
    own = METHODS[method].parameters
    for name in given:
        if name not in own:
            others = [key for key, cls in METHODS.items() if name in cls.parameters]
            belongs = f"a parameter of {others[0]}" if others else "not a parameter of any method"
            takes = f"takes {', '.join(own)}" if own else "takes none"
            raise ValueError(f"{name} is {belongs}; {method} {takes}")
    return given


def explain(
    explained: ExplainInput, method: str, options: Mapping[str, Any]
) -> NDArray[np.float32]:
    """Return the maps of all images.

    Parameters
    ----------
    explained : ExplainInput
        The images.
    method : str
        Name of the method.
    options : dict
        Its parameters, as `check_options` returns them.

    Returns
    -------
    maps : ndarray of float32, shape (n, h, w), (n, length) or (n, features)
    """
    found = []
    for _, maps in _explanations(explained, method, options):
        found.append(maps)
    return np.concatenate(found)


def mean_by_cell(
    explained: ExplainInput,
    cells: tuple[np.ndarray, np.ndarray],
    n_classes: int,
    method: str,
    options: Mapping[str, Any],
) -> NDArray[np.float32]:
    """Return the mean map of each cell of a confusion matrix.

    Parameters
    ----------
    explained : ExplainInput
        The images.
    cells : (ndarray of int, ndarray of int), each of shape (n,)
        Row and column of the image that is row i of X, below `n_classes`. ``explained.rows`` selects among them.
    n_classes : int
        Rows and columns of the matrix.
    method, options : str, dict
        See `explain`.

    Returns
    -------
    maps : ndarray of float32, shape (n_classes, n_classes, *map shape)
        NaN for cells without images.
    """
    sums: dict[tuple[int, int], Any] = {}
    counts: Counter[tuple[int, int]] = Counter()
    for batch, maps in _explanations(explained, method, options):
        for image, row in zip(maps, batch.rows, strict=True):
            cell = cells[0][row], cells[1][row]
            sums[cell] = sums.get(cell, 0.0) + image.astype(np.float64)
            counts[cell] += 1
    means = np.full((n_classes, n_classes, *maps.shape[1:]), np.nan, dtype=np.float32)
    for cell, total in sums.items():
        means[cell] = total / counts[cell]
    return means


def first_by_cell(
    cells: tuple[np.ndarray, np.ndarray], scores: np.ndarray, n_classes: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the image with the highest score in each cell of a confusion matrix, and the number of images.

    Parameters
    ----------
    cells : (ndarray of int, ndarray of int), each of shape (n,)
        Row and column of each image, below `n_classes`.
    scores : ndarray of shape (n,)
        Of equal ones the first is taken.
    n_classes : int
        Rows and columns of the matrix.

    Returns
    -------
    first, counts : ndarray of int, shape (n_classes, n_classes)
        Indices of the images, -1 for cells without images; and the number of images in each cell.
    """
    first = np.full((n_classes, n_classes), -1, dtype=np.intp)
    # From the lowest score to the first of the highest: the last value that is assigned to a cell stays.
    order = np.argsort(-scores, kind="stable")[::-1]
    first[cells[0][order], cells[1][order]] = order
    counts = np.zeros((n_classes, n_classes), dtype=np.intp)
    np.add.at(counts, cells, 1)
    return first, counts


def _explanations(
    explained: ExplainInput, method: str, options: Mapping[str, Any]
) -> Iterator[tuple[ExplainInput, NDArray[np.float32]]]:
    """Yield the batches of the input, each with its maps."""
    build: Callable[..., Method] = METHODS[method]
    explainer = build(explained, **options)
    for batch in explained.batches():
        with np.errstate(over="ignore", invalid="ignore"):  # check_finite raises an error instead
            maps = explainer(batch)
        yield batch, check_finite(maps, "Explanations of the net")
    explainer.finish()
