"""The memory layout: parameters in one flat array, maps and gradients in the arena."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf, prod, sqrt
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

MapShape: TypeAlias = tuple[int, int, int]  # (h, w, c)

CACHE_LINE = 16  # floats


def aligned(floats: int) -> int:
    """Round up to a whole cache line."""
    return -(-floats // CACHE_LINE) * CACHE_LINE


@dataclass(frozen=True)
class Parameter:
    """A named array of the network.

    `offset` is its position in the flat array, in floats. `trainable` is False for running statistics. `decay` is True
    if the L2 penalty includes it, which holds for weights, not for biases and batch norm. `l2`, if given, replaces
    `alpha` in the penalty.

    Weights start from random values, which `fan_in` and `fan_out` scale. `initializer` names the distribution; if it is
    None, `rectified` decides, which says whether a rectifier follows. Other parameters start at the constant `start`.

    After every step, `max_norm` bounds the 2-norm of the weights of each unit, that is, over all axes but `unit_axis`
    (Srivastava et al., 2014). No value may be below `least`.
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
    unit_axis: int = -1
    least: float = -inf

    @property
    def size(self) -> int:
        """Number of values."""
        return prod(self.shape)

    def check(self, array: NDArray[np.floating]) -> None:
        """Raise ValueError if `array`, from a user or a file, has values that the parameter cannot have."""
        if not np.isfinite(array).all():
            raise ValueError(f"{self.name} has values that are not finite")
        if (array < self.least).any():
            raise ValueError(f"{self.name} has values below {self.least:g}")

    def initial(self, generator: np.random.Generator) -> NDArray[np.float32]:
        """Draw the starting values.

        "he_uniform" is uniform in ±sqrt(6 / fan_in) (He et al., 2015), "glorot_uniform" in
        ±sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010); "he_normal" and "glorot_normal" have the same
        variances, 2 / fan_in and 2 / (fan_in + fan_out). "orthogonal" has orthonormal columns, one per unit, or
        orthonormal rows if there are more units than inputs (Saxe et al., 2014).
        """
        if not self.fan_in:
            return np.full(self.shape, self.start, dtype=np.float32)
        kind = self.initializer or ("he_uniform" if self.rectified else "glorot_uniform")
        if kind == "orthogonal":
            units = self.shape[self.unit_axis]
            others = np.delete(self.shape, self.unit_axis)
            matrix = _orthogonal(generator, self.size // units, units)
            return np.ascontiguousarray(
                np.moveaxis(matrix.reshape(*others, units), -1, self.unit_axis)
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


@dataclass(eq=False)
class Buffer:
    """A map (h, w, c) of each sample; flat data have the shape (1, 1, features).

    `halo` is (top, bottom, left, right), in pixels: zeros around the map that its readers need as padding. Its writer
    does not touch them. `alias` is the buffer whose memory this one shares, possibly in another shape. The gradient
    shares the memory of the gradient of `gradient_alias`. If that is None, `alias` takes its place; if it is the buffer
    itself, the gradient has its own memory.

    If `first_channel` is given, the buffer is a slice of the channels of `alias`, which begins there.
    """

    shape: MapShape
    halo: tuple[int, int, int, int] = (0, 0, 0, 0)
    alias: Buffer | None = None
    gradient_alias: Buffer | None = None
    first_channel: int | None = None
    start: int = 0  # of sample 0's memory, in floats
    offset: int | None = None  # of its pixel (0, 0)
    sample: int = 0  # floats from one sample to the next
    gradient_offset: int | None = None

    @property
    def size(self) -> int:
        """Number of values of a sample."""
        h, w, c = self.shape
        return h * w * c

    @property
    def floats(self) -> int:
        """Number of floats of a sample, halo included, rounded up to a cache line."""
        h, w, c = self.shape
        top, bottom, left, right = self.halo
        return aligned((h + top + bottom) * (w + left + right) * c)

    @property
    def root(self) -> Buffer:
        """The buffer that owns the memory."""
        return self.alias.root if self.alias else self

    @property
    def gradient_root(self) -> Buffer:
        """The buffer that owns the memory of the gradient."""
        shared = self.gradient_alias or self.alias
        return self if shared is None or shared is self else shared.gradient_root

    def widen(self, top: int, bottom: int, left: int, right: int) -> None:
        """Make the halo at least this wide. All buffers that share the memory have the same halo."""
        root = self.root
        top, bottom, left, right = map(max, root.halo, (top, bottom, left, right))
        root.halo = top, bottom, left, right

    def place(self, offset: int) -> int:
        """Place the buffer at this offset of the arena; return the number of floats of a sample."""
        _, w, c = self.shape
        top, _, left, right = self.halo
        self.start = offset
        self.offset = offset + (top * (left + w + right) + left) * c
        self.sample = self.floats
        return self.floats

    def map(self) -> dict[str, int | None]:
        """Return the buffer as C's cn_map."""
        h, w, c = self.shape
        if self.alias is not None and self.first_channel is not None:
            whole = self.alias.map()
            assert whole["offset"] is not None
            return whole | dict(offset=whole["offset"] + self.first_channel, c=c)
        root = self.root
        row = (w + root.halo[2] + root.halo[3]) * c if root.shape == self.shape else w * c
        return dict(
            offset=root.offset,
            sample=root.sample,
            row=row,
            pixel=c,
            start=root.start,
            h=h,
            w=w,
            c=c,
        )

    def gradient_map(self) -> dict[str, int | None]:
        """Return the gradient with respect to the buffer, without halo, as C's cn_map."""
        h, w, c = self.shape
        root = self.gradient_root
        return dict(
            offset=root.gradient_offset,
            sample=aligned(root.size),
            row=w * c,
            pixel=c,
            start=root.gradient_offset,
            h=h,
            w=w,
            c=c,
        )


def share(lifetimes: Sequence[tuple[Buffer, int, int]]) -> tuple[list[int], int]:
    """Return the offset of each buffer, in floats per sample.

    Buffers that are never in use at the same time may share memory. Buffers are placed from the largest to the
    smallest, each in the first gap between placed buffers that are in use at the same time (Pisarchyk and Lee, 2020,
    "Efficient Memory Management for Deep Neural Net Inference"). The input and the output of an operation never share
    memory.

    Parameters
    ----------
    lifetimes : list of (Buffer, int, int)
        For each buffer that owns memory: the buffer, the number of the operation that writes it, and that of the last
        operation that reads it.

    Returns
    -------
    offsets : list of int
    floats : int
        Floats per sample that all buffers need, with sharing.
    """
    offsets: dict[int, int] = {}
    for i in sorted(range(len(lifetimes)), key=lambda i: -lifetimes[i][0].floats):
        buffer, first, last = lifetimes[i]
        taken = sorted(
            (offset, offset + lifetimes[j][0].floats)
            for j, offset in offsets.items()
            if lifetimes[j][1] <= last and first <= lifetimes[j][2]
        )
        at = 0
        for start, end in taken:
            if at + buffer.floats <= start:
                break
            at = max(at, end)
        offsets[i] = at
    floats = max((offset + lifetimes[i][0].floats for i, offset in offsets.items()), default=0)
    return [offsets[i] for i in range(len(lifetimes))], floats


@dataclass
class Arena:
    """Offsets of all memory of a program. Each block starts at a cache line."""

    samples: int
    floats: int = 0

    def reserve(self, floats: int) -> int:
        """Return the offset of a new block."""
        offset = self.floats
        self.floats += aligned(floats)
        return offset

    def place(self, buffer: Buffer) -> None:
        """Reserve memory for all samples of a buffer, unless it has some already."""
        if buffer.root.offset is None:
            root = buffer.root
            root.place(self.reserve(root.floats * self.samples))

    def place_gradient(self, buffer: Buffer) -> None:
        """Reserve memory for the gradients of all samples of a buffer, unless it has some already."""
        root = buffer.gradient_root
        if root.gradient_offset is None:
            root.gradient_offset = self.reserve(aligned(root.size) * self.samples)
