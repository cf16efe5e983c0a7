"""What callbacks see of a fit, and the calls of their hooks."""

from __future__ import annotations

import hashlib
import re
import time
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.augment.spec import as_augment
from convnet.callbacks.callback import Callback
from convnet.fitted.state import fitted_copy
from convnet.training import snapshot
from convnet.training.optimization import resolve_learning_rate
from convnet.training.schedules import NAMED, Schedule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from convnet.callbacks.fit_run import ResumeState
    from convnet.fitting.data import FitData, ValidationSet
    from convnet.training.examples import Examples


class CallbackView:
    """A fit as callbacks see it; see `convnet.callbacks.Callback`.

    Parameters
    ----------
    session : FitSession
        Under way.
    callbacks : list of Callback
        In the order of their calls.
    """

    def __init__(self, session: Any, callbacks: Sequence[Callback]) -> None:
        self._session, self._callbacks = session, callbacks
        self._on_batch_end = [
            one.on_batch_end
            for one in callbacks
            if getattr(one.on_batch_end, "__func__", None) is not Callback.on_batch_end
        ]
        self.estimator = session.estimator
        self._begun: list[Callback] = []
        self.metrics: dict[str, float] = {}
        self.scratch: dict[Any, Any] = {}
        self._fingerprint: dict[str, str] | None = None

    @property
    def epoch(self) -> int:
        """Number of epochs done."""
        return self._session.loop.epochs

    @property
    def last_epoch(self) -> int:
        """Number of epochs at the end of the fit."""
        return self._session.last_epoch

    @property
    def batch(self) -> int:
        """Number of batches done in the current epoch; 0 between epochs."""
        return self._session.loop.batch

    @property
    def n_batches(self) -> int:
        """Number of batches of an epoch."""
        return self._session.loop.steps

    @property
    def history(self) -> dict[str, list[float]]:
        """Metrics of all epochs."""
        return self._session.history()

    @property
    def seconds_left(self) -> float:
        """Seconds until `max_time` ends the fit; infinity without it."""
        return max(0.0, self._session.loop.deadline - time.monotonic())

    @property
    def best_epoch(self) -> int:
        """The epoch, from 1, whose weights are the best so far."""
        return self._session.loop.best.epoch

    @property
    def epoch_is_complete(self) -> bool:
        """False if `max_time` ended the last epoch early."""
        return not self._session.loop.cut

    @property
    def fingerprint(self) -> dict[str, str]:
        """Texts that identify the parameters and the data."""
        if self._fingerprint is None:
            session = self._session
            self._fingerprint = checkpoint_fingerprint(
                session.estimator,
                session.data,
                session.validation_set,
                None if session.init_weights is None else session.init_weights.arrays,
                session.first_epoch,
                session.resume,
            )
        return self._fingerprint

    def fitted(self) -> Any:
        """Return a fitted estimator with a network of its own."""
        return fitted_copy(self.estimator, self.attributes())

    def attributes(self) -> dict[str, Any]:
        """Return the fitted attributes that ``fit`` would set if it ended now."""
        fitted = self._session.attributes()
        history = {name: list(figures) for name, figures in fitted["history_"].items()}
        return fitted | {
            "_network_cache": fitted["_network_cache"].empty_copy(),
            "history_": history,
        }

    def state(self) -> ResumeState:
        """Return numbers, fit for JSON, and arrays by name, to resume from."""
        if self.batch:
            raise RuntimeError(
                "A fit cannot resume from within an epoch. Call state() in on_epoch_end instead of on_batch_end."
            )
        numbers, arrays = snapshot.take(self._session.loop)
        return numbers | {"seeds": [self._session.seed, self._session.split_seed]}, arrays

    def resume(self) -> ResumeState | None:
        """Return the first state that a callback resumes from, or None."""
        states = [callback.resume(self) for callback in self._callbacks]
        return next((state for state in states if state is not None), None)

    def fit_begin(self) -> None:
        """Call on_fit_begin."""
        for callback in self._callbacks:
            self._begun.append(callback)
            callback.on_fit_begin(self)

    def epoch_begin(self, epoch: int) -> None:
        """Call on_epoch_begin."""
        for callback in self._callbacks:
            callback.on_epoch_begin(self)

    def batch_end(self) -> None:
        """Call on_batch_end of the callbacks that define it."""
        for on_batch_end in self._on_batch_end:
            on_batch_end(self)

    def epoch_end(self, figures: Mapping[str, float]) -> bool:
        """Call on_epoch_end. Return whether a callback asks to stop."""
        self.metrics = dict(figures)
        for callback in self._callbacks:
            if callback.on_epoch_end(self):
                self._session.loop.over = True
        return self._session.loop.over

    def fit_end(self) -> None:
        """Call on_fit_end."""
        for callback in self._callbacks:
            callback.on_fit_end(self)

    def close(self) -> None:
        """Call close of the callbacks that were begun, the last one first. Raise the first error afterwards."""
        errors = []
        while self._begun:
            try:
                self._begun.pop().close(self)
            except BaseException as error:
                errors.append(error)
        if errors:
            raise errors[0]


