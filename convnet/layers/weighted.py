"""The base class of layers with weights: convolutions and dense layers."""

from convnet.layers.activation import activation_name
from convnet.layers.base import Layer
from convnet.values import foreign_tables
from convnet.values.constraints import boolean, choice, number, optional, parameter
from convnet.values.value import immutable

INITIALIZERS = ("he_normal", "he_uniform", "glorot_normal", "glorot_uniform", "orthogonal")
initializer = choice(*INITIALIZERS, elsewhere=foreign_tables.INITIALIZERS)


@immutable
class WeightedLayer(Layer):
    """A layer that computes weighted sums, adds a bias and applies an activation.

    Dataclasses order the fields of several base classes from the last one to the first. Subclasses name this one
    first, so that its fields stand behind their own.

    Parameters
    ----------
    activation : str, default=None
        Function applied to the output, such as "relu". `Activation` lists the names. None applies no function.
    use_bias : bool, default=True
        Whether to add a learned constant to each output channel or unit.
    kernel_initializer : str, default=None
        Distribution of the initial weights: "he_normal", "he_uniform", "glorot_normal", "glorot_uniform" or
        "orthogonal" [init]_. None means "he_uniform" before a rectifier such as "relu"
        (see `Activation`) and "glorot_uniform" otherwise.
    l2 : float, default=None
        Strength of the L2 penalty on the weights, from 0 to 1000. None means the estimator's `alpha`.
    max_norm : float, default=None
        Upper bound of the 2-norm of the weights of each output channel or unit, from 1e-6 to 1e6 [norm]_. None means
        no bound.

    References
    ----------
    .. [init] X. Glorot and Y. Bengio, AISTATS 2010; K. He, X. Zhang, S. Ren and J. Sun, "Delving Deep into Rectifiers",
           ICCV 2015; A. Saxe, J. McClelland and S. Ganguli, ICLR 2014 (orthogonal).
    .. [norm] N. Srivastava et al., "Dropout", JMLR 15, 2014.
    """

    activation: str | None = parameter(activation_name, default=None)
    use_bias: bool = parameter(boolean, default=True)
    kernel_initializer: str | None = parameter(optional(initializer), default=None)
    l2: float | None = parameter(optional(number(0, 1e3)), default=None)
    max_norm: float | None = parameter(optional(number(1e-6, 1e6)), default=None)
