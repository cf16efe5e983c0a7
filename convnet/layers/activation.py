"""Activation, ReLU and PReLU: activations as separate layers. Also the names of all activations."""

from typing import Any

from convnet.engine import ACTIVATIONS
from convnet.layers.base import Builder, Layer, register
from convnet.values import foreign_tables
from convnet.values.constraints import choice, is_integer, optional, parameter
from convnet.values.foreign_names import as_code
from convnet.values.messages import did_you_mean

# the functions of one value, that with a parameter, and that of several values
_NAMES = (*ACTIVATIONS, "prelu", "softmax")
_name = choice(*_NAMES, elsewhere=foreign_tables.ACTIVATIONS)


def _hint(value: Any) -> str:
    """Return a hint for the layer `Activation`, or for PyTorch's order of arguments."""
    if is_integer(value):
        units = as_code(value)
        return f" Layers do not take the number of their inputs: PyTorch's Linear(n, {units}) is Dense({units})."
    inside = getattr(value, "activation", None)  # of a layer
    return did_you_mean(inside, _NAMES, foreign_tables.ACTIVATIONS)


activation_name = optional(_name.with_hint(_hint))


@register
class Activation(Layer):
    """Applies a function to each value.

    Parameters
    ----------
    activation : str
        "relu", "relu6", "leaky_relu", "elu", "gelu", "silu", "mish", "softplus", "sigmoid", "tanh", "hard_sigmoid",
        "hard_swish", "prelu", "softmax" or "linear".

    Notes
    -----
    The shape does not change. No parameters, except for "prelu", which has those of `PReLU`. Φ is the cumulative
    distribution function of the normal distribution.

    - relu: max(x, 0)
    - relu6: min(max(x, 0), 6)
    - leaky_relu: x where x > 0, else 0.01 x
    - elu: x where x > 0, else exp(x) - 1
    - gelu: x Φ(x), exact
    - silu: x / (1 + exp(-x))
    - mish: x tanh(log(1 + exp(x)))
    - softplus: log(1 + exp(x))
    - sigmoid: 1 / (1 + exp(-x))
    - tanh: the hyperbolic tangent
    - hard_sigmoid: min(max(x + 3, 0), 6) / 6
    - hard_swish: x hard_sigmoid(x)
    - prelu: x where x > 0, else alpha x, with a learned alpha of each channel; see `PReLU`
    - softmax: exp(x) / Σ exp(x), the sum being over the channels of the pixel, or over the features of flat data
    - linear: x

    relu, relu6, leaky_relu, elu, gelu, silu, mish, softplus, hard_swish and prelu are rectifiers: for negative x, they
    are 0 or close to 0.

    ``fit`` raises if the last layer is a "softmax", because the automatic output layer has one already.

    References
    ----------
    .. [1] V. Nair and G. Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines", ICML 2010.
    .. [2] A. Maas, A. Hannun and A. Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models", ICML 2013.
    .. [3] D. Clevert, T. Unterthiner and S. Hochreiter, "Fast and Accurate Deep Network Learning by Exponential Linear
           Units", ICLR 2016, https://arxiv.org/abs/1511.07289
    .. [4] D. Hendrycks and K. Gimpel, "Gaussian Error Linear Units", 2016, https://arxiv.org/abs/1606.08415
    .. [5] M. Sandler, A. Howard, M. Zhu, A. Zhmoginov and L. Chen, "MobileNetV2: Inverted Residuals and Linear
           Bottlenecks", CVPR 2018, https://arxiv.org/abs/1801.04381 (relu6)
    .. [6] A. Howard et al., "Searching for MobileNetV3", ICCV 2019, https://arxiv.org/abs/1905.02244 (hard_sigmoid,
           hard_swish)
    .. [7] D. Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", BMVC 2020,
           https://arxiv.org/abs/1908.08681

    Examples
    --------
    >>> from convnet.layers import Activation
    >>> Activation("tanh").output_shape((5, 5, 4))
    (5, 5, 4)
    """

    stem = "activation"

    activation: str | None = parameter(activation_name)

    def lower(self, builder: Builder) -> None:
        builder.activation(self.activation)


@register
class ReLU(Layer):
    """Applies max(x, 0) to each value, as ``Activation("relu")`` does.

    Notes
    -----
    The shape does not change. No parameters.

    References
    ----------
    .. [1] V. Nair and G. Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines", ICML 2010.

    Examples
    --------
    >>> from convnet.layers import ReLU
    >>> ReLU().output_shape((5, 5, 4))
    (5, 5, 4)
    """

    stem = "activation"

    def lower(self, builder: Builder) -> None:
        builder.activation("relu")


@register
class PReLU(Layer):
    """Multiplies negative values by a slope that is learned for each channel.

    It is the same as ``Activation("prelu")``. Layers with an `activation` accept the name too: the slopes of a
    ``Conv2D(16, 3, activation="prelu")`` named conv1 are "conv1/alpha".

    Notes
    -----
    The shape does not change. y = x where x > 0, else alpha x. The last axis holds the channels. Parameters: alpha
    (c,). It starts at 0.25 and is learned without weight decay, which would pull the slope towards that of a ReLU.

    One slope for each channel is the channel-wise variant of [1]_:

    - PyTorch's ``PReLU(c)``, whose parameter is called weight. ``PReLU()`` has one slope for all channels;
      `init_weights` copies it to each channel, and training then learns them separately.
    - Keras's ``PReLU(shared_axes=[1, 2])`` for maps, ``PReLU(shared_axes=[1])`` for signals, and ``PReLU()`` for flat
      data. Without `shared_axes`, Keras learns a slope for each pixel, which has no counterpart here. Keras's slopes
      start at 0.

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren and J. Sun, "Delving Deep into Rectifiers: Surpassing Human-Level Performance on
           ImageNet Classification", ICCV 2015, https://arxiv.org/abs/1502.01852

    Examples
    --------
    >>> from convnet.layers import PReLU
    >>> PReLU().output_shape((5, 5, 4))
    (5, 5, 4)
    """

    stem = "activation"

    def lower(self, builder: Builder) -> None:
        builder.activation("prelu")
