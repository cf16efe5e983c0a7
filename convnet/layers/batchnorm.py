"""Batch normalisation."""

from convnet.layers import fields
from convnet.layers.base import Layer
from convnet.layers.builder import Builder
from convnet.layers.fields import parameter
from convnet.layers.registry import register


@register
class BatchNorm(Layer):
    """Each channel scaled to mean 0 and variance 1, then by a learned gamma and beta.

    Training uses the statistics of the batch; prediction uses their running means.

    Parameters
    ----------
    momentum : float, default=0.9
        Share of the old running value that a step keeps.
    epsilon : float, default=1e-5
        Added to the variance.
    name : str, default=None
        See `Layer`.

    Notes
    -----
    Shapes stay: the last axis is the channels. y = gamma (x - mean) / √(variance + epsilon) + beta; in training
    with the mean and the variance (divided by n, not n - 1) of a channel over the batch and the map. Parameters: gamma
    and beta (c,), learned and without weight decay; moving_mean and moving_variance (c,), which no gradient changes.

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

    momentum: float = parameter(fields.real(0, 0.9999), default=0.9)
    epsilon: float = parameter(fields.real(1e-12, 1), default=1e-5)

    def lower(self, builder: Builder) -> None:
        builder.batch_norm(momentum=self.momentum, epsilon=self.epsilon)
