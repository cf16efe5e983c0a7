"""Which images a command shows."""

from __future__ import annotations

import numpy as np


def has_classes(y: np.ndarray | None) -> bool:
    """Return whether y holds one label per image, rather than nothing, several labels or numbers."""
    return y is not None and y.ndim == 1 and y.dtype.kind != "f"


def rows_to_show(n: int, y: np.ndarray | None, n_shown: int) -> np.ndarray:
    """Return the rows of the images to show, ascending: the first ones of each class in turn.

    Without classes, they are spread evenly over all images.

    Parameters
    ----------
    n : int
        Number of images.
    y : ndarray of shape (n,) or (n, n_outputs), or None
        Labels or values; None if they are not known.
    n_shown : int
        Number of images to show, if there are so many.
    """
    if y is None or not has_classes(y):
        return np.unique(np.linspace(0, n - 1, min(n_shown, n)).astype(int))
    classes, codes = np.unique(y, return_inverse=True)
    turns = np.empty(n, int)  # how many images of its class come before an image
    for code in range(len(classes)):
        members = np.flatnonzero(codes == code)
        turns[members] = np.arange(len(members))
    order = np.lexsort((codes, turns))
    return np.sort(order[:n_shown])