# Parameters that do not change the result, or that the fingerprint holds in another form.
NOT_IN_FINGERPRINT = (
    *("n_jobs", "verbose", "callbacks", "max_time"),
    *("layers", "augment", "init_weights"),
)
ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # in the repr of objects without one of their own
HASH_CHUNK = 2**22  # bytes


def checkpoint_fingerprint(
    estimator: Any,
    data: FitData,
    validation_set: ValidationSet | None,
    init_weights: Mapping[str, np.ndarray] | None,
    first_epoch: int,
    resume: bool,
) -> dict[str, str]:
    """Return texts that are the same for two fits if one can resume from a checkpoint of the other.

    Parameters
    ----------
    estimator : BaseConvNet
        Being fitted.
    data : FitData
        The training data.
    validation_set : ValidationSet or None
        As passed to ``fit``.
    init_weights : mapping of str to ndarray, or None
        The arrays that the net starts with.
    first_epoch : int
        Epochs done by earlier fits.
    resume : bool
        Whether the fit begins with the weights of the estimator.
    """
    rate = resolve_learning_rate(estimator.learning_rate, cycle=not estimator.early_stopping)
    texts = parameter_texts(estimator, data) | {"learning_rate": _text(rate)}
    if not isinstance(NAMED.get(rate) if isinstance(rate, str) else rate, Schedule):
        texts.pop("max_iter")  # the rates do not depend on it
    if init_weights is not None:
        named = sorted(init_weights.items())
        texts["init_weights"] = _hash(
            part for name, array in named for part in _named_parts(name, array)
        )
    texts["data"] = _digest(data.examples)
    texts["validation data"] = (
        "none" if validation_set is None else _digest(validation_set.examples)
    )
    texts["epochs done before"] = str(first_epoch)
    if resume:
        weights = estimator.weights_.values()
        texts["weights begun with"] = _hash(np.ascontiguousarray(array) for array in weights)
    return texts


def parameter_texts(estimator: Any, data: FitData) -> dict[str, str]:
    """Return texts that identify the parameters of a fit, by name, without those that do not change the result.

    Parameters
    ----------
    estimator : BaseConvNet
        Being fitted.
    data : FitData
        The training data.
    """
    texts = {"estimator": type(estimator).__name__, "layers": repr(list(data.layers))}
    texts["augment"] = repr(list(as_augment(estimator.augment)))
    return texts | {
        name: _text(getattr(estimator, name))
        for name in estimator._all_names()
        if name not in NOT_IN_FINGERPRINT
    }


def _text(value: Any) -> str:
    if isinstance(value, np.random.RandomState):
        return "RandomState"  # the checkpoint holds the seed drawn from it
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    return ADDRESS.sub("", repr(value))  # addresses differ between processes


def _named_parts(name: str, array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    array = np.ascontiguousarray(array, dtype=np.float32)
    return np.frombuffer(f"{name} {array.shape}".encode(), np.uint8), array


def _digest(examples: Examples) -> str:
    X = examples.X
    step = max(1, HASH_CHUNK // max(1, prod(X.shape[1:]) * X.itemsize))
    about = f"{X.shape} {X.dtype.str} {examples.scale!r}".encode()
    parts = [np.frombuffer(about, np.uint8), examples.targets, examples.rows]
    parts += [] if examples.weights is None else [examples.weights]
    chunks = (X[i : i + step] for i in range(0, len(X), step))
    return _hash(np.ascontiguousarray(part) for group in (parts, chunks) for part in group)


def array_hash(arrays: Iterable[np.ndarray]) -> str:
    """Return a hash of the values of some arrays."""
    return _hash(np.ascontiguousarray(array).reshape(-1) for array in arrays)


def _hash(arrays: Iterable[np.ndarray]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        digest.update(array.view(np.uint8).data)
    return digest.hexdigest()
