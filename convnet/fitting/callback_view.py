"""What callbacks see of a fit, and their calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convnet.fitted.attributes import fitted_copy
from convnet.fitting.checkpoint_fingerprint import identity
from convnet.training import snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from convnet.callbacks.callback import Callback
    from convnet.callbacks.run import State
    from convnet.estimators.base import BaseConvNet
    from convnet.fitting.session import Fit


class Run:
    """A fit as callbacks see it; see `convnet.callbacks.Callback`.

    Parameters
    ----------
    fit : Fit
        Under way.
    callbacks : list of Callback
        In the order of their calls.
    """

    def __init__(self, fit: Fit, callbacks: Sequence[Callback]) -> None:
        self._fit, self._callbacks, self.estimator = fit, callbacks, fit.estimator
        self._begun: list[Callback] = []
        self.figures: dict[str, float] = {}
        self.scratch: dict[Any, Any] = {}
        self._identity: dict[str, str] | None = None

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return self._fit.loop.epochs

    @property
    def last_epoch(self) -> int:
        """Epochs that will be done at the end."""
        return self._fit.last_epoch

    @property
    def history(self) -> dict[str, list[float]]:
        """The figures of all epochs."""
        return self._fit.history()

    @property
    def best_epoch(self) -> int:
        """The epoch, from 1, whose weights are kept so far."""
        return self._fit.loop.best.epoch

    @property
    def is_whole(self) -> bool:
        """Whether the last epoch was not cut short by `max_time`."""
        return not self._fit.loop.cut

    @property
    def identity(self) -> dict[str, str]:
        """Texts that name parameters and data."""
        if self._identity is None:
            fit = self._fit
            self._identity = identity(fit.estimator, fit.given, fit.held, fit.first_epoch)
        return self._identity

    def fitted(self) -> BaseConvNet:
        """Return a fitted estimator with a network of its own."""
        return fitted_copy(self.estimator, self.attributes())

    def attributes(self) -> dict[str, Any]:
        """Return the fitted attributes that ``fit`` would set if it ended now."""
        fitted = self._fit.fitted()
        history = {name: list(figures) for name, figures in fitted["history_"].items()}
        return fitted | {
            "_network_cache": fitted["_network_cache"].empty_copy(),
            "history_": history,
        }

    def state(self) -> State:
        """Return numbers, fit for JSON, and arrays by name, to resume from."""
        numbers, arrays = snapshot.take(self._fit.loop)
        return numbers | {"seeds": [self._fit.seed, self._fit.split_seed]}, arrays

    def resume(self) -> State | None:
        """Return the first state that a callback gives to go on from, or None; the fit takes its seeds."""
        states = [callback.resume(self) for callback in self._callbacks]
        state = next((state for state in states if state is not None), None)
        if state is not None:
            self._fit.seed, self._fit.split_seed = snapshot.seeds(state[0])
        return state

    def fit_begin(self) -> None:
        """Call on_fit_begin."""
        for callback in self._callbacks:
            self._begun.append(callback)
            callback.on_fit_begin(self)

    def epoch_begin(self, epoch: int) -> None:
        """Call on_epoch_begin."""
        for callback in self._callbacks:
            callback.on_epoch_begin(self)

    def epoch_end(self, figures: Mapping[str, float]) -> bool:
        """Call on_epoch_end; return whether one of the callbacks wants to stop."""
        self.figures = dict(figures)
        for callback in self._callbacks:
            if callback.on_epoch_end(self):
                self._fit.loop.over = True
        return self._fit.loop.over

    def fit_end(self) -> None:
        """Call on_fit_end."""
        for callback in self._callbacks:
            callback.on_fit_end(self)

    def close(self) -> None:
        """Call close of those that were begun, the last one first; the first error is raised after all."""
        errors = []
        while self._begun:
            try:
                self._begun.pop().close(self)
            except BaseException as error:
                errors.append(error)
        if errors:
            raise errors[0]
