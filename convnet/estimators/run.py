"""What callbacks see of a fit, and their calls."""

from functools import cached_property

from convnet.estimators.identity import identity
from convnet.estimators.state import fitted_copy
from convnet.training import snapshot


class Run:
    """A fit as callbacks see it; see `convnet.callbacks.Callback`.

    Parameters
    ----------
    fit : Fit
        Under way.
    callbacks : list of Callback
        In the order of their calls.
    """

    def __init__(self, fit, callbacks):
        self._fit, self._callbacks, self._begun = fit, callbacks, []
        self.estimator, self.figures, self.scratch = fit.estimator, {}, {}

    @property
    def epoch(self):
        """Epochs done."""
        return self._fit.loop.epochs

    @property
    def last_epoch(self):
        """Epochs that will be done at the end."""
        return self._fit.last_epoch

    @property
    def history(self):
        """The figures of all epochs."""
        return self._fit.history()

    @property
    def best_epoch(self):
        """The epoch, from 1, whose weights are kept so far."""
        return self._fit.loop.best.epoch

    @property
    def is_whole(self):
        """Whether the last epoch was not cut short by `max_time`."""
        return not self._fit.loop.cut

    @cached_property
    def identity(self):
        """Texts that name parameters and data."""
        fit = self._fit
        return identity(fit.estimator, fit.given, fit.held, fit.first_epoch)

    def fitted(self):
        """Return a fitted estimator with a network of its own."""
        return fitted_copy(self.estimator, self.attributes())

    def attributes(self):
        """Return the fitted attributes that ``fit`` would set if it ended now."""
        fitted = self._fit.fitted()
        history = {name: list(figures) for name, figures in fitted["history_"].items()}
        return fitted | {"_holder": fitted["_holder"].fresh(), "history_": history}

    def state(self):
        """Return numbers, fit for JSON, and arrays by name, to resume from."""
        numbers, arrays = snapshot.take(self._fit.loop)
        return numbers | {"seeds": [self._fit.seed, self._fit.split_seed]}, arrays

    def resume(self):
        """Return the first state that a callback gives to go on from, or None; the fit takes its seeds."""
        states = [callback.resume(self) for callback in self._callbacks]
        state = next((state for state in states if state is not None), None)
        if state is not None:
            self._fit.seed, self._fit.split_seed = snapshot.seeds(state[0])
        return state

    def fit_begin(self):
        """Call on_fit_begin."""
        for callback in self._callbacks:
            self._begun.append(callback)
            callback.on_fit_begin(self)

    def epoch_begin(self, epoch):
        """Call on_epoch_begin."""
        for callback in self._callbacks:
            callback.on_epoch_begin(self)

    def epoch_end(self, figures):
        """Call on_epoch_end; return whether one of the callbacks wants to stop."""
        self.figures = dict(figures)
        for callback in self._callbacks:
            if callback.on_epoch_end(self):
                self._fit.loop.over = True
        return self._fit.loop.over

    def fit_end(self):
        """Call on_fit_end."""
        for callback in self._callbacks:
            callback.on_fit_end(self)

    def close(self):
        """Call close of those that were begun, the last one first; the first error is raised after all."""
        errors = []
        while self._begun:
            try:
                self._begun.pop().close(self)
            except BaseException as error:
                errors.append(error)
        if errors:
            raise errors[0]
