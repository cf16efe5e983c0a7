"""Parameters: named pieces of one flat float32 array, and how they start."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf, prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from convnet.graph.buffers import aligned


@dataclass(frozen=True)
class Parameter:
    """A named array of the network.

    `offset` counts floats in the flat array; `trainable` is False for running statistics; `decay` says
    whether the L2 penalty `alpha` counts it: weights are counted, biases and batch norm are not.
    `fan_in` and `fan_out` scale the random start of weights, by `initializer` or, where that is None, by whether a
    rectifier follows (`rectified`); others start at the constant `start`. `l2` takes the
    place of `alpha` where it is given; `max_norm` bounds the 2-norm of what each unit reads, which is all axes but
    the last, after every step (Srivastava et al., 2014). No value lies below `least`.
    """

    name: str
    shape: tuple[int, ...]
    offset: int
    trainable: bool = True
    decay: bool = False
    start: float = 0.0
    fan_in: int = 0
    fan_out: int = 0
    rectified: bool = False
    initializer: str | None = None
    l2: float | None = None
    max_norm: float | None = None
    least: float = -inf

    @property
    def size(self) -> int:
        """Number of values."""
        return prod(self.shape)

    def check(self, array: NDArray[np.floating]) -> None:
        """Raise ValueError if `array`, of whatever came from outside, has values that the parameter cannot have."""
        if not np.isfinite(array).all():
            raise ValueError(f"{self.name} has values that are not finite")
        if (array < self.least).any():
            raise ValueError(f"{self.name} has values below {self.least:g}")

    def initial(self, generator: np.random.Generator) -> NDArray[np.float32]:
        """Draw the starting values.

        "he_uniform" is uniform in ±sqrt(6 / fan_in) (He et al., 2015), "glorot_uniform" in
        ±sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010); "he_normal" and "glorot_normal" have the same
        variances, 2 / fan_in and 2 / (fan_in + fan_out). "orthogonal" has orthonormal columns, one a unit, or rows
        where there are more units than inputs (Saxe et al., 2014).
        """
        if not self.fan_in:
            return np.full(self.shape, self.start, dtype=np.float32)
        kind = self.initializer or ("he_uniform" if self.rectified else "glorot_uniform")
        if kind == "orthogonal":
            return _orthogonal(generator, self.size // self.shape[-1], self.shape[-1]).reshape(
                self.shape
            )
        fans = self.fan_in if kind.startswith("he") else self.fan_in + self.fan_out
        if kind.endswith("normal"):
            return (sqrt(2.0 / fans) * generator.standard_normal(self.shape)).astype(np.float32)
        bound = sqrt(6.0 / fans)
        return generator.uniform(-bound, bound, self.shape).astype(np.float32)


def _orthogonal(generator: np.random.Generator, rows: int, columns: int) -> NDArray[np.float32]:
    """Draw a matrix of orthonormal columns, or rows if they are fewer, uniformly among all such matrices.

    The factorization runs on one thread, so that the bits do not depend on `n_jobs`.
    """
    normal = generator.standard_normal((max(rows, columns), min(rows, columns)))
    with threadpool_limits(limits=1, user_api="blas"):
        q, r = np.linalg.qr(normal)
    q *= np.where(np.diag(r) < 0, -1.0, 1.0)  # makes the factorization unique
    return (q if rows >= columns else q.T).astype(np.float32)


class ParameterList(list[Parameter]):
    """Parameters in the order of the layers, each at a cache line of the flat array."""

    @property
    def floats(self) -> int:
        """Length of the flat array."""
        return aligned(self[-1].offset + self[-1].size) if self else 0

    def add(self, name: str, shape: tuple[int, ...], **properties: Any) -> Parameter:
        """Append a parameter behind the last one and return it."""
        parameter = Parameter(name, shape, self.floats, **properties)
        self.append(parameter)
        return parameter


def initial_weights(
    parameters: Iterable[Parameter], seed: int
) -> Iterator[tuple[Parameter, NDArray[np.float32]]]:
    """Yield (parameter, starting values); each parameter has a random stream of its own."""
    for number, parameter in enumerate(parameters):
        yield (
            parameter,
            parameter.initial(np.random.Generator(np.random.Philox(key=[seed, number]))),
        )
