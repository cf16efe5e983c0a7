"""Constant folding: nodes whose inputs are all known, such as those that compute the shape for a Reshape."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.model_io.onnx.reading.protobuf.tensors import DTYPES, MAX_AXES, text_array

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from convnet.model_io.onnx.reading.budget import Budget
    from convnet.model_io.onnx.reading.protobuf.loading import LoadedModel, Node

    Folder = Callable[["Node", Sequence[Any], "LoadedModel"], np.ndarray]

FOLDERS: dict[str, Folder] = {}  # by operator


def folds(*operators: str) -> Callable[[Folder], Folder]:
    """Register the function that computes these operators on arrays; a decorator."""

    def register(function: Folder) -> Folder:
        FOLDERS.update(dict.fromkeys(operators, function))
        return function

    return register


def fold(
    node: Node, inputs: Sequence[np.ndarray | None], model: LoadedModel, budget: Budget
) -> np.ndarray:
    """Return the output of a node.

    Parameters
    ----------
    node : Node
        Its operator is a key of `FOLDERS`.
    inputs : sequence of ndarray or None
        Its inputs; None for those that are left out.
    model : LoadedModel
        Reads tensors in attributes.
    budget : Budget
        Counts the values of the output.
    """
    budget.spend(_size(node, inputs), f"node {node}")
    with np.errstate(all="ignore"):
        return np.asarray(FOLDERS[node.operator](node, inputs, model))


def _size(node: Node, inputs: Sequence[np.ndarray | None]) -> int:
    """Return at least the number of values of the output, before it is computed."""
    known = [array for array in inputs if array is not None]
    first = known[0] if known else None
    if node.operator == "Constant":
        return 0
    if node.operator == "ConstantOfShape" and first is not None:
        return prod(_shape(first))
    if node.operator == "Range" and len(known) == 3:
        start, limit, delta = (float(array.reshape(())) for array in known)
        steps = (limit - start) / delta if delta else np.inf
        return int(min(max(steps, 0.0), 2.0**62)) + 1
    if node.operator in ("Tile", "Expand") and len(known) == 2:
        # NumPy repeats along one axis after the other, so a 0 behind a large number saves no memory
        return max(1, known[0].size) * prod(max(n, 1) for n in known[1].ravel().tolist())
    if node.operator == "Gather" and len(known) == 2:
        return known[0].size * max(1, known[1].size)
    if node.operator == "Concat":
        return sum(array.size for array in known)
    shape = np.broadcast_shapes(*(array.shape for array in known)) if _BROADCASTS(node) else ()
    return max([prod(shape), *(array.size for array in known)], default=0)


def _BROADCASTS(node: Node) -> bool:
    return node.operator in _BINARY or node.operator in ("Where", "Min", "Max", "Sum")


def _shape(array: np.ndarray) -> tuple[int, ...]:
    shape = integers(array)
    if len(shape) > MAX_AXES or any(n < 0 for n in shape):
        raise ValueError(f"{shape[:MAX_AXES]} is not a shape")
    return tuple(shape)


def integers(array: np.ndarray) -> list[int]:
    """Return the values of an array of integers."""
    if array.dtype.kind not in "iu":
        raise ValueError(f"expected integers, found {array.dtype}")
    return [int(n) for n in array.ravel()]


def axes_of(node: Node, array: np.ndarray | None, attribute: str = "axes") -> list[int] | None:
    """Return axes, which older operators have as an attribute and newer ones as an input. None if they are left out."""
    if array is not None:
        return integers(array)
    axes = node.get(attribute, None)
    return None if axes is None else [int(axis) for axis in axes]


def resolved_axes(axes: Sequence[int], n: int) -> list[int]:
    """Return axes of an array with `n` axes, counted from 0. Raise ValueError if one does not exist or is repeated."""
    found = [axis + n if axis < 0 else axis for axis in axes]
    if any(not 0 <= axis < n for axis in found) or len(set(found)) < len(found):
        raise ValueError(f"an array of {n} axes does not have the axes {list(axes)[:MAX_AXES]}")
    return found


def constant(node: Node, model: LoadedModel) -> np.ndarray:
    """Return the value of a Constant."""
    for name, value in node.attributes.items():
        if name == "value":
            return model.array(value)
        if name in ("value_float", "value_floats"):
            return np.array(value, dtype=np.float32)
        if name in ("value_int", "value_ints"):
            return np.array(value, dtype=np.int64)
        if name in ("value_string", "value_strings"):
            return np.array(value) if isinstance(value, str) else text_array(value)
    raise ValueError(f"node {node} has no value")


@folds("Constant")
def _constant(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    return constant(node, model)


@folds("ConstantOfShape")
def _constant_of_shape(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    tensor = node.get("value", None)
    value = np.zeros(1, np.float32) if tensor is None else model.array(tensor).reshape(1)
    return np.full(_shape(inputs[0]), value[0])


@folds("Identity", "Dropout")
def _identity(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    return inputs[0]


@folds("Cast")
def _cast(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    return inputs[0].astype(DTYPES[node.get("to", 1)][0])


@folds("Shape")
def _shape_of(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    return shape_slice(node, inputs[0].shape)


def shape_slice(node: Node, shape: Sequence[int]) -> np.ndarray:
    """Return what a Shape computes for a tensor of this shape: all of it, or a part."""
    part = slice(node.get("start", 0), node.attributes.get("end"))
    return np.array(shape, dtype=np.int64)[part]


@folds("Size")
def _size_of(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    return np.array(inputs[0].size)


@folds("Gather")
def _gather(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    return np.take(inputs[0], inputs[1], axis=node.get("axis", 0))


@folds("Concat")
def _concat(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    return np.concatenate(inputs, axis=node.get("axis", 1))


@folds("Slice")
def _slice(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    array = inputs[0]
    if len(inputs) > 1:
        starts, ends = integers(inputs[1]), integers(inputs[2])
        given = inputs[3] if len(inputs) > 3 else None
        steps = integers(inputs[4]) if len(inputs) > 4 and inputs[4] is not None else None
    else:
        starts, ends, given, steps = node.get("starts", []), node.get("ends", []), None, None
    axes = axes_of(node, given)
    axes = resolved_axes(range(len(starts)) if axes is None else axes, array.ndim)
    part = [slice(None)] * array.ndim
    for axis, start, end, step in zip(
        axes, starts, ends, [1] * len(starts) if steps is None else steps, strict=True
    ):
        stop = None if step < 0 and end < -array.shape[axis] else end
        part[axis] = slice(start, stop, step)
    return array[tuple(part)]


@folds("Squeeze")
def _squeeze(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    axes = axes_of(node, inputs[1] if len(inputs) > 1 else None)
    return np.squeeze(inputs[0], None if axes is None else tuple(axes))


@folds("Unsqueeze")
def _unsqueeze(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    axes = axes_of(node, inputs[1] if len(inputs) > 1 else None) or []
    if inputs[0].ndim + len(axes) > MAX_AXES:
        raise ValueError(f"node {node} makes more than {MAX_AXES} axes")
    return np.expand_dims(inputs[0], tuple(axes))


@folds("Reshape")
def _reshape(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    shape = integers(inputs[1])
    keeps = not node.get("allowzero", 0)
    shape = [inputs[0].shape[i] if n == 0 and keeps else n for i, n in enumerate(shape)]
    return inputs[0].reshape(shape)


@folds("Flatten")
def _flatten(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    shape = inputs[0].shape
    axis = node.get("axis", 1)
    return inputs[0].reshape(prod(shape[:axis]), prod(shape[axis:]))


@folds("Transpose")
def _transpose(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    return np.transpose(inputs[0], node.get("perm", None))


@folds("Range")
def _range(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    start, limit, delta = (array.reshape(())[()] for array in inputs)
    return np.arange(start, limit, delta)


@folds("Expand")
def _expand(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    return inputs[0] * np.ones(_shape(inputs[1]), inputs[0].dtype)


@folds("Tile")
def _tile(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    return np.tile(inputs[0], _shape(inputs[1]))


@folds("Where")
def _where(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    return np.where(*inputs)


_REDUCTIONS: dict[str, Callable[..., np.ndarray]] = {
    "ReduceL2": lambda x, **axes: np.sqrt(np.sum(x * x, **axes)),
    "ReduceMax": np.max,
    "ReduceMin": np.min,
    "ReduceProd": np.prod,
    "ReduceSum": np.sum,
}


@folds(*_REDUCTIONS)
def _reduce(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    array = inputs[0]
    axes = axes_of(node, inputs[1] if len(inputs) > 1 else None)
    if not axes and node.get("noop_with_empty_axes", 0):
        return array
    where = tuple(axes) if axes else None
    found = _REDUCTIONS[node.operator](array, axis=where, keepdims=bool(node.get("keepdims", 1)))
    return found.astype(array.dtype, copy=False)


def _divide(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if a.dtype.kind not in "iu":
        return a / b
    if not b.all():
        raise ValueError("an integer is divided by 0")
    return (np.abs(a) // np.abs(b)) * (np.sign(a) * np.sign(b))  # rounds towards 0


_BINARY: dict[str, Callable[..., np.ndarray]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": _divide,
    "Pow": lambda a, b: np.power(a, b.astype(a.dtype)) if a.dtype.kind == "f" else np.power(a, b),
    "Mod": lambda a, b: np.fmod(a, b) if a.dtype.kind == "f" else np.mod(a, b),
    "Equal": np.equal,
    "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal,
    "Less": np.less,
    "LessOrEqual": np.less_equal,
}
_UNARY: dict[str, Callable[..., np.ndarray]] = {
    "Neg": np.negative,
    "Sqrt": np.sqrt,
    "Exp": np.exp,
    "Log": np.log,
    "Floor": np.floor,
    "Ceil": np.ceil,
    "Round": np.rint,
    "Abs": np.abs,
    "Not": np.logical_not,
    "Reciprocal": lambda x: 1 / x,
}


@folds(*_BINARY)
def _binary(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    a, b = inputs
    found = _BINARY[node.operator](a, b)
    return found.astype(a.dtype, copy=False) if found.dtype.kind != "b" else found


@folds(*_UNARY)
def _unary(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    found = _UNARY[node.operator](inputs[0])
    return found.astype(inputs[0].dtype, copy=False)


@folds("Min", "Max", "Sum")
def _of_several(node: Node, inputs: Sequence[Any], model: LoadedModel) -> np.ndarray:
    combine = {"Min": np.minimum, "Max": np.maximum, "Sum": np.add}[node.operator]
    found = inputs[0]
    for other in inputs[1:]:
        found = combine(found, other)
    return found
