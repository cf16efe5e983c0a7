"""Callback: the base class of callbacks."""

from typing import Self

from convnet.callbacks.fit_run import FitRun, ResumeState


class Callback:
    """Base class of callbacks. Override the hooks that you need; ``fit`` calls them.

    During one fit all hooks get the same object `run`:

    ====================  ==========================================================================
    ``run.estimator``     the estimator, which gets its fitted attributes at the end of ``fit``
    ``run.epoch``         number of epochs done, with those of earlier fits that this one continues
    ``run.last_epoch``    number of epochs at the end, unless training stops early
    ``run.batch``         number of batches done in the current epoch; 0 between epochs
    ``run.n_batches``     number of batches of an epoch
    ``run.seconds_left``  seconds until `max_time` ends the fit; infinity without it
    ``run.metrics``       dict, of the last epoch: "loss", "learning_rate", "seconds", "validation_loss", ...
    ``run.history``       dict of lists, the metrics of all epochs
    ``run.best_epoch``    the epoch, from 1, whose weights are the best so far
    ``run.fitted()``      a separate fitted estimator, as if ``fit`` ended now
    ``run.scratch``       dict in which callbacks can keep data during this fit
    ====================  ==========================================================================

    If a hook raises an error, ``fit`` ends and leaves the estimator unchanged. ``partial_fit`` calls no hooks. Clones
    of an estimator share its callbacks.
    """

    def resume(self, run: FitRun) -> ResumeState | None:
        """Return the state to resume from, as ``run.state()`` of an earlier fit returned it, or None.

        Called before all other hooks. ``run.fingerprint`` is a dict that identifies the data and the parameters.

        Parameters
        ----------
        run : FitRun
            The current fit.

        Returns
        -------
        state : tuple of dict or None
            The return value of ``run.state()``.
        """
        return None

    def on_fit_begin(self, run: FitRun) -> None:
        """Called before the first epoch.

        Parameters
        ----------
        run : FitRun
            The current fit.
        """

    def on_epoch_begin(self, run: FitRun) -> None:
        """Called before each epoch.

        Parameters
        ----------
        run : FitRun
            The current fit.
        """

    def on_batch_end(self, run: FitRun) -> None:
        """Called after each training step. `run` is then as it was at the end of the last epoch, except ``run.batch``.

        ``run.fitted()`` raises ValueError within the first epoch. The return value is ignored.

        Parameters
        ----------
        run : FitRun
            The current fit.
        """

    def on_epoch_end(self, run: FitRun) -> bool | None:
        """Called after each epoch and its validation. Return True to stop training.

        Parameters
        ----------
        run : FitRun
            The current fit.
        """

    def on_fit_end(self, run: FitRun) -> None:
        """Called after the last epoch, unless there was an error.

        Parameters
        ----------
        run : FitRun
            The current fit.
        """

    def close(self, run: FitRun) -> None:
        """Called last, also after an error, if `on_fit_begin` was called.

        Parameters
        ----------
        run : FitRun
            The current fit.
        """

    def __sklearn_clone__(self) -> Self:
        return self
