"""Output sizes and padding of windows that slide over a map, and the error that they raise.

Shapes are (height, width, channels) for maps, (length, channels) for signals and (features,) for flat data.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from convnet.layers.fields import Padding
from convnet.values.fields import both

Pair: TypeAlias = tuple[int, int]
Shape: TypeAlias = tuple[int, ...]


class LayerShapeError(ValueError):
    """An input shape that a layer cannot take.

    Parameters
    ----------
    cause : str
        What does not fit, without a full stop: ``kernel 3×3 does not fit its 1×1 input``.
    remedy : str
        What to do about it, a sentence.
    where : tuple of str, default=()
        The layers inside the one that was asked, from the outside in: ``layers[0] 'conv1'``.
    trail : tuple of tuple, default=()
        The shapes up to there, after the one that was asked about.
    """

    def __init__(
        self, cause: str, remedy: str, where: tuple[str, ...] = (), trail: tuple[Shape, ...] = ()
    ) -> None:
        super().__init__(cause, remedy, where, trail)
        self.cause, self.remedy, self.where, self.trail = cause, remedy, where, trail

    def inside(self, where: str, trail: Sequence[Shape]) -> LayerShapeError:
        """Return the error of the layer around the one that raised it.

        Parameters
        ----------
        where : str
            The one that raised it: ``layers[0] 'conv1'``.
        trail : sequence of tuple
            The shapes from the input of the layer around it to that of the one that raised it.

        Returns
        -------
        error : LayerShapeError
            With both in front of what it had.
        """
        trail = (*trail, *self.trail)
        return LayerShapeError(self.cause, self.remedy, (where, *self.where), trail)

    def __str__(self) -> str:
        return f"{''.join(f'{where}: ' for where in self.where)}{self.cause}. {self.remedy}"


def span(k: int, d: int = 1) -> int:
    """Return how many pixels a kernel of k taps covers at dilation d: d (k - 1) + 1."""
    return d * (k - 1) + 1


def output_size(n: int, k: int, s: int, p_total: int, d: int = 1) -> int:
    """Return floor((n + p_total - span(k, d)) / s) + 1; less than 1 where the window does not fit."""
    return (n + p_total - span(k, d)) // s + 1


def pads(padding: str | int | Pair, size: int, kernel: int, stride: int, dilation: int = 1) -> Pair:
    """Return (before, after) of one axis; `padding` is "valid", "same", an integer or such a pair.

    "same" gives ceil(size / stride) outputs; an odd pixel of padding goes last.
    """
    if isinstance(padding, str):
        wanted = (-(-size // stride) - 1) * stride + span(kernel, dilation)
        total = max(wanted - size, 0) if padding == "same" else 0
        return total // 2, total - total // 2
    return both(padding)


def pads2d(
    padding: str | Padding, shape: Shape, kernel: Pair, stride: Pair, dilation: Pair = (1, 1)
) -> tuple[Pair, Pair]:
    """Return ((top, bottom), (left, right)) for a field as `fields.padding` leaves it."""
    axes = padding if isinstance(padding, tuple) else (padding, padding)
    rows, columns = map(pads, axes, shape[:2], kernel, stride, dilation)
    return rows, columns


def slide(
    what: str,
    shape: Shape,
    kernel: Pair,
    stride: Pair,
    padding: str | Padding,
    dilation: Pair = (1, 1),
) -> Shape:
    """Return (height, width) of the output of a window; `what` names the window in the error."""
    around = pads2d(padding, shape, kernel, stride, dilation)
    out = tuple(
        output_size(n, k, s, sum(p), d)
        for n, k, s, p, d in zip(shape, kernel, stride, around, dilation, strict=False)
    )
    if min(out) < 1:
        spread = f" (dilated to {cross(map(span, kernel, dilation))})" if max(dilation) > 1 else ""
        padded = [n + sum(p) for n, p in zip(shape, around, strict=False)]
        more = f" padded to {cross(padded)}" if padded != list(shape[:2]) else ""
        raise LayerShapeError(
            f"{what} {cross(kernel)}{spread} does not fit its {cross(shape[:2])} input{more}",
            'Use padding="same" or remove a pooling layer.',
        )
    return out


def slide1d(
    what: str, length: int, kernel: int, stride: int, padding: str | int | Pair, dilation: int = 1
) -> int:
    """Return the length of the output of a window over a signal; `what` names the window in the error."""
    around = sum(pads(padding, length, kernel, stride, dilation))
    out = output_size(length, kernel, stride, around, dilation)
    if out < 1:
        spread = f" (dilated to {span(kernel, dilation)})" if dilation > 1 else ""
        padded = f" padded to {length + around}" if around else ""
        raise LayerShapeError(
            f"{what} {kernel}{spread} does not fit its input of length {length}{padded}",
            'Use padding="same" or remove a pooling layer.',
        )
    return out


def need_map(shape: Shape) -> None:
    """Raise LayerShapeError unless `shape` is a map's."""
    if len(shape) == 2:
        raise LayerShapeError(
            f"it needs a (height, width, channels) map but its input is a signal, {cross(shape)}",
            "Use the layers for signals, e.g. Conv1D, or give X as maps.",
        )
    if len(shape) != 3:
        raise LayerShapeError(
            f"it needs a (height, width, channels) map but its input is flat, {shape[0]} features",
            "Put it before Flatten, Dense and global pooling, or set input_shape, e.g. (28, 28, 1).",
        )


def need_signal(shape: Shape) -> None:
    """Raise LayerShapeError unless `shape` is a signal's."""
    if len(shape) == 3:
        raise LayerShapeError(
            f"it needs a (length, channels) signal but its input is a map, {cross(shape)}",
            "Use the layers for maps, e.g. Conv2D, or give X as (n, length, channels).",
        )
    if len(shape) != 2:
        raise LayerShapeError(
            f"it needs a (length, channels) signal but its input is flat, {shape[0]} features",
            "Put it before Flatten, Dense and global pooling, or set input_shape, e.g. (784, 1).",
        )


def need_groups(channels: int, groups: int) -> None:
    """Raise LayerShapeError if the channels of the input cannot be cut into so many groups."""
    if channels % groups:
        raise LayerShapeError(
            f"its {channels} input channels cannot be cut into {groups} groups",
            f"Set groups to a divisor of {channels}.",
        )


def cross(sizes: Iterable[int]) -> str:
    """Return "3×5" for (3, 5)."""
    return "×".join(map(str, sizes))
