"""The input of a graph: its shape, the order of its axes, and whether it is a flat row that the graph reshapes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from convnet.inputs.images import CHANNELS
from convnet.layers.geometry import MAX_VALUES
from convnet.model_io.onnx.reading.errors import InputShapeError
from convnet.model_io.onnx.reading.folding import axes_of, constant, integers
from convnet.model_io.onnx.reading.protobuf.tensors import DTYPES
from convnet.model_io.onnx.reading.vertices import INPUT, Feature, Vertex, first_axes
from convnet.values.messages import listed, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.model_io.onnx.reading.protobuf.loading import LoadedModel, Node, Port

UNKNOWN_BATCH = 2**31 - 1  # a prime, which no other axis has
PASSING = ("Identity", "Cast", "Add", "Sub", "Mul", "Div")  # keep the axes
TO_CHANNELS_FIRST = ([0, 3, 1, 2], [0, 2, 1])


@dataclass(frozen=True, eq=False)
class GraphInput:
    """The input of a graph.

    Attributes
    ----------
    feature : Feature
        The tensor that the layers read.
    tensor : str
        Its name: that of the input, or of a reshaped input.
    batch : int
        Size of the first axis.
    dtype : str
        Name of the dtype of X.
    data_format : str
        Order of the axes of flat X.
    sample_shape : tuple of int or None
        Shape of a sample of X, if it is not that of the vertex.
    """

    feature: Feature
    tensor: str
    batch: int
    dtype: str
    data_format: str = "channels_last"
    sample_shape: tuple[int, ...] | None = None


def read_input(
    model: LoadedModel, nodes: Sequence[Node], input_shape: tuple[int, ...] | None
) -> GraphInput:
    """Return the input of some nodes of a graph.

    Parameters
    ----------
    model : LoadedModel
    nodes : sequence of Node
        The nodes that compute the output.
    input_shape : tuple of int or None
        (height, width, channels), (length, channels) or (features,), as passed by the user.

    Raises
    ------
    InputShapeError
        If the graph does not fix the size and `input_shape` is None, or both differ.
    ValueError
        If there are several inputs, or the input is not a tensor of numbers.
    """
    read = {name for node in nodes for name in node.inputs}
    ports = [port for port in model.inputs if port.name in read]
    if len(ports) != 1:
        raise ValueError(
            f"the graph reads {len(ports)} inputs ({listed(port.name for port in ports)}); a net has one"
        )
    port = ports[0]
    if port.type not in DTYPES:
        raise ValueError(f"its input {quoted(port.name)} does not hold numbers")
    text = DTYPES[port.type][0]
    dtype = {"|u1": "uint8", "<u2": "uint16"}.get(text, "float32")
    batch = port.dims[0] if port.dims and isinstance(port.dims[0], int) else 0
    batch = batch if batch > 0 else UNKNOWN_BATCH
    reshaped = _reshaped_input(model, nodes, port, batch)
    if reshaped is not None:
        node, sizes = reshaped
        last = _is_transposed(nodes, node.outputs[0])
        shape = sizes if last else (*sizes[1:], sizes[0])
        _compare(shape, input_shape)
        is_last = last or sizes[0] == 1
        own = tuple(int(n) for n in port.dims[1:] if isinstance(n, int)) if port.dims else ()
        return GraphInput(
            feature=_feature(shape, last=last),
            tensor=node.outputs[0],
            batch=batch,
            dtype=dtype,
            data_format="channels_last" if is_last else "channels_first",
            sample_shape=own if prod(own) == prod(shape) else (prod(shape),),
        )
    last = _is_transposed(nodes, port.name) or _is_flattened_image(nodes, port)
    shape = _fixed_shape(port, input_shape, last=last)
    return GraphInput(_feature(shape, last=last), port.name, batch, dtype)


def _feature(shape: tuple[int, ...], *, last: bool) -> Feature:
    vertex = Vertex(INPUT, "input", [], shape)
    return Feature(vertex, tuple(range(len(shape))) if last else first_axes(shape))


def _is_transposed(nodes: Sequence[Node], tensor: str) -> bool:
    """Return whether the graph moves the last axis of a tensor to the front before the order of the axes matters."""
    known = {tensor}
    for node in nodes:
        if known.isdisjoint(node.inputs):
            continue
        if node.operator == "Transpose":
            return node.get("perm", []) in TO_CHANNELS_FIRST
        if node.operator not in PASSING:
            return False
        known.update(node.outputs)
    return False


def _is_flattened_image(nodes: Sequence[Node], port: Port) -> bool:
    """Return whether the graph flattens an input of shape (n, height, width, channels) before anything else."""
    dims = (port.dims or ())[1:]
    first = next(node for node in nodes if port.name in node.inputs)
    flattens = first.operator in ("Flatten", "Reshape") and len(dims) == 3
    return flattens and dims[-1] in CHANNELS and dims[0] not in CHANNELS


def _reshaped_input(
    model: LoadedModel, nodes: Sequence[Node], port: Port, batch: int
) -> tuple[Node, tuple[int, ...]] | None:
    """Return the node that reshapes the input to maps or signals, and the sizes (without n) that it makes.

    The input holds flat rows, or maps or signals of one channel in another form.
    """
    readers = [node for node in nodes if port.name in node.inputs]
    if len(readers) != 1 or port.dims is None or len(port.dims) < 2:
        return None
    node, dims = readers[0], port.dims[1:]
    given = None
    if len(node.inputs) > 1:
        if model.holds(node.inputs[1]):
            given = model.initializer(node.inputs[1])
        else:
            source = next((one for one in nodes if node.inputs[1] in one.outputs), None)
            if source is not None and source.operator == "Constant":
                given = constant(source, model)
    is_fixed = all(isinstance(n, int) and n > 0 for n in dims)
    fixed = tuple(n for n in dims if isinstance(n, int)) if is_fixed else None
    if node.operator == "Unsqueeze" and fixed is not None:
        return (node, (1, *fixed)) if axes_of(node, given) == [1] and len(fixed) < 3 else None
    if node.operator != "Reshape":
        return None
    wanted = node.get("shape", []) if given is None else integers(given)
    sizes = wanted[1:]
    if len(sizes) not in (2, 3) or wanted[0] not in (-1, 0, batch):
        return None
    if sizes.count(-1) == 1 and fixed is not None:
        others = prod(n for n in sizes if n != -1)
        sizes = [prod(fixed) // max(others, 1) if n == -1 else n for n in sizes]
    if min(sizes) < 1 or (fixed is not None and prod(sizes) != prod(fixed)):
        return None
    return (node, tuple(sizes)) if len(dims) == 1 or sizes[0] == 1 else None


def _fixed_shape(port: Port, input_shape: tuple[int, ...] | None, *, last: bool) -> tuple[int, ...]:
    """Return (height, width, channels), (length, channels) or (features,)."""
    if port.dims is None:
        if input_shape is None:
            raise InputShapeError(_ask(port, "no shape"))
        return input_shape
    dims = port.dims[1:]
    if len(dims) not in (1, 2, 3):
        raise InputShapeError(
            f"from_onnx: its input {quoted(port.name)} has {len(dims) + 1} axes; a net takes "
            "(n, channels, height, width), (n, channels, length) or (n, features)."
        )
    own = dims if last else (*dims[1:], dims[0])
    if input_shape is not None and len(input_shape) == 2 and len(own) == 3:
        input_shape = (*input_shape, 1)
    if input_shape is not None and len(input_shape) != len(own):
        raise InputShapeError(
            f"from_onnx: input_shape {input_shape} has {len(input_shape)} axes, but the input {quoted(port.name)} of "
            f"the graph has {len(own)} without that of the samples."
        )
    shape = []
    for i, size in enumerate(own):
        if isinstance(size, int) and size > 0:
            shape.append(size)
        elif input_shape is not None:
            shape.append(input_shape[i])
        else:
            raise InputShapeError(_ask(port, "no fixed size"))
    _compare(tuple(shape), input_shape)
    if prod(shape) > MAX_VALUES:
        raise ValueError(f"its input has the shape {tuple(shape)}, which is too large")
    return tuple(shape)


def _compare(shape: tuple[int, ...], input_shape: tuple[int, ...] | None) -> None:
    if input_shape is not None and shape not in (input_shape, (*input_shape, 1)):
        raise InputShapeError(
            f"from_onnx: input_shape is {input_shape}, but the graph has inputs of the shape {shape}, channels last. "
            "Leave input_shape out."
        )


def _ask(port: Port, what: str) -> str:
    dims = "" if port.dims is None else f" ({', '.join(str(n or '?') for n in port.dims)})"
    return (
        f"from_onnx: the input {quoted(port.name)} of the graph has {what}{dims[:200]}. Pass "
        "input_shape=(height, width, channels), for signals (length, channels), or for flat samples (features,)."
    )
