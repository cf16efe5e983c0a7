"""The mean explanation of each cell of a confusion matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.inspection.explain.methods import explanations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from convnet.inspection.explain.base import Subject


def mean_by_cell(
    subject: Subject,
    cells: tuple[np.ndarray, np.ndarray],
    n_classes: int,
    method: str,
    options: Mapping[str, Any],
) -> tuple[NDArray[np.float32], np.ndarray]:
    """Return the mean map of the images of each cell, and how many they are.

    Parameters
    ----------
    subject : Subject
    cells : (ndarray of int, ndarray of int), each of shape (n,)
        Row and column of each image, below `n_classes`.
    n_classes : int
    method, options : str, dict
        See `explain`.

    Returns
    -------
    maps : ndarray of float32, shape (n_classes, n_classes, *shape of a map)
        NaN where there is no image.
    counts : ndarray of int, shape (n_classes, n_classes)
    """
    sums: dict[tuple[int, int], Any] = {}
    counts = np.zeros((n_classes, n_classes), dtype=np.intp)
    np.add.at(counts, cells, 1)
    for part, maps in explanations(subject, method, options):
        for image, row in zip(maps, part.rows, strict=True):
            cell = cells[0][row], cells[1][row]
            sums[cell] = sums.get(cell, 0.0) + image.astype(np.float64)
    means = np.full((n_classes, n_classes, *maps.shape[1:]), np.nan, dtype=np.float32)
    for cell, total in sums.items():
        means[cell] = total / counts[cell]
    return means, counts
