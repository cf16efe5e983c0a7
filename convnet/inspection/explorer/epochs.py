"""Weights of several epochs of a training, as many as fit on the page."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from convnet.inspection.explorer.net import Json


MAX_FLOAT16 = float(np.finfo(np.float16).max)
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
        ``"encoding"`` is "float32" if all epochs fit as such or some value is too large for float16; else "float16".
    left_out : list of str
        If not all epochs fit, the first and the last one are kept, and others at equal distances.
    """
    kept = [p["name"] for p in net["parameters"] if p["offset"] is not None]
    blocks = [
        np.concatenate([np.ravel(epoch.weights[name]) for name in kept] or [np.empty(0)])
        for epoch in epochs
    ]
    n_floats = len(blocks[0]) if blocks else 0
    room = min(max_bytes, MAX_EPOCH_BYTES)
    largest = max((float(np.abs(block).max(initial=0)) for block in blocks), default=0.0)
    fits = len(blocks) * _base64_size(4 * n_floats) <= room
    dtype = "<f4" if fits or largest > MAX_FLOAT16 else "<f2"
    each = _base64_size(np.dtype(dtype).itemsize * n_floats)
    chosen = _spread(len(blocks), room // each if each else len(blocks))
    described: dict[str, Any] = {
        "names": [epochs[i].name for i in chosen],
        "encoding": "float32" if dtype == "<f4" else "float16",
        "weights": [b64encode(blocks[i].astype(dtype).tobytes()).decode("ascii") for i in chosen],
    }
    return described, [epoch.name for i, epoch in enumerate(epochs) if i not in chosen]


def _spread(n: int, n_max: int) -> list[int]:
    """Return at most n_max of n positions, at equal distances from the first to the last one."""
    if n_max <= 1:
        return list(range(n))[-n_max:] if n_max else []
    return np.unique(np.linspace(0, n - 1, min(n, n_max)).round().astype(int)).tolist()


def _base64_size(n_bytes: int) -> int:
    return 4 * ((n_bytes + 2) // 3)
