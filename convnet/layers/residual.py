"""Residual blocks: layers whose output is added to their input."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from convnet.layers.activation import activation_name
from convnet.layers.base import Builder, Layer, register
from convnet.layers.chain import Link, chain, end_shape, required_input
from convnet.layers.conv1d import Conv1D
from convnet.layers.conv2d import Conv2D
from convnet.layers.dense import Dense
from convnet.layers.geometry import LayerShapeError, Shape, cross
from convnet.layers.parallel import checked_layers, lower_branches, merge_remedy
from convnet.values.constraints import number, parameter

SHORTCUT = "shortcut"  # name of the projection: "residual1/shortcut", and prefix of the names of other shortcuts
RESERVED = {SHORTCUT: "the shortcut of a Residual"}


def _body(value: object) -> tuple[Layer, ...]:
    layers = checked_layers(value, "layers", RESERVED)
    if not layers:
        raise ValueError("must have at least one layer; got an empty list")
    return layers


def _shortcut(value: object) -> tuple[Layer, ...] | None:
    return None if value is None else checked_layers(value, SHORTCUT)


@register
class Residual(Layer):
    """Adds the output of its layers to their input, then applies an activation.

    This is `Parallel` with two branches and ``merge="add"``. If the layers change the shape and there is no `shortcut`,
    a projection changes the input to the same shape before the addition (option B of [1]_): a 1×1 convolution with the
    smallest stride that gives this height and width, or a dense layer for flat data. The projection is linear, has a
    bias and is named "shortcut".

    Parameters
    ----------
    layers : list of Layer or dict
        At least one layer. Residual layers can be nested, at most 8 deep. Layers without a name are numbered within the
        block, and their weights have names such as ``"residual1/conv1/weights"``.
    shortcut : list of Layer or dict, default=None
        Layers that the input passes through before it is added, with names such as ``"residual1/shortcut/conv1"``. The
        shortcuts of torchvision's ResNets are a 1×1 convolution without bias and a batch normalization. ``[]`` is the
        identity. None is the identity or, if the shape changes, the projection described above.
    activation : str, default=None
        Function applied to the sum, such as "relu". `Activation` lists the names. "relu" gives the block of [1]_. None
        applies no function and gives the block of [2]_.
    drop_path : float, default=0.0
        Probability that the output of `layers` is dropped for a sample in training, from 0 to 0.999 (stochastic depth,
        [3]_). The sample then passes through the shortcut only. The outputs of the other samples are divided by
        1 - drop_path. Networks with many blocks mostly let it grow from 0 in the first block to 0.1 or 0.2 in the last.

    Raises
    ------
    TypeError, ValueError
        When the layer is built: `layers` is empty or not a list, is nested too deeply, has two layers of the same name
        or one named "shortcut", or a layer in it cannot be built. The same holds for `shortcut`, which may be empty.
    LayerShapeError
        In ``fit``, with the position of the layer in the block: a layer does not fit its input, a map becomes flat, no
        stride of the projection gives the size of the output, or the output of `shortcut` has another shape.

    Notes
    -----
    The shape is that of the last layer. From (h, w, c) to (oh, ow, oc) the projection has stride
    (⌈h / oh⌉, ⌈w / ow⌉), weights (1, 1, c, oc) and bias (oc,).

    In training, the block computes f(s(x) + m · g(x) / (1 - drop_path)) with its activation f, its shortcut s and its
    layers g. For each sample, m is 0 with probability `drop_path`, else 1. This is ``StochasticDepth(p, "row")`` of
    torchvision and ``DropPath`` of timm. Prediction drops nothing. The dropped samples depend on `random_state`, the
    epoch and the row of X, and not on the number of threads. Dropped samples go through `layers` too and count in the
    statistics of batch normalization.

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren and J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016,
           https://arxiv.org/abs/1512.03385.
    .. [2] K. He, X. Zhang, S. Ren and J. Sun, "Identity Mappings in Deep Residual Networks", ECCV 2016,
           https://arxiv.org/abs/1603.05027.
    .. [3] G. Huang, Y. Sun, Z. Liu, D. Sedra and K. Q. Weinberger, "Deep Networks with Stochastic Depth", ECCV 2016,
           https://arxiv.org/abs/1603.09382.

    Examples
    --------
    >>> from convnet.layers import BatchNorm, Conv2D, ReLU, Residual
    >>> block = [Conv2D(32, 3, padding="same", stride=2), BatchNorm(), ReLU(), Conv2D(32, 3, padding="same")]
    >>> Residual([*block, BatchNorm()], activation="relu").output_shape((28, 28, 16))
    (14, 14, 32)
    """

    stem = "residual"

    nested_fields: ClassVar[Mapping[str, int]] = {"layers": 1, "shortcut": 1}

    layers: tuple[Layer, ...] = parameter(_body)
    activation: str | None = parameter(activation_name, default=None)
    shortcut: tuple[Layer, ...] | None = parameter(_shortcut, default=None)
    drop_path: float = parameter(number(0, 0.999), default=0.0)

    if TYPE_CHECKING:  # accepts lists, and dicts in them

        def __init__(
            self,
            layers: Sequence[Layer | dict[str, Any]],
            activation: str | None = None,
            shortcut: Sequence[Layer | dict[str, Any]] | None = None,
            drop_path: float = 0.0,
            *,
            name: str | None = None,
        ) -> None: ...

    @property
    def inner_layers(self) -> tuple[Layer, ...]:  # type: ignore[override]
        """The layers of the body, then those of the shortcut."""
        return (*self.layers, *(self.shortcut or ()))

    @property
    def takes(self) -> str:  # type: ignore[override]
        """The form of input that the first layer with a requirement takes."""
        return required_input(self.layers)

    def output_shape(self, input_shape: Shape) -> Shape:
        shape, other = (end_shape(branch, input_shape) for branch in self._branches(input_shape))
        if shape != other:
            raise LayerShapeError(
                f"the outputs of its layers, {cross(shape)}, and of its shortcut, {cross(other)}, cannot be added",
                merge_remedy("add", {"its layers": shape, "its shortcut": other}),
            )
        return shape

    def lower(self, builder: Builder) -> None:
        branches = self._branches(builder.shape)
        lower_branches(builder, branches, "add", drop_path=self.drop_path)
        builder.activation(self.activation)

    def _branches(self, input_shape: Shape) -> tuple[list[Link], list[Link]]:
        """Return the layers of the body and those of the shortcut."""
        body = list(chain(self.layers, input_shape, reserved=RESERVED))
        shape = end_shape(body, input_shape)
        if self.shortcut is not None:
            return body, list(chain(self.shortcut, input_shape, where=SHORTCUT, prefix=SHORTCUT))
        shapes = [input_shape, *(link.shape for link in body)]
        for i, link in enumerate(body):
            if len(link.shape) != len(input_shape):
                raise _flattens(input_shape).inside(link.where, shapes[1 : i + 1])
        if shape == input_shape:
            return body, []
        return body, [Link(SHORTCUT, _projection(input_shape, shape), shape, SHORTCUT)]


def _projection(source: tuple[int, ...], target: tuple[int, ...]) -> Layer:
    """Return the layer that changes one shape into the other; raise LayerShapeError if none can."""
    if len(source) == 1:
        return Dense(target[0])
    stride = [-(-n // m) for n, m in zip(source[:-1], target[:-1], strict=True)]
    given = tuple(-(-n // s) for n, s in zip(source[:-1], stride, strict=True))
    if given != target[:-1]:
        raise LayerShapeError(
            f"its layers change its input from {cross(source[:-1])} to {cross(target[:-1])}, which no stride of the "
            "shortcut does",
            'Use padding="same" in its layers.',
        )
    if len(source) == 2:
        return Conv1D(target[-1], 1, stride=stride[0])
    return Conv2D(target[-1], 1, stride=(stride[0], stride[1]))


def _flattens(shape: tuple[int, ...]) -> LayerShapeError:
    return LayerShapeError(
        f"it makes flat data inside a Residual whose input of {cross(shape[:-1])} has to be added",
        "Put it after the Residual.",
    )
