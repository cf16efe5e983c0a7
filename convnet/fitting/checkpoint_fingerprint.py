"""What a fit is of: its parameters and data, so that a checkpoint of another one is refused by name."""

from __future__ import annotations

import hashlib
import re
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.augment.spec import as_augment
from convnet.training.schedules import NAMED, Schedule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from convnet.estimators.base import BaseConvNet
    from convnet.fitting.data import FitData
    from convnet.fitting.validation_set import ValidationSet
    from convnet.training.examples import Examples


FREE = (
    "n_jobs",
    "verbose",
    "callbacks",
    "max_time",
    "layers",
    "augment",
    "init_weights",
)  # of no influence, or told otherwise
ADDRESS = re.compile(
    r" at 0x[0-9a-f]+"
)  # in what Python shows of an object that has no text of its own
CHUNK = 2**22  # bytes that are hashed at a time


def identity(
    estimator: BaseConvNet, given: FitData, held: ValidationSet | None, first_epoch: int
) -> dict[str, str]:
    """Return a dict of texts, which two fits share if one can go on from the other's state.

    Parameters
    ----------
    estimator : BaseConvNet
        Being fitted.
    given : FitData
        What it is fitted on.
    held : ValidationSet or None
        The rows passed to validate on.
    first_epoch : int
        Epochs done by earlier fits.
    """
    params = estimator.get_params(deep=False)
    texts = {"estimator": type(estimator).__name__, "layers": repr(list(given.layers))}
    texts["augment"] = repr(list(as_augment(params["augment"])))
    rate = params["learning_rate"]
    if not isinstance(NAMED.get(rate) if isinstance(rate, str) else rate, Schedule):
        params.pop("max_iter")  # the rates do not depend on it
    texts |= {name: _text(value) for name, value in params.items() if name not in FREE}
    if given.initial is not None:
        named = sorted(given.initial.items())
        texts["init_weights"] = _hash(
            part for name, array in named for part in _named_parts(name, array)
        )
    texts["data"] = _digest(given.examples)
    texts["validation data"] = "none" if held is None else _digest(held.examples)
    texts["epochs done before"] = str(first_epoch)
    if first_epoch:
        weights = estimator.weights_.values()
        texts["weights begun with"] = _hash(np.ascontiguousarray(array) for array in weights)
    return texts


def _text(value: Any) -> str:
    if isinstance(value, np.random.RandomState):
        return "RandomState"  # the seed drawn from it is in the checkpoint
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    return ADDRESS.sub("", repr(value))  # which another process has elsewhere


def _named_parts(name: str, array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    array = np.ascontiguousarray(array, dtype=np.float32)
    return np.frombuffer(f"{name} {array.shape}".encode(), np.uint8), array


def _digest(examples: Examples) -> str:
    X = examples.X
    step = max(1, CHUNK // max(1, prod(X.shape[1:]) * X.itemsize))
    about = f"{X.shape} {X.dtype.str} {examples.scale!r}".encode()
    parts = [np.frombuffer(about, np.uint8), examples.targets, examples.rows]
    parts += [] if examples.weights is None else [examples.weights]
    chunks = (X[i : i + step] for i in range(0, len(X), step))
    return _hash(np.ascontiguousarray(part) for group in (parts, chunks) for part in group)


def _hash(arrays: Iterable[np.ndarray]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        digest.update(array.view(np.uint8).data)
    return digest.hexdigest()
