"""Max and average pooling over windows."""

from typing import ClassVar

from convnet.layers import fields
from convnet.layers.base import Layer
from convnet.layers.builder import Builder
from convnet.layers.fields import Padding, parameter
from convnet.layers.geometry import need_map, pads2d, slide
from convnet.layers.registry import register
from convnet.values.fields import both
from convnet.values.value import immutable


@immutable
class _Pool2D(Layer):
    stem = "pool"
    takes = "map"
    kind: ClassVar[str]

    pool_size: int | tuple[int, int] = parameter(fields.pair(1), default=2, positional=True)
    stride: int | tuple[int, int] | None = parameter(fields.optional(fields.pair(1)), default=None)
    padding: str | Padding = parameter(fields.padding, default="valid")

    def check(self) -> None:
        if isinstance(self.padding, str):
            return
        around: tuple[int | tuple[int, int], int | tuple[int, int]] = both(self.padding)
        for window, padding in zip(both(self.pool_size), around, strict=True):
            if max(both(padding)) >= window:  # a window could lie in the padding alone
                raise ValueError(
                    f"{type(self).__name__}: padding must be smaller than pool_size; "
                    f"got {self.padding} and {self.pool_size}"
                )

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        need_map(input_shape)
        size, stride = self._window()
        return (*slide("window", input_shape, size, stride, self.padding), input_shape[2])

    def lower(self, builder: Builder) -> None:
        size, stride = self._window()
        padding = pads2d(self.padding, builder.shape, size, stride)
        builder.pool2d(self.kind, size=size, stride=stride, padding=padding)

    def _window(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return both(self.pool_size), both(self.pool_size if self.stride is None else self.stride)


@register
class MaxPool2D(_Pool2D):
    """Largest value of each window, channel by channel; padding never wins.

    Parameters
    ----------
    pool_size : int or (height, width), default=2
        Size of the window.
    stride : int or (vertical, horizontal), default=None
        Step between windows; None is `pool_size`.
    padding : "valid", "same", int, (vertical, horizontal) or ((top, bottom), (left, right)), default="valid"
        Padding around the input, less than the window. Pixels that fill no window are dropped.
    name : str, default=None
        See `Layer`.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the input is flat, or smaller than the window.

    Notes
    -----
    Shapes: (h, w, c) → (⌊(h + padding - size) / stride⌋ + 1, the same of w, c). No parameters.

    References
    ----------
    .. [1] Y. Boureau, J. Ponce and Y. LeCun, "A Theoretical Analysis of Feature Pooling in Visual Recognition", ICML
           2010. Names and sizes are those of Keras's ``MaxPooling2D``.

    Examples
    --------
    >>> from convnet.layers import MaxPool2D
    >>> MaxPool2D(2).output_shape((5, 4, 3))
    (2, 2, 3)
    """

    kind = "max"


@register
class AvgPool2D(_Pool2D):
    """Mean of each window, channel by channel; padding is left out of the mean.

    Parameters
    ----------
    pool_size : int or (height, width), default=2
        Size of the window.
    stride : int or (vertical, horizontal), default=None
        Step between windows; None is `pool_size`.
    padding : "valid", "same", int, (vertical, horizontal) or ((top, bottom), (left, right)), default="valid"
        Padding around the input, less than the window. Pixels that fill no window are dropped.
    name : str, default=None
        See `Layer`.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the input is flat, or smaller than the window.

    Notes
    -----
    Shapes: (h, w, c) → (⌊(h + padding - size) / stride⌋ + 1, the same of w, c). No parameters.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-Based Learning Applied to Document Recognition",
           Proceedings of the IEEE 86, 1998. Names and sizes are those of Keras's ``AveragePooling2D``.

    Examples
    --------
    >>> from convnet.layers import AvgPool2D
    >>> AvgPool2D(3, stride=2, padding="same").output_shape((5, 4, 3))
    (3, 2, 3)
    """

    kind = "avg"
