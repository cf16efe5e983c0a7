"""scikit-learn's callback protocol (1.9 and later): a fit as a task with one subtask an epoch."""

from convnet.callbacks import Callback

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn before 1.9 has no such protocol

    class CallbackSupportMixin:
        """Stands for scikit-learn's, which is not there."""

    def with_callbacks(method):
        """Return the method as it is."""
        return method


class Tasks(Callback):
    """Reports a fit to the callbacks of ``set_callbacks``, of the estimator or of one that it is nested in.

    Parameters
    ----------
    X, y : array-like
        As passed to ``fit``.
    sample_weight : array-like or None
        As passed; with it the metadata of each task.
    """

    def __init__(self, X, y, sample_weight):
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.passed = {"X": X, "y": y, "metadata": metadata}
        self.root = self.epoch = None

    def on_fit_begin(self, run):
        to_do = run.last_epoch - run.epoch
        self.root = run.estimator._init_callback_context(max_subtasks=to_do)
        self.root.call_on_fit_task_begin(estimator=run.estimator, **self.passed)

    def on_epoch_begin(self, run):
        self.epoch = self.root.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(estimator=run.estimator, **self.passed)

    def on_epoch_end(self, run):
        return self._end(self.epoch, run)

    def on_fit_end(self, run):
        self._end(self.root, run)

    def _end(self, context, run):
        return context.call_on_fit_task_end(
            estimator=run.estimator, **self.passed, reconstruction_attributes=run.attributes
        )
