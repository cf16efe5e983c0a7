"""Step."""

from dataclasses import dataclass

from convnet.training.schedules.checks import check, check_share
from convnet.training.schedules.schedule import Schedule
from convnet.values.fields import is_integer


@dataclass(frozen=True)
class Step(Schedule):
    """In epoch e the rate is init · factor^⌊e / every⌋.

    Parameters
    ----------
    every : int, default=10
        Epochs between two steps, 1 or more.
    factor : float, default=0.1
        What each step multiplies the rate by, above 0 and at most 1.

    Raises
    ------
    ValueError
        In ``fit``: a field out of range.

    References
    ----------
    .. [1] A. Krizhevsky, I. Sutskever and G. Hinton, "ImageNet Classification with Deep Convolutional Neural
           Networks", NIPS 2012, section 5. As PyTorch's ``StepLR``.
    """

    every: int = 10
    factor: float = 0.1

    def multiplier(self, epoch: int, max_iter: int, step: int = 0, steps: int = 1) -> float:
        return self.factor ** (epoch // self.every)

    def check(self, max_iter: int) -> None:
        check(self, "every", "an integer, 1 or more", is_integer(self.every) and self.every >= 1)
        check_share(self, "factor", zero=False)
