"""Reduction on a plateau."""

from dataclasses import dataclass
from math import inf

from convnet.training.schedules.schedule import PlateauState, Schedule
from convnet.values.constraints import integer, number, parameter


@dataclass(frozen=True)
class ReduceOnPlateau(Schedule):
    """The rate is multiplied by a factor whenever the loss has not improved for some epochs.

    This is the validation loss if there is a validation set (``X_val``, or a split by `early_stopping`), otherwise the
    training loss. If more than `patience` epochs in a row do not improve it, the next epoch has the rate
    max(factor · rate, min_lr), and the count starts again.

    Parameters
    ----------
    factor : float, default=0.1
        Factor by which a reduction multiplies the rate, above 0 and below 1.
    patience : int, default=5
        Number of epochs without improvement that are tolerated, 0 or more. It must be less than the `n_iter_no_change`
        of the estimator, at which training stops; ``n_iter_no_change=float("inf")`` trains for all epochs.
    min_delta : float, default=1e-4
        An epoch improves the loss if its loss is lower, by more than this, than that of the last epoch that did.
    min_lr : float, default=0.0
        Lowest learning rate to reduce to.
    cooldown : int, default=0
        Number of epochs after a reduction that do not count as epochs without improvement.

    Raises
    ------
    TypeError, ValueError
        In ``fit``: a field has a wrong type or value, or training would stop before a reduction.

    References
    ----------
    .. [1] PyTorch's ``ReduceLROnPlateau`` with ``threshold_mode="abs"`` and ``threshold=min_delta``. That of Keras
           counts differently: its ``patience=p`` corresponds to p - 1 here.
    """

    factor: float = parameter(number(0, 1, closed="neither"), default=0.1)
    patience: int = parameter(integer(0, inf), default=5)
    min_delta: float = parameter(number(0), default=1e-4)
    min_lr: float = parameter(number(0), default=0.0)
    cooldown: int = parameter(integer(0, inf), default=0)

    def multiplier(self, epoch: int, max_iter: int, step: int = 0, steps: int = 1) -> float:
        return 1.0  # `update` changes the rate itself

    def update(self, state: PlateauState, epoch: int, loss: float) -> PlateauState:
        rate, best, stalled, cooldown = state
        if loss < best - self.min_delta:
            best, stalled = loss, 0
        else:
            stalled += 1
        if cooldown:
            cooldown, stalled = cooldown - 1, 0
        if stalled > self.patience:
            rate, stalled, cooldown = reduced(rate, self.factor, self.min_lr), 0, self.cooldown
        return PlateauState(rate, best, stalled, cooldown)


def reduced(rate: float, factor: float, min_lr: float) -> float:
    """Return the larger of factor · rate and `min_lr`, or the rate itself unless that is lower and above 0."""
    lower = float(max(factor * rate, min_lr))
    return lower if 0 < lower < rate else rate
