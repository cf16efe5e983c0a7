"""Base classes of pooling layers: over windows, and over the whole input."""

from typing import ClassVar

from convnet.layers.base import Builder, Layer
from convnet.layers.geometry import Window, require_input
from convnet.values.value import immutable


@immutable
class Pool(Layer):
    """A layer that pools each channel over windows.

    Raises
    ------
    ValueError
        When the layer is built: the padding is not smaller than the window.
    LayerShapeError
        In ``fit``, with the position in the spec: the input has the wrong number of axes or is smaller than the
        window.
    """

    stem = "pool"
    kind: ClassVar[str]  # "max" or "avg"

    def check(self) -> None:
        window = self._window((1, 1, 1))
        if any(max(pad) >= size for size, pad in zip(window.size, window.padding, strict=True)):
            params = self.get_params()  # a window could see padding only
            raise ValueError(
                f"{type(self).__name__}: padding must be smaller than pool_size; "
                f"got {params['padding']} and {params['pool_size']}"
            )

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        require_input(self.takes, input_shape)
        window = self._window(input_shape)
        return (*window.output_shape("window", input_shape), input_shape[-1])

    def lower(self, builder: Builder) -> None:
        window = self._window(builder.shape)
        builder.pool2d(self.kind, size=window.size, stride=window.stride, padding=window.padding)

    def _window(self, shape: tuple[int, ...]) -> Window:
        raise NotImplementedError


@immutable
class GlobalPool(Layer):
    """A layer that pools each channel over the whole input.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the input has the wrong number of axes.
    """

    stem = "globalpool"
    kind: ClassVar[str]  # "max" or "avg"

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        require_input(self.takes, input_shape)
        return input_shape[-1:]

    def lower(self, builder: Builder) -> None:
        builder.global_pool2d(self.kind)
