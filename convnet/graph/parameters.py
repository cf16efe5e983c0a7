"""Parameters: named pieces of one flat float32 array, and how they start."""

from dataclasses import dataclass
from math import prod, sqrt

import numpy as np

from convnet.graph.buffers import aligned

RECTIFIERS = ("relu", "leaky_relu", "elu", "gelu", "silu")


@dataclass(frozen=True)
class Parameter:
    """A named array of the network.

    `offset` counts floats in the flat array; `trainable` is False for running statistics; `decay` says
    whether the L2 penalty `alpha` counts it: weights are counted, biases and batch norm are not.
    `fan_in` and `fan_out` scale the random start of weights; others start at the constant `start`. `l2` takes the
    place of `alpha` where it is given; `max_norm` bounds the 2-norm of what each unit reads, which is all axes but
    the last, after every step (Srivastava et al., 2014).
    """

    name: str
    shape: tuple
    offset: int
    trainable: bool = True
    decay: bool = False
    start: float = 0.0
    fan_in: int = 0
    fan_out: int = 0
    rectified: bool = False
    l2: float | None = None
    max_norm: float | None = None

    @property
    def size(self):
        """Number of values."""
        return prod(self.shape)

    def initial(self, generator):
        """Draw the starting values.

        Uniform in ±sqrt(6 / fan_in) before a rectifier (He et al., 2015), elsewhere in
        ±sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010).
        """
        if not self.fan_in:
            return np.full(self.shape, self.start, dtype=np.float32)
        fans = self.fan_in if self.rectified else self.fan_in + self.fan_out
        bound = sqrt(6.0 / fans)
        return generator.uniform(-bound, bound, self.shape).astype(np.float32)


class ParameterList(list):
    """Parameters in the order of the layers, each at a cache line of the flat array."""

    @property
    def floats(self):
        """Length of the flat array."""
        return aligned(self[-1].offset + self[-1].size) if self else 0

    def add(self, name, shape, **properties):
        """Append a parameter behind the last one and return it."""
        parameter = Parameter(name, tuple(shape), self.floats, **properties)
        self.append(parameter)
        return parameter


def initial_weights(parameters, seed):
    """Yield (parameter, starting values); each parameter has a random stream of its own."""
    for number, parameter in enumerate(parameters):
        yield (
            parameter,
            parameter.initial(np.random.Generator(np.random.Philox(key=[seed, number]))),
        )
