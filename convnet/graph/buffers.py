"""Buffers that operations read and write, and their offsets in the arena."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

MapShape: TypeAlias = tuple[int, int, int]  # (h, w, c)

CACHE_LINE = 16  # floats


def aligned(floats: int) -> int:
    """Round up to a whole cache line."""
    return -(-floats // CACHE_LINE) * CACHE_LINE


@dataclass(eq=False)
class Buffer:
    """A map (h, w, c) of each sample; flat data have the shape (1, 1, features).

    `halo` is (top, bottom, left, right), in pixels: zeros around the map that its readers need as padding. Its writer
    does not touch them. `alias` is the buffer whose memory this one shares, possibly in another shape. The gradient
    shares the memory of the gradient of `gradient_alias`. If that is None, `alias` takes its place; if it is the buffer
    itself, the gradient has its own memory.
    """

    shape: MapShape
    halo: tuple[int, int, int, int] = (0, 0, 0, 0)
    alias: "Buffer | None" = None
    gradient_alias: "Buffer | None" = None
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
    def root(self) -> "Buffer":
        """The buffer that owns the memory."""
        return self.alias.root if self.alias else self

    @property
    def gradient_root(self) -> "Buffer":
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
        root = self.root
        row = (w + root.halo[2] + root.halo[3]) * c if root.shape == self.shape else w * c
        return dict(
            offset=root.offset, sample=root.sample, row=row, start=root.start, h=h, w=w, c=c
        )

    def gradient_map(self) -> dict[str, int | None]:
        """Return the gradient with respect to the buffer, without halo, as C's cn_map."""
        h, w, c = self.shape
        root = self.gradient_root
        return dict(
            offset=root.gradient_offset,
            sample=aligned(root.size),
            row=w * c,
            start=root.gradient_offset,
            h=h,
            w=w,
            c=c,
        )


def share(lifetimes: Sequence[tuple[Buffer, int, int]]) -> tuple[list[int], int]:
    """Return offsets in floats, for one sample, at which buffers that are in use at different times share memory.

    The largest is placed first, each in the first gap among those in use at the same time (Pisarchyk and Lee, 2020,
    "Efficient Memory Management for Deep Neural Net Inference").

    Parameters
    ----------
    lifetimes : list of (Buffer, int, int)
        Buffers that own memory, the number of the operation that writes each, and of the last one that reads it. The
        input and the output of an operation never share memory.

    Returns
    -------
    offsets : list of int
    floats : int
        Number of floats of all buffers together.
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
    floats = max(offset + lifetimes[i][0].floats for i, offset in offsets.items())
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
        """Reserve memory for a buffer of all samples."""
        if buffer.root.offset is None:
            root = buffer.root
            root.place(self.reserve(root.floats * self.samples))

    def place_gradient(self, buffer: Buffer) -> None:
        """Reserve memory for the gradient with respect to a buffer, of all samples."""
        root = buffer.gradient_root
        if root.gradient_offset is None:
            root.gradient_offset = self.reserve(aligned(root.size) * self.samples)
