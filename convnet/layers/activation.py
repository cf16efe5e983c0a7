"""Activation and ReLU: activations as separate layers. Also the names of all activations."""

from typing import Any

from convnet.engine import ACTIVATIONS
from convnet.layers.base import Builder, Layer, register
from convnet.values import foreign_tables
from convnet.values.constraints import choice, is_integer, optional, parameter
from convnet.values.foreign_names import as_code
from convnet.values.messages import did_you_mean

# "softmax" passes here. The plan refuses it, with the position of the layer and the reason.
_name = choice(*ACTIVATIONS, also=("softmax",), elsewhere=foreign_tables.ACTIVATIONS)


def _hint(value: Any) -> str:
    """Return a hint for the layer `Activation`, or for PyTorch's order of arguments."""
    if is_integer(value):
        units = as_code(value)
        return f" Layers do not take the number of their inputs: PyTorch's Linear(n, {units}) is Dense({units})."
    inside = getattr(value, "activation", None)  # of a layer
    return did_you_mean(inside, ACTIVATIONS, foreign_tables.ACTIVATIONS)


activation_name = optional(_name.with_hint(_hint))


@register
class Activation(Layer):
    """Applies a function to each value.

    Parameters
    ----------
    activation : str
        "relu", "relu6", "leaky_relu", "elu", "gelu", "silu", "mish", "softplus", "sigmoid", "tanh", "hard_sigmoid",
        "hard_swish" or "linear".

    Notes
    -----
    The shape does not change. No parameters. Φ is the cumulative distribution function of the normal distribution.

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
    - linear: x

    relu, relu6, leaky_relu, elu, gelu, silu, mish, softplus and hard_swish are rectifiers: for negative x, they are 0
    or close to 0.

    ``fit`` raises for "softmax", which belongs to the automatic output layer.

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
