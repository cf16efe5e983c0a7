"""ExportedNet: all that the written files say about a net."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.engine import SLACK, stage_memory
from convnet.graph.compiler import assemble_prediction
from convnet.graph.layout import aligned
from convnet.inputs.images import stored_shape
from convnet.model_io.c_source.kernels import dtype_names
from convnet.model_io.c_source.weights import place_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from convnet.graph import Network
    from convnet.inputs.scaling import InputFormat
    from convnet.model_io.c_source.outputs import Outputs


@dataclass(frozen=True, eq=False)
class KernelCall:
    """A call of a kernel.

    Attributes
    ----------
    stage : str
        Name of the kernel.
    operation : int
        Number of the operation.
    tasks : int
        How often the kernel is called, with task numbers from 0 on. 0: once, for the sample.
    """

    stage: str
    operation: int
    tasks: int


@dataclass(frozen=True, eq=False)
class ExportedNet:
    """A net for one sample and one thread.

    Attributes
    ----------
    name : str
        Prefix of all names in C.
    isa : str
        Instruction set.
    input_format : InputFormat
        The X of the fit.
    x_shape : tuple of int
        Shape of a sample in X.
    x_strides : tuple of int
        Bytes from one row, pixel and channel of a sample to the next.
    dtype : str
        NumPy's code of the type of X, such as "u1".
    c_type : str
        Type of X in C.
    outputs : Outputs
        The last call.
    layers : list of str
        The layer of each operation.
    operations : list of (str, dict)
        Family and parameters of each operation.
    calls : list of KernelCall
        The calls, in order.
    weights : ndarray of float32
        What `weights` points to.
    arena, scratch, net_outputs : int
        Floats of the three parts of the scratch memory: maps, the kernels' own, and the outputs of the net.
    """

    name: str
    isa: str
    input_format: InputFormat
    x_shape: tuple[int, ...]
    x_strides: tuple[int, int, int]
    dtype: str
    c_type: str
    outputs: Outputs
    layers: list[str]
    operations: list[tuple[str, dict[str, Any]]]
    calls: list[KernelCall]
    weights: NDArray[np.float32]
    arena: int
    scratch: int
    net_outputs: int

    @property
    def scratch_bytes(self) -> int:
        """Size of the scratch memory."""
        return 4 * (self.arena + self.scratch + self.net_outputs)


def export_net(
    network: Network,
    input_format: InputFormat,
    outputs: Outputs,
    *,
    layer: str | None,
    name: str,
    isa: str,
) -> ExportedNet:
    """Compile a net for one sample and one thread.

    Parameters
    ----------
    network : Network
        The fitted net.
    input_format : InputFormat
        The X of the fit.
    outputs : Outputs
        The last call.
    layer : str or None
        The layer whose output is the result of the net. None: the last.
    name, isa : str
        See `ExportedNet`.
    """
    code = assemble_prediction(network.plan, layer, max_samples=1)
    placed = place_weights(code, isa, network.params)
    calls, scratch = [], 0
    for is_batch, stages in code.phases.phases[1:]:
        for number, stage in stages:
            floats, tasks = stage_memory(stage, *placed.operations[number])
            scratch = max(scratch, floats)
            calls.append(KernelCall(stage, number, tasks if is_batch else 0))
    dtype = np.dtype(input_format.dtype)
    kind = dtype.str[1:].replace("b1", "u1")
    first = input_format.data_format == "channels_first"
    h, w, c = code.sizes["input"]
    size = dtype.itemsize
    return ExportedNet(
        name=name,
        isa=isa,
        input_format=input_format,
        x_shape=stored_shape(input_format.shape, first),
        x_strides=(w * size, size, h * w * size) if first else (w * c * size, c * size, size),
        dtype=kind,
        c_type=dtype_names(kind)[1],
        outputs=outputs,
        layers=["input", *(op.layer for op in code.ops), "output"],
        operations=placed.operations,
        calls=calls,
        weights=placed.values,
        arena=aligned(code.arena_floats + code.shared_floats + SLACK),
        scratch=aligned(scratch),
        net_outputs=aligned(code.sizes["output"]),
    )
