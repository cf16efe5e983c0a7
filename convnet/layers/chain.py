"""Chains of layers: the name and the output shape of each, with a Flatten where a layer needs flat data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from convnet.layers.base import Layer
from convnet.layers.flatten import Flatten
from convnet.layers.geometry import MAX_VALUES, LayerShapeError, Shape, cross
from convnet.layers.spec import resolve_names

FLATTEN = "flatten"  # name of the layer that is inserted


@dataclass(frozen=True)
class Link:
    """A layer of a chain.

    Attributes
    ----------
    name : str
    layer : Layer
    shape : tuple of int
        Its output shape.
    where : str
        Its position, for errors: "layers[0] 'conv1'".
    """

    name: str
    layer: Layer
    shape: Shape
    where: str


def chain(
    layers: Sequence[Layer],
    input_shape: Shape,
    *,
    where: str = "layers",
    prefix: str = "",
    reserved: dict[str, str] | None = None,
) -> Iterator[Link]:
    """Yield the layers of a chain in order, and the Flatten layers that are inserted.

    Parameters
    ----------
    layers : sequence of Layer
    input_shape : tuple of int
        (height, width, channels), (length, channels) or (features,).
    where : str, default="layers"
        What `layers` is, for errors.
    prefix : str, default=""
        What the names begin with, before a "/".
    reserved : dict, default=None
        See `resolve_names`.

    Raises
    ------
    LayerShapeError
        If a layer does not fit its input, or its output would be too large. The error names the layer and the shapes
        before it.
    """
    shape, trail = tuple(input_shape), list[Shape]()
    prefix = f"{prefix}/" if prefix else ""
    for i, (name, layer) in enumerate(
        zip(resolve_names(layers, reserved, where), layers, strict=True)
    ):
        place = f"{where}[{i}] {name!r}"
        if layer.takes == "flat" and len(shape) > 1:
            shape = (prod(shape),)
            yield Link(f"{prefix}{FLATTEN}", Flatten(), shape, place)
        try:
            output = tuple(layer.output_shape(shape))
            if prod(output) > MAX_VALUES:
                raise LayerShapeError(
                    f"its output of {cross(output)} would have {prod(output):,} values; at most {MAX_VALUES:,} are "
                    "allowed",
                    layer.smaller_output,
                )
        except LayerShapeError as error:
            raise error.inside(place, trail) from None
        shape = output
        trail.append(shape)
        yield Link(f"{prefix}{name}", layer, shape, place)


def end_shape(links: Sequence[Link], input_shape: Shape) -> Shape:
    """Return the output shape of a chain; that of its input if it has no layers."""
    return links[-1].shape if links else tuple(input_shape)


def required_input(layers: Sequence[Layer]) -> str:
    """Return the form of input that the first layer with a requirement takes: "map", "signal", "flat" or "any"."""
    return next((layer.takes for layer in layers if layer.takes != "any"), "any")
