"""OnnxGraph: the nodes and constants of a graph, with unique names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

    from numpy.typing import NDArray

    # a function that adds the nodes of an operation, given the NetWriter and the operation
    OperationWriter: TypeAlias = Callable[[Any, Any], "Tensor | None"]


MAX_BYTES = 2**31 - 2**20  # of the constants: protobuf allows 2 GiB in all


@dataclass(frozen=True, eq=False)
class Tensor:
    """A value of the graph, for a batch of samples.

    Parameters
    ----------
    name : str
    shape : tuple of int
        Of a sample: (c, h, w), (c, length) or (features,).
    order : ndarray of int, shape (features,), default=None
        Features of flat data that are not in convnet's order: feature i is convnet's feature ``order[i]``.
    """

    name: str
    shape: tuple[int, ...]
    order: NDArray[np.intp] | None = None

    @property
    def is_flat(self) -> bool:
        """Whether it holds features, not maps."""
        return len(self.shape) == 1


class OnnxGraph:
    """Nodes and constants of a graph in the order of computation.

    A node is named after its layer. If a layer has several nodes, the name of the second and later ones is that of the
    layer and a word.

    Parameters
    ----------
    onnx : module
        The library.
    opset : int
        Version of the operators.
    reserved : iterable of str, default=()
        Names of values that no node gets: the graph's inputs and outputs.

    Attributes
    ----------
    nodes : list of NodeProto
    initializers : list of TensorProto
    """

    def __init__(self, onnx: ModuleType, opset: int, reserved: Iterable[str] = ()) -> None:
        self.onnx, self.opset = onnx, opset
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self._values = set(reserved)
        self._node_names: set[str] = set()
        self._bytes = 0

    def node(
        self,
        operator: str,
        inputs: Iterable[str],
        layer: str,
        word: str = "",
        *,
        output: str | None = None,
        domain: str = "",
        **attributes: Any,
    ) -> str:
        """Add a node with one output and return the name of that output.

        Parameters
        ----------
        operator : str
            Name of the operator, such as "Conv".
        inputs : iterable of str
            Names of the values that it reads.
        layer : str
            Name of the layer. The first node of a layer gets this name.
        word : str, default=""
            What is added to the name if the layer has a node already. The default is the operator.
        output : str, default=None
            Name of the output, which must be one of the reserved names. None makes a unique name.
        domain : str, default=""
            Domain of the operator.
        **attributes : dict
            Attributes of the operator.
        """
        word = word or operator.lower()
        name = layer if layer not in self._node_names else f"{layer}/{word}"
        name = _unique(name, self._node_names)
        output = output or _unique(f"{layer}/{word}", self._values)
        self.nodes.append(
            self.onnx.helper.make_node(
                operator, list(inputs), [output], name=name, domain=domain, **attributes
            )
        )
        return output

    def name_output(self, name: str) -> str:
        """Rename the output of the last node, which nothing reads yet, and return its new name."""
        self._values.discard(self.nodes[-1].output[0])
        self.nodes[-1].output[0] = _unique(name, self._values)
        return self.nodes[-1].output[0]

    def constant(self, array: np.ndarray | np.generic, name: str) -> str:
        """Add a constant and return its name, which is `name` or begins with it.

        Raises
        ------
        ValueError
            If the constants are too large for a file.
        """
        self._bytes += array.nbytes
        if self._bytes > MAX_BYTES:
            raise ValueError(
                "to_onnx: the weights take more than 2 GiB, the limit of an ONNX file. Use fewer filters or units, or "
                "save the net with save(path)."
            )
        name = _unique(name, self._values)
        tensor = self.onnx.numpy_helper.from_array(np.asarray(array, order="C"), name)
        self.initializers.append(tensor)
        return name

    def prune(self, outputs: Iterable[str]) -> None:
        """Remove nodes and constants that none of these values depend on."""
        needed = set(outputs)
        kept = []
        for node in reversed(self.nodes):
            if needed.intersection(node.output):
                needed.update(node.input)
                kept.append(node)
        self.nodes = kept[::-1]
        self.initializers = [tensor for tensor in self.initializers if tensor.name in needed]


def _unique(name: str, taken: set[str]) -> str:
    """Return `name`, or `name` and a number if it is taken, and add it to `taken`."""
    found, number = name, 2
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    taken.add(found)
    return found
