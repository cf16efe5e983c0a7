"""A plan and its weights as JSON: buffers, operations before fusion, layers, and one block of float32 weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from convnet.inspection.summary import layer_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from convnet.graph import LayerInfo
    from convnet.graph.layout import Buffer
    from convnet.graph.ops.base import Op
    from convnet.graph.plan import Plan

    Json = dict[str, Any]


# The fields that the forward pass of the page reads, by operation. Those that only training or the choice of a kernel
# needs are left out.
FIELDS: dict[str, tuple[str, ...]] = {
    "ActivationOp": ("activation",),
    "AddOp": ("activation", "scale"),
    "AffineOp": ("scale", "offset", "epsilon"),
    "BatchNormOp": ("epsilon",),
    "ConcatOp": ("first_channel",),
    "Conv2DOp": ("kernel", "stride", "padding", "dilation", "groups"),
    "Conv2DTransposeOp": ("kernel", "stride", "padding", "dilation"),
    "DenseOp": (),
    "DropoutOp": (),
    "ForkOp": (),
    "GroupNormOp": ("groups", "epsilon"),
    "LRNOp": ("size", "alpha", "beta", "k"),
    "MaximumOp": ("activation",),
    "MultiplyOp": ("activation",),
    "PReLUOp": (),
    "Pool2DOp": ("pooling", "size", "stride", "padding", "count_include_pad"),
    "ResizeOp": ("methods",),
    "SoftmaxOp": (),
    "ZeroPad2DOp": ("padding",),
}


class NetDescription(NamedTuple):
    """A net for the page.

    Parameters
    ----------
    net : dict
        What can be written as JSON.
    weights : ndarray of float32, shape (n_floats,)
        The parameters one after the other.
    left_out : list of str
        Names of the parameters that did not fit.
    """

    net: Json
    weights: NDArray[np.float32]
    left_out: list[str]


def describe_net(
    plan: Plan, weights: Mapping[str, NDArray[np.float32]], max_floats: int
) -> NetDescription:
    """Return a net for the page, with as many parameters from the first layer on as fit.

    Parameters
    ----------
    plan : Plan
        The net.
    weights : mapping of str to ndarray
        Its parameters by name.
    max_floats : int
        Largest number of values in the block. From the first parameter on that exceeds it, all are left out.

    Returns
    -------
    description : NetDescription
    """
    graph = plan.graph
    buffers: dict[Buffer, int] = {}
    for buffer in (graph.input, *(b for op in graph.ops for b in (*op.inputs, *op.outputs))):
        _number(buffer, buffers)
    for buffer in (*graph.outputs.values(), graph.output):
        _number(buffer, buffers)
    entries, kept, n_floats = [], [], 0
    left_out: list[str] = []
    for parameter in plan.parameters:
        fits = not left_out and n_floats + parameter.size <= max_floats
        entries.append(
            {"name": parameter.name, "shape": parameter.shape, "offset": n_floats if fits else None}
        )
        if fits:
            kept.append(np.ravel(weights[parameter.name]))
            n_floats += parameter.size
        else:
            left_out.append(parameter.name)
    numbers = {parameter.name: i for i, parameter in enumerate(plan.parameters)}
    net = {
        "input": buffers[graph.input],
        "output": buffers[graph.output],
        "buffers": [
            {"shape": b.shape, "alias": None if b.alias is None else buffers[b.alias]}
            for b in buffers
        ],
        "operations": [_operation(op, buffers, numbers) for op in graph.ops],
        "parameters": entries,
        "layers": _layers(plan.layers, graph.outputs, buffers),
        "n_parameters": plan.n_parameters,
    }
    block = np.concatenate(kept) if kept else np.empty(0, np.float32)
    return NetDescription(net, block.astype(np.float32, copy=False), left_out)


def _number(buffer: Buffer, buffers: dict[Buffer, int]) -> None:
    """Give a buffer the next number, after the one whose memory it shares."""
    if buffer.alias is not None:
        _number(buffer.alias, buffers)
    buffers.setdefault(buffer, len(buffers))


def _operation(op: Op, buffers: Mapping[Buffer, int], numbers: Mapping[str, int]) -> Json:
    name = type(op).__name__
    return {
        "op": name,
        "layer": op.layer,
        "src": buffers[op.src],
        "dst": buffers[op.dst],
        "other": None if op.other is None else buffers[op.other],
        "parameters": {role: numbers[p.name] for role, p in op.parameters.items()},
        **{field: getattr(op, field) for field in FIELDS[name]},
    }


def _layers(
    infos: Iterable[LayerInfo], outputs: Mapping[str, Buffer], buffers: Mapping[Buffer, int]
) -> list[Json]:
    """Return the layers with those inside them; a layer with branches lists the layers of each branch."""
    found = []
    for info in infos:
        label = layer_label(info)
        layer = {
            "name": info.name,
            "type": info.type,
            "spec": label.spec,
            "shape": info.output_shape,
            "buffer": buffers[outputs[info.name]],
            "n_parameters": info.n_parameters,
            "merge": getattr(info.layer, "merge", "add") if info.branches else None,
            "branches": [
                {"label": name, "layers": _layers(layers, outputs, buffers)}
                for name, layers in info.branches
            ],
            "layers": [] if info.branches else _layers(info.layers, outputs, buffers),
        }
        found.append(layer)
    return found
