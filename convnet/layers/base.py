"""Layer, the base class of all layers; Builder, which they call; and the registry of layers by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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
    smaller_output: ClassVar[str] = (
        "Use fewer filters or more pooling."  # the remedy for an output that is too large
    )

    # fields that hold layers, with the depth of the list: 1 for a list of layers, 2 for a list of such lists
    nested_fields: ClassVar[Mapping[str, int]] = {}
    inner_layers: ClassVar[tuple[Layer, ...]] = ()  # the layers directly inside this one
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


def flat_list(value: object) -> Iterator[Any]:
    """Yield the members of a list and of the lists in it, in order; nothing if `value` is not a list."""
    for member in value if isinstance(value, list | tuple) else ():
        if isinstance(member, list | tuple):
            yield from member
        else:
            yield member


class Builder(Protocol):
    """What a layer's `lower` may use.

    Attributes
    ----------
    shape : tuple of int
        Shape of the current output: (height, width, channels), (length, channels) or (features,).
    layer : str
        Name of the layer that is being lowered: "residual1/conv1" for a layer inside another.
    ops : list of Op
        The operations emitted so far, those of the layers before included.
    winograd : bool
        Whether convolutions may use Winograd's algorithm.
    """

    shape: tuple[int, ...]
    layer: str
    ops: list[Any]
    winograd: bool

    def emit(
        self,
        operation: str,
        shape: tuple[int, ...] | None = None,
        parameters: dict[str, Any] | None = None,
        into: Any = None,
        **options: Any,
    ) -> None:
        """Emit an operation that reads the current output and replaces it.

        Parameters
        ----------
        operation : str
            Name of its class in `convnet.graph.ops`, such as "Pool2DOp".
        shape : tuple of int, default=None
            Shape of its output. None is that of its input.
        parameters : dict, default=None
            Its parameters by role, from `parameter` and `weights`.
        into : object, default=None
            A map from `new_map` that it writes a part of. None makes a map of its own.
        **options : dict
            The other fields of the class. Pairs are (vertical, horizontal). Windows over signals have height 1.
        """

    def new_map(self, shape: tuple[int, ...]) -> Any:
        """Return a map of this shape, which several operations write together."""

    def parameter(self, role: str, shape: tuple[int, ...], **properties: Any) -> Any:
        """Declare a parameter of the layer. Its name is "<layer>/<role>", its properties are fields of `Parameter`."""

    def weights(
        self, layer: Any, shape: tuple[int, ...], *, fans: Pair, unit_axis: int = -1
    ) -> dict[str, Any]:
        """Declare the weights and, with `use_bias`, the bias of a `WeightedLayer`.

        `fans` are the numbers of inputs of an output, and of outputs of an input. `unit_axis` is the axis of the
        weights that belongs to the outputs.
        """

    def check_size(self, what: str, values: int) -> None:
        """Raise ValueError if `what` of the layer has too many values."""

    def activation(self, name: str | None) -> None:
        """Emit an activation. None and "linear" emit nothing. "prelu" declares the parameter "alpha" of the layer."""

    def flatten(self) -> None:
        """Make the current output flat, without copying it."""

    def lower(self, name: str, layer: Layer) -> None:
        """Emit the operations of another layer, inside the layer that is being lowered, if any."""

    def fork(self) -> Branch:
        """Give the current output a second reader. Return that branch, whose end is its `output`."""

    def end(self) -> Branch:
        """Return the branch whose end is the current output."""

    def switch(self, branch: Branch) -> None:
        """Continue at the end of another branch."""


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
