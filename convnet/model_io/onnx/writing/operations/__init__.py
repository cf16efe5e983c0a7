"""The nodes of each operation of a plan, one function per operation.

A function takes the `NetWriter` and the operation, adds nodes and returns the output. `ConcatOp` returns None until its
last part is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from convnet.model_io.onnx.writing.operations import activations, branches, maps, norms, weighted

if TYPE_CHECKING:
    from convnet.graph.ops.base import Op
    from convnet.model_io.onnx.writing.graph import OperationWriter, Tensor
    from convnet.model_io.onnx.writing.net import NetWriter


WRITERS: dict[type[Op], OperationWriter] = {
    **activations.WRITERS,
    **branches.WRITERS,
    **maps.WRITERS,
    **norms.WRITERS,
    **weighted.WRITERS,
}


def write_operations(writer: NetWriter, layer: str | None = None) -> Tensor:
    """Add the nodes of a net and return its output.

    Parameters
    ----------
    writer : NetWriter
    layer : str, default=None
        Name of the layer whose output to return. None is the last one.
    """
    graph = writer.plan.graph
    wanted = graph.output if layer is None else graph.outputs[layer]
    for op in graph.ops:
        if writer.has(wanted):
            break
        writer.write(op, WRITERS[type(op)])
    return writer.read(wanted)
