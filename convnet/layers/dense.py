"""Fully connected layer."""

from convnet.layers import fields
from convnet.layers.base import Layer
from convnet.layers.builder import Builder
from convnet.layers.fields import parameter
from convnet.layers.registry import register
from convnet.layers.weighting import weighting


@register
class Dense(Layer):
    """Every output is a weighted sum of all inputs, then an activation; a map is flattened first.

    Parameters
    ----------
    units : int
        Number of outputs.
    activation : str, default=None
        "relu", "leaky_relu", "elu", "gelu", "silu", "sigmoid", "tanh" or None.
    use_bias : bool, default=True
        Whether each unit adds a learned constant.
    kernel_initializer : str, default=None
        How the weights start: "he_normal", "he_uniform", "glorot_normal", "glorot_uniform" or "orthogonal". None is
        "he_uniform" before a rectifier ("relu", "leaky_relu", "elu", "gelu", "silu"), else "glorot_uniform".
    l2 : float, default=None
        Penalty of the squared weights in place of the estimator's `alpha`, from 0 to 1000.
    max_norm : float, default=None
        The most that the 2-norm of a unit's weights may be, from 1e-6 to 1e6; None is no bound [2]_.
    name : str, default=None
        See `Layer`.

    Notes
    -----
    Shapes: (h, w, c) or (features,) → (units,). Parameters: weights (features, units) and bias (units,), where a map
    has h · w · c features.

    References
    ----------
    .. [1] D. Rumelhart, G. Hinton and R. Williams, "Learning Representations by Back-Propagating Errors", Nature 323,
           1986. Keras's ``Dense``.
    .. [2] How weights start: X. Glorot and Y. Bengio, AISTATS 2010; K. He, X. Zhang, S. Ren and J. Sun, "Delving Deep
           into Rectifiers", ICCV 2015; A. Saxe, J. McClelland and S. Ganguli, ICLR 2014 (orthogonal). Bounds of norms:
           N. Srivastava et al., "Dropout", JMLR 15, 2014.

    Examples
    --------
    >>> from convnet.layers import Dense
    >>> Dense(64, activation="relu").output_shape((100,))
    (64,)
    """

    stem = "dense"
    takes = "flat"

    units: int = parameter(fields.integer(1))
    activation: str | None = parameter(fields.activation, default=None)
    use_bias: bool = parameter(fields.boolean, default=True)
    kernel_initializer: str | None = parameter(fields.initializer, default=None)
    l2: float | None = parameter(fields.l2, default=None)
    max_norm: float | None = parameter(fields.max_norm, default=None)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return (self.units,)

    def lower(self, builder: Builder) -> None:
        builder.dense(self.units, **weighting(self))
