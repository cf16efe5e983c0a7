"""Explain targets: which output of the net is explained for each image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from convnet.values.messages import listed, show

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class TargetOutputs(NamedTuple):
    """The output to explain for each image: f = factor · output[index].

    Parameters
    ----------
    indices : ndarray of int, shape (n,)
        Indices of the outputs.
    factors : ndarray of float64, shape (n,)
        1, or -1 to explain the negative of the output; for a regressor the scale of y.
    """

    indices: NDArray[np.intp]
    factors: NDArray[np.float64]

    def of(self, images: slice | np.ndarray) -> TargetOutputs:
        """Return the targets of some of the images."""
        return TargetOutputs(self.indices[images], self.factors[images])


def class_targets(codes: ArrayLike, n_outputs: int) -> TargetOutputs:
    """Return the outputs that stand for classes.

    Two classes share one logit: it stands for class 1, and its negative for class 0.

    Parameters
    ----------
    codes : array-like of int, shape (n,)
        Indices of the classes.
    n_outputs : int
        Outputs of the net; 1 for two classes.
    """
    codes = np.asarray(codes, dtype=np.intp)
    if n_outputs == 1:
        return TargetOutputs(np.zeros_like(codes), 2.0 * codes - 1.0)
    return TargetOutputs(codes, np.ones(codes.shape))


def output_targets(indices: ArrayLike, scale: NDArray[np.float64] | None = None) -> TargetOutputs:
    """Return outputs that stand for themselves: those of a regressor, and the labels of a multilabel net.

    Parameters
    ----------
    indices : array-like of int, shape (n,)
        Indices of the outputs.
    scale : ndarray of float64, shape (n_outputs,), default=None
        What each output is multiplied by. None is 1.
    """
    indices = np.asarray(indices, dtype=np.intp)
    factors = np.ones(indices.shape) if scale is None else scale[indices]
    return TargetOutputs(indices, factors)


def label_codes(labels: Any, known: np.ndarray, n: int, name: str = "target") -> NDArray[np.intp]:
    """Return the index of each label.

    Parameters
    ----------
    labels : object or array-like of shape (n,)
        One label for all images, or one for each.
    known : ndarray of shape (k,)
        All labels.
    n : int
        Number of images.
    name : str, default="target"
        Name of `labels` in errors.

    Returns
    -------
    codes : ndarray of int, shape (n,)
        Indices in `known`.

    Raises
    ------
    ValueError
        If a label is unknown (the message lists the known ones), or `labels` has the wrong length.
    """
    labels = np.asarray(labels)
    if labels.ndim > 1 or (labels.ndim == 1 and len(labels) != n):
        raise ValueError(f"{name} has shape {labels.shape}, but X has {n} rows.")
    codes = {label: i for i, label in enumerate(known.tolist())}
    given = labels.tolist() if labels.ndim else [labels.item()]
    if unknown := [label for label in given if label not in codes]:
        raise ValueError(
            f"{name} {show(unknown[0])} is unknown; expected one of {listed(map(repr, codes))}."
        )
    return np.resize([codes[label] for label in given], n)
