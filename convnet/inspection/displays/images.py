"""The rows of X as images that matplotlib can show."""

from math import prod

import numpy as np


def as_pictures(estimator, X, caller, rows=slice(None)):
    """Return X, or some rows of it, as pictures.

    Parameters
    ----------
    estimator : ConvNetClassifier or ConvNetRegressor
        Fitted on images.
    X : array-like of shape (n, h, w, c), (n, h, w) or (n, h * w * c)
        As the estimator takes it: channels first where its `data_format` says so.
    caller : str
        Name of the display.
    rows : slice or ndarray of int, default=slice(None)
        Which.

    Returns
    -------
    pictures : ndarray of float32, shape (n, h, w, 3)
        From 0 to 1. One channel is grey, three are red, green and blue, and of four the last is left out; the mean of
        any other number is shown grey. Whole numbers fill the range of their type, others that of all of
        X, from 0 where nothing is below it.

    Raises
    ------
    ValueError
        The net does not take images, or X has not the size of those it takes.
    """
    shape = estimator.input_shape_
    if len(shape) != 3:
        raise ValueError(
            f"{caller} shows images, but this net takes rows of shape {shape}. Give it images: fit on X of shape "
            "(n, h, w, c), or set input_shape."
        )
    X = np.asarray(X)
    if prod(X.shape[1:]) != prod(shape):
        raise ValueError(f"{caller}: the net takes images of shape {shape}; X has shape {X.shape}.")
    low, high = _range(X)
    X = X[rows]
    if estimator.data_format == "channels_first":
        X = np.moveaxis(X.reshape(-1, shape[2], *shape[:2]), 1, -1)
    X = X.reshape(-1, *shape)
    pictures = (X.astype(np.float32) - np.float32(low)) / np.float32(high - low)
    if shape[2] in (3, 4):
        return pictures[..., :3]
    return np.repeat(pictures.mean(axis=-1, keepdims=True), 3, axis=-1)


def _range(X):
    """Return what is shown black and white."""
    if X.dtype in (np.uint8, np.uint16):
        return 0, np.iinfo(X.dtype).max
    if not X.size or X.dtype == bool:
        return 0, 1
    low, high = min(0.0, float(X.min())), float(X.max())
    if low == 0 and high <= 1:
        return 0, 1
    return low, high if high > low else low + 1
