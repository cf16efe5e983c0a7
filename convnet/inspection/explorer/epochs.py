"""Weights of several epochs of a training, as many as fit on the page."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from convnet.inspection.explorer.net import Json


MAX_INT16 = 2**15 - 1
MAX_EPOCH_BYTES = 6_000_000  # of all epochs together, in base64, so that pages stay small


class EpochWeights(NamedTuple):
    """The weights of a net after an epoch.

    Parameters
    ----------
    name : str
        Such as "epoch 3".
    weights : mapping of str to ndarray
        Parameters by name.
    """

    name: str
    weights: Mapping[str, NDArray[np.float32]]


def describe_epochs(
    epochs: Sequence[EpochWeights], net: Json, max_bytes: int
) -> tuple[Json, list[str]]:
    """Return the weights of epochs as JSON, and the names of those that did not fit.

    Parameters
    ----------
    epochs : sequence of EpochWeights
        In their order.
    net : dict
        As `describe_net` returns it. Parameters that it leaves out are left out here too.
    max_bytes : int
        Largest number of bytes of all epochs together.

    Returns
    -------
    described : dict
        ``"encoding"`` is "float32" if all epochs fit as such, else "int16", see `_encoded`.
    left_out : list of str
        If not all epochs fit, the first and the last one are kept, and others at equal distances.
    """
    kept = [p["name"] for p in net["parameters"] if p["offset"] is not None]
    room = max(0, min(max_bytes, MAX_EPOCH_BYTES))
    encoding = "float32"
    each = len(_encoded(epochs[0], kept, encoding)) if epochs else 0
    if epochs and len(epochs) * each > room:
        encoding = "int16"
        each = len(_encoded(epochs[0], kept, encoding))
    chosen = _spread(len(epochs), room // each if each else len(epochs))
    described: dict[str, Any] = {
        "names": [epochs[i].name for i in chosen],
        "encoding": encoding,
        "weights": [_encoded(epochs[i], kept, encoding) for i in chosen],
    }
    return described, [epoch.name for i, epoch in enumerate(epochs) if i not in chosen]


def _encoded(epoch: EpochWeights, names: Sequence[str], encoding: str) -> str:
    """Return the parameters of these names one after the other, in base64.

    With the encoding "int16", a parameter of two axes or more is a float32 scale for each position on its last axis,
    and then integers of 16 bits to multiply by it. The error is below 1/65,000 of the largest weight of an output
    channel, less than that of float16.
    """
    parts = []
    for name in names:
        array = np.asarray(epoch.weights[name], "<f4")
        if encoding == "int16" and array.ndim > 1:
            rows = array.reshape(-1, array.shape[-1])
            scales = (np.abs(rows).max(axis=0) / MAX_INT16).astype("<f4")
            integers = np.rint(rows / np.where(scales == 0, 1, scales))
            parts += [
                scales.tobytes(),
                np.clip(integers, -MAX_INT16, MAX_INT16).astype("<i2").tobytes(),
            ]
        else:
            parts.append(array.tobytes())
    return b64encode(b"".join(parts)).decode("ascii")


def _spread(n: int, n_max: int) -> list[int]:
    """Return at most n_max of n positions, at equal distances from the first to the last one."""
    if n_max <= 1:
        return list(range(n))[-n_max:] if n_max else []
    return np.unique(np.linspace(0, n - 1, min(n, n_max)).round().astype(int)).tolist()
