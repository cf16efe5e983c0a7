"""Group normalization."""

from typing import Any

from convnet.layers.base import Builder, Layer, register
from convnet.layers.geometry import require_groups
from convnet.values.constraints import MAX_INTEGER, Constraint, integer, number, parameter

PER_CHANNEL = -1


def _groups(value: Any) -> int:
    groups = integer(PER_CHANNEL).convert(value)
    if groups == 0:
        raise ValueError
    return groups


@register
class GroupNorm(Layer):
    """Normalizes each sample over the map and groups of channels, then applies a learned scale and offset.

    The statistics are those of the sample itself, in training and in prediction. So it suits small batches.

    Parameters
    ----------
    groups : int, default=32
        Number of groups of adjacent channels. 1 normalizes over all channels together (layer normalization); -1 makes
        each channel a group (instance normalization).
    epsilon : float, default=1e-5
        Constant added to the variance, from 1e-12 to 1.

    Raises
    ------
    LayerShapeError
        In ``fit``, with the position in the spec: the channels cannot be divided into so many groups.

    Notes
    -----
    The shape does not change. The last axis holds the channels. y = gamma (x - mean) / √(variance + epsilon) + beta.
    Mean and variance (divided by n, not n - 1) are those of a group of channels over the map of a sample. Parameters:
    gamma and beta (c,), learned without weight decay.

    References
    ----------
    .. [1] Y. Wu and K. He, "Group Normalization", ECCV 2018, https://arxiv.org/abs/1803.08494. Parameters follow
           Keras's ``GroupNormalization``, and PyTorch's ``GroupNorm`` for `epsilon`.

    Examples
    --------
    >>> from convnet.layers import GroupNorm
    >>> GroupNorm(8).output_shape((14, 14, 64))
    (14, 14, 64)
    """

    stem = "groupnorm"

    groups: int = parameter(
        Constraint(f"an integer from 1 to {MAX_INTEGER}, or -1", _groups),
        default=32,
        positional=True,
    )
    epsilon: float = parameter(number(1e-12, 1), default=1e-5)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        require_groups(input_shape[-1], self._groups_of(input_shape[-1]))
        return input_shape

    def lower(self, builder: Builder) -> None:
        channels = builder.shape[-1]
        parameters = {
            "gamma": builder.parameter("gamma", (channels,), start=1.0),
            "beta": builder.parameter("beta", (channels,)),
        }
        builder.emit(
            "GroupNormOp",
            parameters=parameters,
            groups=self._groups_of(channels),
            epsilon=self.epsilon,
        )

    def _groups_of(self, channels: int) -> int:
        return channels if self.groups == PER_CHANNEL else self.groups
