"""The base of callbacks."""

from typing import Self

from convnet.callbacks.run import Run, State


class Callback:
    """Hooks that ``fit`` calls; a subclass overrides those that it wants.

    Each is given the same `run` during a fit, to look at:

    ====================  ==========================================================================
    ``run.estimator``     the estimator, which gets its fitted attributes at the end of ``fit``
    ``run.epoch``         epochs done, those of earlier fits that are gone on from included
    ``run.last_epoch``    epochs that will be done at the end, unless training ends early
    ``run.figures``       dict of the last epoch: "loss", "learning_rate", "seconds", "validation_loss", ...
    ``run.history``       dict of lists: the figures of all epochs
    ``run.best_epoch``    the epoch, from 1, whose weights are kept so far
    ``run.fitted()``      a fitted estimator of its own, as if ``fit`` ended now
    ``run.scratch``       a dict for what callbacks keep during this fit
    ====================  ==========================================================================

    An error that a hook raises ends ``fit``, which leaves the estimator as it was. ``partial_fit`` calls no hook.
    Clones of an estimator share its callbacks.
    """

    def resume(self, run: Run) -> State | None:
        """Return the state that an earlier fit is gone on from, as ``run.state()`` returned it, or None.

        Called first of all; ``run.identity`` is a dict that names data and parameters.

        Parameters
        ----------
        run : Run
            The fit.

        Returns
        -------
        state : tuple of dict or None
            What ``run.state()`` returned.
        """
        return None

    def on_fit_begin(self, run: Run) -> None:
        """Called before the first epoch.

        Parameters
        ----------
        run : Run
            The fit.
        """

    def on_epoch_begin(self, run: Run) -> None:
        """Called before each epoch.

        Parameters
        ----------
        run : Run
            The fit.
        """

    def on_epoch_end(self, run: Run) -> bool | None:
        """Called after each epoch, validation included; return True to end training.

        Parameters
        ----------
        run : Run
            The fit.
        """

    def on_fit_end(self, run: Run) -> None:
        """Called after the last epoch, if there was no error.

        Parameters
        ----------
        run : Run
            The fit.
        """

    def close(self, run: Run) -> None:
        """Called last, also after an error, if `on_fit_begin` was.

        Parameters
        ----------
        run : Run
            The fit.
        """

    def __sklearn_clone__(self) -> Self:
        return self
