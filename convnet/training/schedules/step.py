"""Step decay."""

from dataclasses import dataclass
from math import inf

from convnet.training.schedules.schedule import Schedule
from convnet.values.constraints import integer, number, parameter


@dataclass(frozen=True)
class Step(Schedule):
    """In epoch e the rate is init · factor^⌊e / every⌋.

    Parameters
    ----------
    every : int, default=10
        Number of epochs between two steps, 1 or more.
    factor : float, default=0.1
        Factor by which each step multiplies the rate, above 0 and at most 1.

    Raises
    ------
    TypeError, ValueError
        In ``fit``: a field has a wrong type or value.

    References
    ----------
    .. [1] A. Krizhevsky, I. Sutskever and G. Hinton, "ImageNet Classification with Deep Convolutional Neural
           Networks", NIPS 2012, section 5. As PyTorch's ``StepLR``.
    """

    every: int = parameter(integer(1, inf), default=10)
    factor: float = parameter(number(0, 1, closed="right"), default=0.1)

    def multiplier(self, epoch: int, max_iter: int, step: int = 0, steps: int = 1) -> float:
        return self.factor ** (epoch // self.every)
