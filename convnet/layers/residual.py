"""Residual blocks: layers whose output is added to their input."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from convnet.layers.activation import activation_name
from convnet.layers.base import LAYERS, Builder, Layer, register
from convnet.layers.conv1d import Conv1D
from convnet.layers.conv2d import Conv2D
from convnet.layers.dense import Dense
from convnet.layers.geometry import LayerShapeError, cross
from convnet.layers.spec import check_size, resolve_names
from convnet.values.constraints import parameter
from convnet.values.messages import show
from convnet.values.spec import as_values

SHORTCUT = "shortcut"  # name of the projection: "residual1/shortcut"


def _block(value: object) -> tuple[Layer, ...]:
    """Check a list of layers or their dicts. Paths and text are not accepted, so that a spec cannot read files."""
    if not isinstance(value, list | tuple):
        raise TypeError(f"must be a list of layers; got {show(value)}")
    if not value:
        raise ValueError("must have at least one layer; got an empty list")
    check_size(value, depth=1)
    layers = as_values(LAYERS, value)
    resolve_names(layers, {SHORTCUT: "the projection of a Residual"})
    return layers


@register
class Residual(Layer):
    """Adds the output of its layers to their input, then applies an activation.

    If the layers change the shape, a projection changes the input to the same shape before the addition (option B of
    [1]_): a 1×1 convolution with the smallest stride that gives this height and width, or a dense layer for flat data.
    The projection is linear, has a bias and is named "shortcut".

    Parameters
    ----------
    layers : list of Layer or dict
        At least one layer. Residual layers can be nested, at most 8 deep. Layers without a name are numbered within the
        block, and their weights have names such as ``"residual1/conv1/weights"``.
    activation : str, default=None
        Function applied to the sum, such as "relu". `Activation` lists the names. "relu" gives the block of [1]_. None
        applies no function and gives the block of [2]_.

    Raises
    ------
    TypeError, ValueError
        When the layer is built: `layers` is empty or not a list, is nested too deeply, has two layers of the same name
        or one named "shortcut", or a layer in it cannot be built.
    LayerShapeError
        In ``fit``, with the position of the layer in the block: a layer does not fit its input, a map becomes flat, or
        no stride of the shortcut gives the size of the output.

    Notes
    -----
    The shape is that of the last layer. From (h, w, c) to (oh, ow, oc) the shortcut has stride
    (⌈h / oh⌉, ⌈w / ow⌉), weights (1, 1, c, oc) and bias (oc,).

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren and J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016,
           https://arxiv.org/abs/1512.03385.
    .. [2] K. He, X. Zhang, S. Ren and J. Sun, "Identity Mappings in Deep Residual Networks", ECCV 2016,
           https://arxiv.org/abs/1603.05027.

    Examples
    --------
    >>> from convnet.layers import BatchNorm, Conv2D, ReLU, Residual
    >>> block = [Conv2D(32, 3, padding="same", stride=2), BatchNorm(), ReLU(), Conv2D(32, 3, padding="same")]
    >>> Residual([*block, BatchNorm()], activation="relu").output_shape((28, 28, 16))
    (14, 14, 32)
    """

    stem = "residual"

    layers: tuple[Layer, ...] = parameter(_block)  # type: ignore[misc]  # a class variable of other layers, a field here
    activation: str | None = parameter(activation_name, default=None)

    if TYPE_CHECKING:  # accepts a list, and dicts in it

        def __init__(
            self,
            layers: Sequence[Layer | dict[str, Any]],
            activation: str | None = None,
            *,
            name: str | None = None,
        ) -> None: ...

    @property
    def takes(self) -> str:  # type: ignore[override]
        """The form of input that the first layer with a requirement takes."""
        return next((layer.takes for layer in self.layers if layer.takes != "any"), "any")

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        shape, trail = input_shape, list[tuple[int, ...]]()
        for i, (name, layer) in enumerate(
            zip(resolve_names(self.layers), self.layers, strict=True)
        ):
            try:
                if layer.takes == "flat" and len(shape) > 1:
                    raise _flattens(shape)
                shape = tuple(layer.output_shape(shape))
            except LayerShapeError as error:
                raise error.inside(f"layers[{i}] {show(name)}", trail) from None
            trail.append(shape)
        if shape != input_shape:
            _projection(input_shape, shape)
        return shape

    def lower(self, builder: Builder) -> None:
        source = builder.shape
        shortcut = builder.fork()
        for name, layer in zip(resolve_names(self.layers), self.layers, strict=True):
            builder.lower(name, layer)
        if builder.shape != source:
            projection = _projection(source, builder.shape)
            body = builder.switch(shortcut)
            builder.lower(SHORTCUT, projection)
            shortcut = builder.switch(body)
        builder.emit("AddOp", other=shortcut.output)
        builder.activation(self.activation)


def _projection(source: tuple[int, ...], target: tuple[int, ...]) -> Layer:
    """Return the layer that changes one shape into the other; raise LayerShapeError if none can."""
    if len(source) != len(target):
        raise _flattens(source)
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
