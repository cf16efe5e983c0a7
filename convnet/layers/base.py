"""The base of all layers."""

from __future__ import annotations

from typing import ClassVar

from convnet.layers.builder import Builder
from convnet.layers.fields import layer_name, parameter
from convnet.values.value import Value, immutable


@immutable
class Layer(Value):
    """One layer of a spec: a value that can be compared, hashed, printed and stored.

    A subclass declares its fields with `parameter`, is decorated with `register`, and gives
    `output_shape` and `lower`. Fields are checked and normalised when a layer is built.

    Parameters
    ----------
    name : str, default=None
        Name in ``layers__<name>__<field>`` and ``weights_["<name>/weights"]``; by default a number is
        put after the layer's `stem`: "conv1".
    """

    stem: ClassVar[str] = "layer"
    takes: ClassVar[str] = (
        "any"  # input: "map", "signal", "flat" (a Flatten is put in front) or "any"
    )

    layers: ClassVar[tuple[Layer, ...]] = ()  # those inside it

    name: str | None = parameter(layer_name, default=None, kw_only=True)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape that leaves the layer.

        Parameters
        ----------
        input_shape : tuple of int
            (height, width, channels) or (features,).

        Returns
        -------
        output_shape : tuple of int
            Alike.

        Raises
        ------
        LayerShapeError
            With the cause and the remedy, if the layer cannot take that shape.
        """
        return input_shape

    def lower(self, builder: Builder) -> None:
        """Emit the layer's operations.

        Parameters
        ----------
        builder : convnet.graph.plan.builder.Builder
            To be called; its ``shape`` is the input shape.

        Raises
        ------
        TypeError
            The type has none: it is a base of others.
        """
        raise TypeError(f"{type(self).__name__} has no lower: it is no layer of a net by itself")
