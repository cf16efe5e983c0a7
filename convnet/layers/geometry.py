"""Windows that slide over a map: padding, output sizes, and errors about shapes that do not fit.

Shapes are (height, width, channels) for maps, (length, channels) for signals and (features,) for flat data.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from convnet.values.constraints import Constraint, both, choice, integer, pair

Pair: TypeAlias = tuple[int, int]
Shape: TypeAlias = tuple[int, ...]
Padding: TypeAlias = int | Pair | tuple[Pair, Pair]

MAX_VALUES = 2**28  # of a sample's map, halo included, or of a parameter: 1 GiB


class LayerShapeError(ValueError):
    """Raised if a layer cannot take the shape of its input.

    Parameters
    ----------
    cause : str
        What does not fit, without a period at the end: ``kernel 3×3 does not fit its 1×1 input``.
    remedy : str
        What to do about it, as a sentence.
    where : tuple of str, default=()
        Path from the layer that was asked to the one that raised, from the outside in: ``layers[0] 'conv1'``.
    trail : tuple of tuple, default=()
        Shapes on the way to the layer that raised, after the input shape.
    """

    def __init__(
        self, cause: str, remedy: str, where: tuple[str, ...] = (), trail: tuple[Shape, ...] = ()
    ) -> None:
        super().__init__(cause, remedy, where, trail)
        self.cause, self.remedy, self.where, self.trail = cause, remedy, where, trail

    def inside(self, where: str, trail: Sequence[Shape]) -> LayerShapeError:
        """Return the same error as seen from the layer around the one that raised it.

        Parameters
        ----------
        where : str
            The layer that raised it: ``layers[0] 'conv1'``.
        trail : sequence of tuple
            Shapes inside the outer layer, up to the input of the layer that raised.

        Returns
        -------
        error : LayerShapeError
            With `where` and `trail` in front of its own.
        """
        trail = (*trail, *self.trail)
        return LayerShapeError(self.cause, self.remedy, (where, *self.where), trail)

    def __str__(self) -> str:
        return f"{''.join(f'{where}: ' for where in self.where)}{self.cause}. {self.remedy}"


def _zeros2d(value: Any) -> Padding:
    """Return the shortest of equal forms: ((1, 1), (2, 2)) → (1, 2), (1, 1) → 1."""
    axis = pair(integer(0)).convert
    if not isinstance(value, list | tuple):
        return axis(value)
    if len(value) != 2:
        raise ValueError
    first, second = map(axis, value)
    if first == second and not isinstance(first, tuple):
        return first
    if isinstance(first, tuple) or isinstance(second, tuple):
        return both(first), both(second)
    return first, second


def _causal(value: object) -> str:
    """Return what Keras's "causal" is here."""
    causal = isinstance(value, str) and value.lower() == "causal"
    return " Write padding=(dilation * (kernel_size - 1), 0)." * causal


zeros2d = Constraint(
    "an integer, 0 or more, (vertical, horizontal) or ((top, bottom), (left, right))", _zeros2d
)
padding2d = choice("valid", "same") | zeros2d
padding1d = choice("valid", "same") | Constraint(
    "an integer, 0 or more, or (before, after)", pair(integer(0)).convert, _causal
)


def map_size(shape: tuple[int, ...]) -> Pair:
    """Return height and width of a map, or of a signal as a map of height 1."""
    height, width, _ = (1, *shape)[-3:]
    return height, width


def span(k: int, d: int = 1) -> int:
    """Return how many pixels a kernel of k taps covers at dilation d: d (k - 1) + 1."""
    return d * (k - 1) + 1


def output_size(n: int, k: int, s: int, p_total: int, d: int = 1) -> int:
    """Return floor((n + p_total - span(k, d)) / s) + 1, which is less than 1 if the window does not fit."""
    return (n + p_total - span(k, d)) // s + 1


