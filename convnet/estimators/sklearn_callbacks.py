"""scikit-learn's callback protocol (1.9 and later): a fit as a task with one subtask an epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convnet.callbacks import Callback

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

    class CallbackSupportMixin:
        """Gives an estimator ``set_callbacks``."""

    def with_callbacks(method: F) -> F:
        """Have callbacks set up and torn down around a ``fit``."""
        return method

else:
    try:
        from sklearn.callback import CallbackSupportMixin, with_callbacks
    except ImportError:  # scikit-learn before 1.9 has no such protocol

        class CallbackSupportMixin:
            """Stands for scikit-learn's, which is not there."""

        def with_callbacks(method):
            """Return the method as it is."""
            return method


class SklearnCallbacks(Callback):
    """Reports a fit to the callbacks of ``set_callbacks``, of the estimator or of one that it is nested in.

    Parameters
    ----------
    X, y : array-like
        As passed to ``fit``.
    sample_weight : array-like or None
        As passed; with it the metadata of each task.
    """

    def __init__(self, X: Any, y: Any, sample_weight: Any) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.passed = {"X": X, "y": y, "metadata": metadata}
        self.root: Any = None
        self.epoch: Any = None

    def on_fit_begin(self, run: Any) -> None:
        to_do = run.last_epoch - run.epoch
        self.root = run.estimator._init_callback_context(max_subtasks=to_do)
        self.root.call_on_fit_task_begin(estimator=run.estimator, **self.passed)

    def on_epoch_begin(self, run: Any) -> None:
        self.epoch = self.root.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(estimator=run.estimator, **self.passed)

    def on_epoch_end(self, run: Any) -> bool | None:
        return self._end(self.epoch, run)

    def on_fit_end(self, run: Any) -> None:
        self._end(self.root, run)

    def _end(self, context: Any, run: Any) -> bool:
        return context.call_on_fit_task_end(
            estimator=run.estimator, **self.passed, reconstruction_attributes=run.attributes
        )
