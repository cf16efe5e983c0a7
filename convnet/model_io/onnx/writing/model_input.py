"""X, as a user passes it to ``predict``, as the input of the net."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import numpy as np

from convnet.inputs.images import stored_shape
from convnet.model_io.onnx.writing.graph import Tensor

if TYPE_CHECKING:
    from convnet.inputs.scaling import InputFormat
    from convnet.model_io.onnx.writing.graph import OnnxGraph


LAYER = "input"  # begins the names of the nodes


def write_input(
    graph: OnnxGraph,
    x: str,
    sample_shape: tuple[int, ...],
    dtype: np.dtype,
    given: InputFormat,
) -> Tensor:
    """Add the nodes that change the axes, the dtype and the scale of X.

    Parameters
    ----------
    graph : OnnxGraph
    x : str
        Name of X.
    sample_shape : tuple of int
        Shape of a sample of X, one that ``predict`` accepts.
    dtype : dtype
        Its dtype. X of another dtype than in ``fit`` is scaled as ``predict`` scales it.
    given : InputFormat
        That of the fitted net.

    Returns
    -------
    source : Tensor
        float32, shape (c, h, w), (c, length) or (features,).
    """
    first = given.data_format == "channels_first"
    *sides, channels = given.shape
    shape = (channels, *sides)
    stored = stored_shape(given.shape, first)
    moves = not first and channels > 1 and any(side > 1 for side in sides)
    target = stored if moves else shape
    if sample_shape != target:
        sizes = graph.constant(np.asarray((0, *target), np.int64), f"{LAYER}/shape")
        x = graph.node("Reshape", [x, sizes], LAYER)
    if moves:
        order = [0, len(shape), *range(1, len(shape))]
        x = graph.node("Transpose", [x], LAYER, perm=order)
    if dtype != np.float32:
        x = graph.node("Cast", [x], LAYER, to=graph.onnx.TensorProto.FLOAT)
    scale = given.scale if given.is_alike(dtype) else given.scale_of(dtype.name, nan)
    if scale != 1.0:
        x = graph.node("Mul", [x, graph.constant(np.float32(scale), f"{LAYER}/scale")], LAYER)
    return Tensor(x, shape)
