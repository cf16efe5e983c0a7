"""Batch normalization."""

from convnet.layers.base import Builder, Layer, register
from convnet.values.constraints import is_integer, number, parameter

_momentum = number(0, 0.9999).with_hint(
    lambda value: (
        " The number of channels follows from the layer before: write BatchNorm()."
        * is_integer(value)
    )
)


@register
class BatchNorm(Layer):
    """Normalizes each channel to mean 0 and variance 1, then applies a learned scale and offset.

    Training uses the statistics of the batch, and prediction uses their running averages.

    Parameters
    ----------
    momentum : float, default=0.9
        Share of the running statistics that a step keeps, from 0 to 0.9999.
    epsilon : float, default=1e-5
        Constant added to the variance, from 1e-12 to 1.

    Notes
    -----
    The shape does not change. The last axis holds the channels. y = gamma (x - mean) / √(variance + epsilon) + beta. In
    training, mean and variance (divided by n, not n - 1) are those of a channel over the batch and the map.
    Parameters: gamma and beta (c,), learned without weight decay; moving_mean and moving_variance (c,), which are
    updated without a gradient.

    References
    ----------
    .. [1] S. Ioffe and C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal
           Covariate Shift", ICML 2015, https://arxiv.org/abs/1502.03167

    Examples
    --------
    >>> from convnet.layers import BatchNorm
    >>> BatchNorm().output_shape((14, 14, 64))
    (14, 14, 64)
    """

    stem = "batchnorm"

    momentum: float = parameter(_momentum, default=0.9)
    epsilon: float = parameter(number(1e-12, 1), default=1e-5)

    def lower(self, builder: Builder) -> None:
        channels = builder.shape[-1:]
        parameters = {
            "gamma": builder.parameter("gamma", channels, start=1.0),
            "beta": builder.parameter("beta", channels),
            "mean": builder.parameter("moving_mean", channels, trainable=False),
            "variance": builder.parameter(
                "moving_variance", channels, start=1.0, trainable=False, least=0.0
            ),
        }
        builder.emit(
            "BatchNormOp", parameters=parameters, momentum=self.momentum, epsilon=self.epsilon
        )
