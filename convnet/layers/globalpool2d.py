"""Global max and average pooling: a map to one value a channel."""

from dataclasses import dataclass
from typing import ClassVar

from convnet.layers.base import Layer
from convnet.layers.geometry import need_map
from convnet.layers.registry import register


@dataclass(frozen=True, repr=False)
class _GlobalPool2D(Layer):
    stem = "globalpool"
    takes = "map"
    kind: ClassVar[str]

    def output_shape(self, input_shape):
        need_map(input_shape)
        return (input_shape[2],)

    def lower(self, builder):
        builder.global_pool2d(self.kind)


@register
class GlobalAvgPool2D(_GlobalPool2D):
    """Mean of each channel over the whole map.

    Parameters
    ----------
    name : str, default=None
        See `Layer`.
    """

    kind = "avg"


@register
class GlobalMaxPool2D(_GlobalPool2D):
    """Largest value of each channel over the whole map.

    Parameters
    ----------
    name : str, default=None
        See `Layer`.
    """

    kind = "max"