def ceil_size(n: int, k: int, s: int, before: int, after: int) -> int:
    """Return ceil((n + before + after - k) / s) + 1, without a last window that begins in the padding after the input.

    The windows at the end may be cut. The result is less than 1 if not even a cut window fits.
    """
    size = -(-(n + before + after - k) // s) + 1
    return size - 1 if (size - 1) * s >= n + before else size


def resolve_padding(
    padding: str | int | Pair, size: int, kernel: int, stride: int, dilation: int = 1
) -> Pair:
    """Return (before, after) for one axis. `padding` is "valid", "same", an integer or such a pair.

    "same" gives ceil(size / stride) outputs. If the padding is odd, its last pixel goes after the input.
    """
    if isinstance(padding, str):
        wanted = (-(-size // stride) - 1) * stride + span(kernel, dilation)
        total = max(wanted - size, 0) if padding == "same" else 0
        return total // 2, total - total // 2
    return both(padding)


def transposed_crop(
    n: int, k: int, s: int, d: int, padding: str | int | Pair, output_padding: int | None
) -> tuple[int, int, int]:
    """Return what is cut off the output of a transposed convolution before and after it, and its size, for one axis.

    The n inputs reach (n - 1) s + span(k, d) outputs. Without `output_padding`, "same" gives n s outputs and "valid" at
    least as many. A negative value is what is added after them.
    """
    reach = (n - 1) * s + span(k, d)
    if not isinstance(padding, str):
        before, after = both(padding)
        size = reach - before - after + (output_padding or 0)
        return before, reach - before - size, size
    if output_padding is not None:
        half = span(k, d) // 2 if padding == "same" else 0
        size = reach - 2 * half + output_padding
    else:
        size = n * s if padding == "same" else max(reach, n * s)
    before = max(reach - size, 0) // 2
    return before, reach - before - size, size


@dataclass(frozen=True)
class Window:
    """A kernel or a pooling window that slides over a map, or over a signal as a map of height 1.

    Parameters
    ----------
    size : tuple of int
        (height, width); (1, length) over a signal. The other parameters have the same order.
    stride : tuple of int
        Step between windows.
    padding : tuple of tuple
        ((top, bottom), (left, right)) around the input.
    dilation : tuple of int, default=(1, 1)
        Distance between the pixels that a window reads.
    ceil_mode : bool, default=False
        Whether the windows at the end may be cut; see `ceil_size`. Only without dilation.
    """

    size: Pair
    stride: Pair
    padding: tuple[Pair, Pair]
    dilation: Pair = (1, 1)
    ceil_mode: bool = False

    def output_sizes(self, sizes: Sequence[int]) -> Pair:
        """Return (height, width) of the output for those of the input. They are less than 1 if it does not fit."""
        if self.ceil_mode:
            height, width = map(
                ceil_size, sizes, self.size, self.stride, *zip(*self.padding, strict=True)
            )
            return height, width
        height, width = map(
            output_size, sizes, self.size, self.stride, map(sum, self.padding), self.dilation
        )
        return height, width

    def output_shape(self, what: str, shape: Shape) -> Shape:
        """Return the shape of the output without its channels: (height, width), or (length,) of a signal.

        Raises
        ------
        LayerShapeError
            If the window does not fit its input. The message calls the window `what`.
        """
        sizes = shape[:-1]
        out = self.output_sizes((1, *sizes)[-2:])[-len(sizes) :]
        if min(out) < 1:
            size, dilation = self.size[-len(sizes) :], self.dilation[-len(sizes) :]
            padding = self.padding[-len(sizes) :]
            spread = (
                f" (dilated to {cross(map(span, size, dilation))})" if max(dilation) > 1 else ""
            )
            padded = tuple(n + sum(p) for n, p in zip(sizes, padding, strict=True))
            more = f" padded to {cross(padded)}" if padded != sizes else ""
            source = f"{cross(sizes)} input" if len(sizes) == 2 else f"input of length {sizes[0]}"
            raise LayerShapeError(
                f"{what} {cross(size)}{spread} does not fit its {source}{more}",
                'Set padding="same" in convolutions, or remove a pooling layer.',
            )
        return out


def map_window(
    shape: Shape,
    size: int | Pair,
    stride: int | Pair,
    padding: str | Padding,
    dilation: int | Pair = 1,
) -> Window:
    """Return the window over a map of `shape` that the fields of a 2-D layer describe."""
    size, stride, dilation = both(size), both(stride), both(dilation)
    axes = padding if isinstance(padding, tuple) else (padding, padding)
    rows, columns = map(resolve_padding, axes, shape[:2], size, stride, dilation)
    return Window(size, stride, (rows, columns), dilation)


def signal_window(
    shape: Shape, size: int, stride: int, padding: str | int | Pair, dilation: int = 1
) -> Window:
    """Return the window over a signal of `shape` that the fields of a 1-D layer describe."""
    around = resolve_padding(padding, shape[0], size, stride, dilation)
    return Window((1, size), (1, stride), ((0, 0), around), (1, dilation))


def require_input(takes: str, shape: Shape) -> None:
    """Raise LayerShapeError unless `shape` is that of a "map" or a "signal", whichever a layer takes."""
    if takes == "map" and len(shape) == 2:
        raise LayerShapeError(
            f"it needs a (height, width, channels) map but its input is a signal, {cross(shape)}",
            "Use the layers for signals, e.g. Conv1D, or pass X as maps.",
        )
    if takes == "map" and len(shape) != 3:
        raise LayerShapeError(
            f"it needs a (height, width, channels) map but its input is flat, {shape[0]} features",
            "Put it before Flatten, Dense and global pooling, or set input_shape, e.g. (28, 28, 1).",
        )
    if takes == "signal" and len(shape) == 3:
        raise LayerShapeError(
            f"it needs a (length, channels) signal but its input is a map, {cross(shape)}",
            "Use the layers for maps, e.g. Conv2D, or pass X as (n, length, channels).",
        )
    if takes == "signal" and len(shape) != 2:
        raise LayerShapeError(
            f"it needs a (length, channels) signal but its input is flat, {shape[0]} features",
            "Put it before Flatten, Dense and global pooling, or set input_shape, e.g. (784, 1).",
        )


def require_groups(channels: int, groups: int) -> None:
    """Raise LayerShapeError unless the input channels can be divided into `groups` equal groups."""
    if channels % groups:
        raise LayerShapeError(
            f"its {channels} input channels cannot be divided into {groups} groups",
            f"Set groups to a divisor of {channels}.",
        )


def cross(sizes: Iterable[int]) -> str:
    """Return "3×5" for (3, 5)."""
    return "×".join(map(str, sizes))
