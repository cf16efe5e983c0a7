"""A fit on several ranks: what all ranks must have in common, and the callbacks, which run on rank 0."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from scipy.sparse import issparse

from convnet.communication.communicator import current
from convnet.data.lazy.shared_rows import rows_of_all_ranks
from convnet.fitting.callback_view import array_hash, parameter_texts
from convnet.inputs.targets import as_target

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from convnet.callbacks.fit_run import ResumeState
    from convnet.communication.communicator import Communicator
    from convnet.fitting.callback_view import CallbackView
    from convnet.training.examples import Examples

T = TypeVar("T")

SAMPLED_ROWS = 16  # of X that are compared between the ranks


@contextmanager
def fit_on_ranks() -> Generator[Communicator | None, None, None]:
    """Begin a fit and yield the communicator of this thread, None if there is none.

    If the fit fails on one rank, it ends on all of them.
    """
    communicator = current()
    if communicator is None:
        yield None
        return
    communicator.begin_fit()
    try:
        yield communicator
    except BaseException as error:
        communicator.fail_fit(error)
        raise


@contextmanager
def data_of_all_ranks(
    communicator: Communicator | None, X: Any, y: Any, sample_weight: Any
) -> Generator[tuple[Any, Any, Any], None, None]:
    """Yield X, y and sample weights as passed or, if each rank has passed its own part, those of all ranks.

    Rows that other ranks hold are read from them when they are needed.
    """
    if communicator is None or not communicator.holds_parts:
        yield X, y, sample_weight
        return
    held = X if hasattr(X, "shape") and hasattr(X, "dtype") else np.asarray(X)
    targets = as_target(y)
    if issparse(targets):
        targets = targets.toarray()
    with rows_of_all_ranks(communicator, held, targets, sample_weight) as data:
        yield data


def check_same_fit(communicator: Communicator, session: Any) -> None:
    """Raise ValueError, on every rank, unless all ranks are about to run the same fit.

    Parameters
    ----------
    communicator : Communicator
    session : FitSession
        Its parameters and data are compared: the targets and weights whole, and a few rows of X.
    """
    texts = parameter_texts(session.estimator, session.data)
    texts["max_time"] = repr(session.estimator.max_time)
    texts["the method"] = "partial_fit" if session.partial else "fit"
    texts["the fitted net"] = _weights_hash(session.estimator) if session.resume else ""
    if session.init_weights is not None:
        texts["init_weights"] = array_hash(session.init_weights.arrays.values())
    texts |= _data_texts("", session.data.examples)
    if session.validation_set is not None:
        texts |= _data_texts("_val", session.validation_set.examples)
    found = communicator.gather_objects(texts)
    for rank, others in enumerate(found):
        names = [name for name in found[0] if others.get(name) != found[0][name]]
        if names:
            raise ValueError(
                f"All ranks must fit the same estimator to the same data. Rank {rank} differs from rank 0 in "
                f"{', '.join(names)}."
            )


def _weights_hash(estimator: Any) -> str:
    return array_hash(estimator.weights_.values())


def _data_texts(suffix: str, examples: Examples) -> dict[str, str]:
    """Return texts that identify the targets, the weights and, by a few rows, X."""
    X, n = examples.X, len(examples.X)
    rows = np.unique(np.linspace(0, n - 1, min(n, SAMPLED_ROWS)).astype(np.int64))
    weights = [] if examples.weights is None else [examples.weights]
    about = f"{X.shape} {X.dtype.str} {examples.scale!r} "
    return {
        f"X{suffix}": about + array_hash([X[rows]]),
        f"y{suffix}": array_hash([examples.targets, examples.rows]),
        f"sample_weight{suffix}": array_hash(weights),
    }


class FirstRankCallbacks:
    """The callbacks of a fit on several ranks. They run on rank 0, and all ranks get what they return.

    Parameters
    ----------
    view : CallbackView
        Calls the callbacks.
    session : FitSession
        Under way.
    """

    def __init__(self, view: CallbackView, session: Any) -> None:
        self._view, self._session = view, session
        self._ranks: Communicator = session.communicator

    def _call(self, function: Callable[[], T]) -> T:
        return self._ranks.call_on_first(function)

    def resume(self) -> ResumeState | None:
        """See `CallbackView`."""
        return self._call(self._view.resume)

    def fit_begin(self) -> None:
        """See `CallbackView`."""
        self._call(self._view.fit_begin)

    def epoch_begin(self, epoch: int) -> None:
        """See `CallbackView`."""
        self._call(lambda: self._view.epoch_begin(epoch))

    def batch_end(self) -> None:
        """See `CallbackView`. The other ranks do not wait."""
        if self._ranks.rank == 0:
            self._view.batch_end()

    def epoch_end(self, figures: Mapping[str, float]) -> bool:
        """See `CallbackView`. A callback may ask for the state of the solver, so rank 0 gets all of it first."""
        self._session.loop.trainer.gather_state()
        return self._call(lambda: self._view.epoch_end(figures))

    def fit_end(self) -> None:
        """See `CallbackView`."""
        self._call(self._view.fit_end)

    def close(self) -> None:
        """See `CallbackView`. It is also called after an error, when the ranks no longer exchange anything."""
        if self._ranks.rank == 0:
            self._view.close()
