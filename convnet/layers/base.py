"""Layer, the base class of all layers; Builder, which they call; and the registry of layers by name."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Protocol, TypeAlias

from convnet.layers import preset
from convnet.values import foreign_tables
from convnet.values.constraints import Constraint, optional, parameter
from convnet.values.registry import Registry
from convnet.values.value import Value, immutable

Branch: TypeAlias = Any  # of the graph; a layer only passes it back to the builder
Pair: TypeAlias = tuple[int, int]  # (vertical, horizontal), or (before, after)

# A name becomes part of layers__stem__filters and "stem/weights".
_NAME = re.compile(r"(?!-?\d+\Z)(?!.*__)(?!_)[A-Za-z0-9_-]{1,64}(?<!_)")


def _layer_name(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    if not _NAME.fullmatch(value):
        raise ValueError
    return str(value)


layer_name = Constraint(
    "a string of 1 to 64 letters, digits, single _ and -, without _ at either end, and not a number",
    _layer_name,
)


@immutable
class Layer(Value):
    """One layer of a spec: a value that can be compared, hashed, printed and stored.

    A subclass declares its fields with `parameter`, is decorated with `register`, and defines `output_shape` and
    `lower`. A layer checks and normalizes its fields when it is built.

    Parameters
    ----------
    name : str, default=None
        Name of the layer in ``layers__<name>__<field>`` and ``weights_["<name>/weights"]``. None gives the layer's
        `stem` and a number: "conv1".
    """

    stem: ClassVar[str] = "layer"
    takes: ClassVar[str] = "any"  # "map", "signal", "flat" (a Flatten is put in front) or "any"

    layers: ClassVar[tuple[Layer, ...]] = ()  # the layers inside this one
    foreign_parameters: ClassVar = foreign_tables.LAYER_PARAMETERS

    name: str | None = parameter(optional(layer_name), default=None, kw_only=True)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the output.

        Parameters
        ----------
        input_shape : tuple of int
            (height, width, channels), (length, channels) or (features,).

        Returns
        -------
        output_shape : tuple of int
            In the same form.

        Raises
        ------
        LayerShapeError
            If the layer cannot take this input. The message gives the cause and the remedy.
        """
        return input_shape

    def lower(self, builder: Builder) -> None:
        """Emit the operations of the layer.

        Parameters
        ----------
        builder : convnet.layers.base.Builder
            Collects the operations. Its ``shape`` is the input shape of the layer.

        Raises
        ------
        TypeError
            If the class is only a base class of layers.
        """
        raise TypeError(
            f"{type(self).__name__} does not define lower, so it cannot be used in a net"
        )


class Builder(Protocol):
    """What a layer's `lower` may call. Each method emits operations that read the current output and replace it.

    Pairs are (vertical, horizontal). Windows over signals have height 1.

    Attributes
    ----------
    shape : tuple of int
        Shape of the current output: (height, width, channels), (length, channels) or (features,).
    """

    shape: tuple[int, ...]

    def lower(self, name: str, layer: Layer) -> None:
        """Emit the operations of another layer, inside the layer that is being lowered, if any."""

    def fork(self) -> Branch:
        """Give the current output a second reader. Return that branch, for `switch` and `add`."""

    def switch(self, branch: Branch) -> Branch:
        """Continue with another branch. Return the branch that was current."""

    def add(self, branch: Branch, *, activation: str) -> None:
        """Emit the sum of the current output and a branch of the same shape, then an activation."""

    def conv2d(
        self,
        filters: int,
        *,
        kernel: Pair,
        stride: Pair,
        padding: tuple[Pair, Pair],
        dilation: Pair,
        groups: int,
        activation: str,
        use_bias: bool,
        initializer: str | None = None,
        l2: float | None = None,
        max_norm: float | None = None,
    ) -> None:
        """Emit a convolution, then an activation. `initializer`, `l2` and `max_norm` are as in `WeightedLayer`."""

    def pool2d(self, kind: str, *, size: Pair, stride: Pair, padding: tuple[Pair, Pair]) -> None:
        """Emit a "max" or "avg" pooling."""

    def global_pool2d(self, kind: str) -> None:
        """Emit a "max" or "avg" pooling of the whole map or signal to one value per channel, flat."""

    def dense(
        self,
        units: int,
        *,
        activation: str,
        use_bias: bool,
        initializer: str | None = None,
        l2: float | None = None,
        max_norm: float | None = None,
    ) -> None:
        """Emit a dense layer over flat data, then an activation. The other options are as in `WeightedLayer`."""

    def batch_norm(self, *, momentum: float, epsilon: float) -> None:
        """Emit a batch normalization of each channel."""

    def dropout(self, rate: float, *, whole_channels: bool = False) -> None:
        """Emit a dropout of values, or of whole channels of a map. A rate of 0 emits nothing."""

    def zero_pad2d(self, padding: tuple[Pair, Pair]) -> None:
        """Emit zeros around a map. A padding of 0 emits nothing."""

    def rescale(self, scale: float, offset: float) -> None:
        """Emit a scale and an offset. 1 and 0 emit nothing."""

    def normalize(self, epsilon: float) -> None:
        """Emit a normalization of each channel by statistics that are learned before training."""

    def resize(self, size: Pair, *, methods: tuple[str, str]) -> None:
        """Emit a resized map. The current size emits nothing."""

    def activation(self, name: str) -> None:
        """Emit an activation. "linear" emits nothing."""

    def flatten(self) -> None:
        """Make the current map flat, without copying it."""


LAYERS = Registry(
    Layer,
    parameter="layers",
    noun="layer",
    example='{"type": "ReLU"}',
    word='"auto"',
    presets=preset.names,
    foreign=foreign_tables.LAYERS,
)
register = LAYERS.register
