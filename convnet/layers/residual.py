"""Residual block: layers whose output is added to their input."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from convnet.layers import fields
from convnet.layers.base import Layer
from convnet.layers.builder import Builder
from convnet.layers.conv1d import Conv1D
from convnet.layers.conv2d import Conv2D
from convnet.layers.dense import Dense
from convnet.layers.fields import parameter
from convnet.layers.geometry import LayerShapeError, cross
from convnet.layers.registry import LAYERS, register
from convnet.layers.spec import check_size, resolve_names
from convnet.values.fields import show
from convnet.values.spec import as_values

SHORTCUT = "shortcut"  # name of the projection: "residual1/shortcut"


def _block(value: object) -> tuple[Layer, ...]:
    """Check a list of layers or their dicts. No path or text: a spec from a stranger reads no files."""
    if not isinstance(value, list | tuple):
        raise TypeError(f"must be a list of layers; got {show(value)}")
    if not value:
        raise ValueError("must have one layer or more; got an empty list")
    check_size(value, depth=1)
    layers = as_values(LAYERS, value)
    resolve_names(layers, {SHORTCUT: "the projection of a Residual"})
    return layers


@register
class Residual(Layer):
    """Layers whose output is added to their input, then an activation.

    Where the layers change the shape, the input goes through a projection before it is added (option B of [1]_): a 1×1
    convolution with the least stride that gives their height and width, or a dense layer for flat data. It is linear,
    has a bias and is called "shortcut".

    Parameters
    ----------
    layers : list of Layer or dict
        One or more. They may be Residual themselves, 8 deep at the most. Those without a name are numbered within the
        block; their weights have names such as ``"residual1/conv1/weights"``.
    activation : str, default=None
        Applied to the sum: "relu", "leaky_relu", "elu", "gelu", "silu", "sigmoid", "tanh" or None. [1]_ has
        "relu", [2]_ none.
    name : str, default=None
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        When it is built: `layers` is no list or empty, lies too deep, has two layers of one name or one called
        "shortcut", or a layer in it cannot be built.
    LayerShapeError
        In ``fit``, with the position of the layer in the block: a layer does not fit its input, a map becomes flat
        data, or its size becomes one that no stride of the shortcut gives.

    Notes
    -----
    Shapes: those of the layers one after the other. From (h, w, c) to (oh, ow, oc) the shortcut has stride
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

    layers: tuple[Layer, ...] = parameter(_block)  # type: ignore[misc]  # there for all, a field here
    activation: str | None = parameter(fields.activation, default=None)

    if TYPE_CHECKING:  # a list is taken, and dicts in it

        def __init__(
            self,
            layers: Sequence[Layer | dict[str, Any]],
            activation: str | None = None,
            *,
            name: str | None = None,
        ) -> None: ...

    @property
    def takes(self) -> str:  # type: ignore[override]
        """What the first layer that cares takes."""
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
                raise error.inside(f"layers[{i}] {name!r}", trail) from None
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
        builder.add(shortcut, activation=self.activation or "linear")


def _projection(source: tuple[int, ...], target: tuple[int, ...]) -> Layer:
    """Return the layer that gives one shape the other; LayerShapeError where there is none."""
    if len(source) != len(target):
        raise _flattens(source)
    if len(source) == 1:
        return Dense(target[0])
    stride = [-(-n // m) for n, m in zip(source[:-1], target[:-1], strict=True)]
    given = tuple(-(-n // s) for n, s in zip(source[:-1], stride, strict=True))
    if given != target[:-1]:
        raise LayerShapeError(
            f"its layers make {cross(target[:-1])} of its {cross(source[:-1])} input, which no stride of the "
            "shortcut does",
            'Use padding="same" in its layers.',
        )
    if len(source) == 2:
        return Conv1D(target[-1], 1, stride=stride[0])
    return Conv2D(target[-1], 1, stride=(stride[0], stride[1]))


def _flattens(shape: tuple[int, ...]) -> LayerShapeError:
    return LayerShapeError(
        f"it makes flat data inside a Residual whose {cross(shape[:-1])} input is to be added",
        "Put it after the Residual.",
    )
