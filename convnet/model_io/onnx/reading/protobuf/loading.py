"""An ONNX file, its bytes or a ModelProto as a `LoadedModel`: checked, with its nodes in order. Nothing is computed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from convnet.model_io.onnx.digest import graph_digest
from convnet.model_io.onnx.library import onnx_library
from convnet.model_io.onnx.reading.protobuf.tensors import ExternalData, array_of
from convnet.persistence.model_file import check_exists
from convnet.values.messages import quoted, show

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import numpy as np

ENDING = ".onnx"
MAX_NODES = 50_000
DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
FLOAT, INT, STRING, TENSOR, FLOATS, INTS, STRINGS = 1, 2, 3, 4, 6, 7, 8  # types of attributes


@dataclass(frozen=True, eq=False)
class Node:
    """A node of the graph.

    Attributes
    ----------
    operator : str
        Such as "Conv"; with the domain in front, such as "com.microsoft.FusedConv", if it is not a standard one.
    name : str
        Its name, or that of its first output.
    inputs, outputs : tuple of str
        Names of tensors; "" for an optional one that is left out.
    attributes : dict
        Numbers, strings, lists of these, and TensorProto.
    opset : int
        Version of the operators.
    """

    operator: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    opset: int

    def get(self, attribute: str, default: Any) -> Any:
        """Return an attribute, or the default if it is left out. Raise ValueError if it has another type."""
        value = self.attributes.get(attribute, default)
        if default is None or value is default:
            return value
        wanted = (int, float) if isinstance(default, float) else type(default)
        if not isinstance(value, wanted):
            raise ValueError(f"attribute {quoted(attribute)} of {self} is {show(value)}")
        return value

    def __str__(self) -> str:
        return quoted(self.name)


@dataclass(frozen=True, eq=False)
class Port:
    """An input or an output of the graph.

    Attributes
    ----------
    name : str
    dims : tuple of (int, str or None), or None
        Size of each axis; a name or None if it is not fixed. None if the shape is not known.
    type : int or None
        Code of the type of its elements; None if it is not a tensor.
    """

    name: str
    dims: tuple[int | str | None, ...] | None
    type: int | None


@dataclass(eq=False)
class LoadedModel:
    """A model of ONNX.

    Attributes
    ----------
    nodes : list of Node
        Each after those whose outputs it reads.
    inputs, outputs : list of Port
        Without inputs that have a value in the file.
    metadata : dict of str to str
    own_size : int
        Bytes of the file.
    """

    nodes: list[Node]
    inputs: list[Port]
    outputs: list[Port]
    metadata: dict[str, str]
    own_size: int
    _graph: Any
    _tensors: dict[str, Any]
    _external: ExternalData

    @property
    def size(self) -> int:
        """Bytes of the file, and of what has been read of its external data."""
        return self.own_size + self._external.bytes_read

    def digest(self, parameters: Collection[str]) -> str:
        """Return the digest of the graph without its parameters."""
        return graph_digest(self._graph, parameters)

    def holds(self, name: str) -> bool:
        """Return whether the file has the values of a tensor."""
        return name in self._tensors

    def initializer(self, name: str) -> np.ndarray:
        """Return the values of a tensor in the file."""
        return self.array(self._tensors[name])

    def array(self, tensor: Any) -> np.ndarray:
        """Return the values of a TensorProto of the model, such as one in an attribute."""
        return array_of(tensor, self._external)


def load_model(source: Any) -> LoadedModel:
    """Return the model in a file, in bytes, or in a ModelProto.

    Raises
    ------
    ImportError
        If onnx is not installed.
    OSError
        If the file cannot be opened.
    TypeError
        If `source` is something else.
    ValueError
        If the content is not a model, or its graph is not valid.
    """
    onnx = onnx_library("from_onnx")
    folder = None
    if isinstance(source, str | os.PathLike):
        path = os.path.abspath(os.fsdecode(source))
        check_exists(path, (ENDING,))
        folder = os.path.dirname(path)
        with open(path, "rb") as file:
            source = file.read()
    if isinstance(source, bytes | bytearray | memoryview):
        content = bytes(source)
        source = onnx.ModelProto()
        try:
            source.ParseFromString(content)
        except Exception as error:  # protobuf's own exceptions
            raise ValueError(f"its content cannot be parsed ({error})") from None
        size = len(content)
    elif isinstance(source, onnx.ModelProto):
        size = source.ByteSize()
    else:
        raise TypeError(
            f"from_onnx: pass the path of an .onnx file, its bytes or an onnx.ModelProto; got {show(source)}."
        )
    return _checked(source, folder, size)


def _checked(proto: Any, folder: str | None, size: int) -> LoadedModel:
    graph = proto.graph
    if not graph.output or not graph.node:
        raise ValueError("it has no graph")
    if len(graph.node) > MAX_NODES:
        raise ValueError(f"its graph has {len(graph.node):,} nodes; at most {MAX_NODES:,} are read")
    if len(graph.sparse_initializer):
        raise ValueError("it has sparse initializers, which are not supported")
    opsets = {entry.domain or "ai.onnx": entry.version for entry in proto.opset_import}
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    inputs = [_port(value) for value in graph.input if value.name not in tensors]
    known = {"", *tensors, *(port.name for port in inputs)}
    nodes = []
    for proto_node in graph.node:
        node = _node(proto_node, opsets)
        nodes.append(node)
        unknown = [name for name in node.inputs if name not in known]
        if unknown:
            raise ValueError(
                f"node {node} reads {quoted(unknown[0])} before it is computed: the nodes are in a wrong order, or in "
                "a circle"
            )
        twice = [name for name in node.outputs if name and name in known]
        if twice:
            raise ValueError(f"tensor {quoted(twice[0])} has two values")
        known.update(node.outputs)
    outputs = [_port(value) for value in graph.output]
    missing = [port.name for port in outputs if port.name not in known or not port.name]
    if missing:
        raise ValueError(f"no node computes the output {quoted(missing[0])}")
    metadata = {entry.key: entry.value for entry in proto.metadata_props}
    external = ExternalData(folder)
    return LoadedModel(nodes, inputs, outputs, metadata, size, graph, tensors, external)


def _node(proto: Any, opsets: Mapping[str, int]) -> Node:
    domain = proto.domain or "ai.onnx"
    operator = proto.op_type if domain in DOMAINS else f"{domain}.{proto.op_type}"
    outputs = tuple(proto.output)
    name = proto.name or next(filter(None, outputs), proto.op_type)
    attributes = {attribute.name: _attribute(attribute) for attribute in proto.attribute}
    return Node(operator, name, tuple(proto.input), outputs, attributes, opsets.get(domain, 1))


def _attribute(attribute: Any) -> Any:
    kind = attribute.type
    if kind == FLOAT:
        return attribute.f
    if kind == INT:
        return attribute.i
    if kind == STRING:
        return attribute.s.decode("utf-8", "replace")
    if kind == TENSOR:
        return attribute.t
    if kind in (FLOATS, INTS):
        return list(attribute.floats if kind == FLOATS else attribute.ints)
    if kind == STRINGS:
        return [text.decode("utf-8", "replace") for text in attribute.strings]
    return None  # of a graph, a type or a sparse tensor, which no operator here has


def _port(value: Any) -> Port:
    if value.type.WhichOneof("value") != "tensor_type":
        return Port(value.name, None, None)
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return Port(value.name, None, tensor.elem_type)
    dims = tuple(
        dim.dim_value
        if dim.WhichOneof("value") == "dim_value"
        else (dim.dim_param if dim.WhichOneof("value") == "dim_param" else None)
        for dim in tensor.shape.dim
    )
    return Port(value.name, dims, tensor.elem_type)
