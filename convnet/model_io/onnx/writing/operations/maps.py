"""Operations on maps without weights: pools, zeros around a map, and another size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.graph.ops.pool2d import Pool2DOp
from convnet.graph.ops.resize import ResizeOp
from convnet.graph.ops.zeropad2d import ZeroPad2DOp
from convnet.model_io.onnx.writing.graph import Tensor
from convnet.model_io.onnx.writing.resampling import resampling_matrix, sources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.graph.ops.base import Op, Pair
    from convnet.model_io.onnx.writing.graph import OperationWriter
    from convnet.model_io.onnx.writing.net import NetWriter


def pool(writer: NetWriter, op: Pool2DOp) -> Tensor:
    """Add a pool over windows, or over the whole map.

    Windows that are cut at the end get padding there that does not count. Where other padding counts in an average, it
    is a node of its own.
    """
    graph, layer = writer.graph, op.layer
    x, shape = writer.read(op.src).name, writer.shape(op.dst)
    average = op.pooling == "avg"
    nothing = ((0, 0), (0, 0))
    if op.size == op.src.shape[:2] and op.dst.shape[:2] == (1, 1) and op.padding == nothing:
        operator = "GlobalAveragePool" if average else "GlobalMaxPool"
        return Tensor(graph.node(operator, [x], layer), shape)
    padding: Sequence[Pair] = op.padding
    padded = any(map(any, padding))
    cut = [
        max(0, (windows - 1) * step + size - sum(pads) - pixels)
        for windows, step, size, pads, pixels in zip(
            op.dst.shape, op.stride, op.size, padding, op.src.shape, strict=False
        )
    ]
    options: dict[str, Any] = {}
    if average and padded and op.count_include_pad:
        if any(cut):
            x, padding = pad_zeros(writer, op, x, padding), nothing
        else:
            options["count_include_pad"] = 1
    padding = [(pads[0], pads[1] + more) for pads, more in zip(padding, cut, strict=True)]
    name = graph.node(
        "AveragePool" if average else "MaxPool",
        [x],
        layer,
        kernel_shape=writer.axes(op.size),
        strides=writer.axes(op.stride),
        pads=writer.pads(padding),
        **options,
    )
    return Tensor(name, shape)


def zero_pad(writer: NetWriter, op: ZeroPad2DOp) -> Tensor:
    """Add a Pad with zeros."""
    return Tensor(pad_zeros(writer, op, writer.read(op.src).name, op.padding), writer.shape(op.dst))


def pad_zeros(writer: NetWriter, op: Op, x: str, padding: Sequence[Pair]) -> str:
    """Add a Pad of maps."""
    pads = writer.pads(padding)
    half = len(pads) // 2
    ends = [0, 0, *pads[:half], 0, 0, *pads[half:]]
    inputs = [x, writer.constant(op, "padding", np.asarray(ends, np.int64))]
    return writer.graph.node("Pad", inputs, op.layer, mode="constant")


def resize(writer: NetWriter, op: ResizeOp) -> Tensor:
    """Add nodes for another height and width, of one axis after the other where they differ in method.

    ====================  ==============================================
    bilinear              Resize
    nearest, n to k n     Resize
    nearest               Gather
    area, k n to n        AveragePool
    area                  MatMul with a constant matrix
    ====================  ==============================================
    """
    shape = list(writer.shape(op.src))
    after = writer.shape(op.dst)
    methods = writer.axes(op.methods)  # type: ignore[arg-type]
    steps: dict[str, dict[int, int]] = {}  # {how: {axis: size}}
    for axis, method in enumerate(methods, start=1):
        if after[axis] != shape[axis]:
            how = _how(str(method), shape[axis], after[axis])
            steps.setdefault(how, {})[axis] = after[axis]
    name = writer.read(op.src).name
    for how, sizes in steps.items():
        name = STEPS[how](writer, op, name, shape, sizes)
        for axis, size in sizes.items():
            shape[axis] = size
    return Tensor(name, tuple(after))


def _how(method: str, old: int, new: int) -> str:
    """Return the key of `STEPS` for an axis whose size changes."""
    whole = {"nearest": new % old == 0, "area": old % new == 0}.get(method, False)
    return f"{method}, whole" if whole else method


def _resize(
    writer: NetWriter,
    op: ResizeOp,
    x: str,
    shape: Sequence[int],
    sizes: dict[int, int],
    **attributes: str,
) -> str:
    """Add a Resize. Scales suit any number of samples; sizes of some axes alone break optimizations of ONNX Runtime."""
    scales = [1.0, *(_scale(old, sizes.get(axis, old)) for axis, old in enumerate(shape))]
    factors = writer.constant(op, "scales", np.asarray(scales, np.float32))
    return writer.graph.node("Resize", [x, "", factors], op.layer, **attributes)


def _scale(old: int, new: int) -> np.float32:
    """Return the float32 next to new / old that gives the size: floor(old scale) = new, in float32 and float64."""
    scale = np.float32(new / old)
    while np.float32(old) * scale < new or old * float(scale) < new:
        scale = np.nextafter(scale, np.float32(np.inf))
    return scale


def _bilinear(
    writer: NetWriter, op: ResizeOp, x: str, shape: Sequence[int], sizes: dict[int, int]
) -> str:
    options = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    return _resize(writer, op, x, shape, sizes, **options)


def _repeat(
    writer: NetWriter, op: ResizeOp, x: str, shape: Sequence[int], sizes: dict[int, int]
) -> str:
    options = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric"}
    return _resize(writer, op, x, shape, sizes, nearest_mode="floor", **options)


def _gather(
    writer: NetWriter, op: ResizeOp, x: str, shape: Sequence[int], sizes: dict[int, int]
) -> str:
    for axis, size in sizes.items():
        indices = writer.constant(op, _axis_name(shape, axis), sources(shape[axis], size))
        x = writer.graph.node("Gather", [x, indices], op.layer, axis=1 + axis)
    return x


def _average(
    writer: NetWriter, op: ResizeOp, x: str, shape: Sequence[int], sizes: dict[int, int]
) -> str:
    windows = [old // sizes.get(axis, old) for axis, old in enumerate(shape)][1:]
    return writer.graph.node("AveragePool", [x], op.layer, kernel_shape=windows, strides=windows)


def _area(
    writer: NetWriter, op: ResizeOp, x: str, shape: Sequence[int], sizes: dict[int, int]
) -> str:
    """Multiply rows by a matrix from the left and columns by one from the right."""
    for axis, size in sizes.items():
        matrix, name = resampling_matrix(shape[axis], size), _axis_name(shape, axis)
        if axis == len(shape) - 1:
            inputs = [x, writer.constant(op, name, matrix.T)]
        else:
            inputs = [writer.constant(op, name, matrix), x]
        x = writer.graph.node("MatMul", inputs, op.layer)
    return x


def _axis_name(shape: Sequence[int], axis: int) -> str:
    return "columns" if axis == len(shape) - 1 else "rows"


STEPS = {
    "bilinear": _bilinear,
    "nearest, whole": _repeat,
    "nearest": _gather,
    "area, whole": _average,
    "area": _area,
}
WRITERS: dict[type[Op], OperationWriter] = {
    Pool2DOp: pool,
    ResizeOp: resize,
    ZeroPad2DOp: zero_pad,
}
