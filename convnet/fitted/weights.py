"""Weights: the weights of a fitted net as a read-only mapping, and their replacement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from convnet.values.messages import did_you_mean, listed, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from convnet.graph import Plan
    from convnet.graph.layout import Parameter


NUMPY_FLOATS = ("torch.float16", "torch.float32", "torch.float64")


class Weights(Mapping):
    """Read-only mapping from names such as "conv1/weights" to read-only float32 arrays.

    Parameters
    ----------
    arrays : dict of str to ndarray
        The arrays. They are not copied, but made read-only.
    """

    __slots__ = ("_arrays",)

    def __init__(self, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        self._arrays = dict(arrays)
        for name, array in self._arrays.items():
            if not isinstance(array, np.ndarray):
                raise TypeError(
                    f"weights: {show(name)} must be an array; got {type(array).__name__}."
                )
            array.flags.writeable = False

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        return self._arrays[name]

    def __setitem__(self, name: str, array: Any) -> NoReturn:
        raise TypeError(f"weights_ is read-only. Write net.set_weights({{{show(name)}: array}}).")

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        return f"Weights({', '.join(f'{name} {array.shape}' for name, array in self.items())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Weights, (self._arrays,)  # arrays are writeable after unpickling: run __init__


def check_weights(weights: Any, plan: Plan) -> None:
    """Raise ValueError unless `weights` are those of the plan: names, dtypes, shapes, memory layout and values."""
    if type(weights) is not Weights:
        raise ValueError(
            f"weights_ is read-only, but found a {type(weights).__name__}. "
            "Use set_weights, or pass init_weights to start a fit from your own weights."
        )
    expected = {parameter.name for parameter in plan.parameters}
    if weights.keys() != expected:
        raise ValueError(f"expected the names {_listed(expected)}, found {_listed(weights)}")
    for parameter in plan.parameters:
        name, array = parameter.name, weights[parameter.name]
        if array.dtype != np.float32 or array.shape != parameter.shape:
            raise ValueError(
                f"expected {name} of shape {parameter.shape} and dtype float32, "
                f"found shape {array.shape} and dtype {array.dtype}"
            )
        if not (array.flags.c_contiguous and array.flags.aligned):
            raise ValueError(f"expected {name} to be C-contiguous and aligned")
        parameter.check(array)


def replaced(weights: Weights, changes: Any, plan: Plan, what: str) -> Weights:
    """Return weights with some arrays replaced by copies of others.

    Parameters
    ----------
    weights : Weights
        Those of the plan.
    changes : mapping of str to array-like
        The new arrays.
    plan : Plan
        Plan of the net.
    what : str
        Beginning of errors, such as "ConvNetClassifier.set_weights".
    """
    if not isinstance(changes, Mapping):
        raise TypeError(
            f'{what}: weights must be a dict such as {{"conv1/weights": array}}; got {show(changes)}. '
            "weights_ has the names and shapes."
        )
    arrays = {name: as_numbers(name, array, what) for name, array in changes.items()}
    parameters = {parameter.name: parameter for parameter in plan.parameters}
    for name in arrays:
        if name not in parameters:
            raise ValueError(
                f"{what}: the net has no weights named {show(name)}. It has {listed(parameters)}."
                f"{did_you_mean(name, parameters)}"
            )
    new = {name: _as_parameter(parameters[name], array, what) for name, array in arrays.items()}
    return Weights({name: new.get(name, array) for name, array in weights.items()})


def as_numbers(name: object, array: Any, what: str) -> np.ndarray:
    """Return one of the arrays that a user passed by name. Raise TypeError unless it holds real numbers.

    Parameters
    ----------
    name : object
        Key of the array.
    array : object
        The array.
    what : str
        Beginning of errors.
    """
    if not isinstance(name, str):
        raise TypeError(
            f'{what} must have names such as "conv1/weights" as keys; got {show(name)}.'
        )
    try:
        array = np.asarray(_in_memory(array))
    except (ValueError, TypeError, RuntimeError):
        # rows of several lengths; tensors of PyTorch that are sparse, quantized or without values
        array = np.asarray(None)
    if array.dtype.kind not in "buif":
        raise TypeError(f"{what}[{show(name)}] must be an array of real numbers.")
    return array


def _in_memory(array: Any) -> Any:
    """Return a tensor of PyTorch as an array, also one of a GPU, with gradients, of bfloat16 or of float8.

    Other objects are returned as they are.
    """
    if not hasattr(array, "detach"):
        return array
    tensor = array.detach().cpu()
    is_special = tensor.is_floating_point() and str(tensor.dtype) not in NUMPY_FLOATS
    return (tensor.float() if is_special else tensor).numpy()


def _as_parameter(parameter: Parameter, array: np.ndarray, what: str) -> NDArray[np.float32]:
    """Return a copy of an array as the value of a parameter."""
    if array.shape != parameter.shape:
        raise ValueError(
            f"{what}: {parameter.name} must have shape {parameter.shape}; got {array.shape}."
            f"{_shape_remedy(array.shape, parameter.shape)}"
        )
    with np.errstate(
        over="ignore"
    ):  # values that are too large for float32 are refused as infinite
        copy = np.array(array, dtype=np.float32, order="C")
    try:
        parameter.check(copy)
    except ValueError as error:
        raise ValueError(f"{what}: {error}.") from None
    return copy


def _shape_remedy(shape: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """Return how to change an array without the axes of length 1, or with the axes in the order of PyTorch."""
    if [n for n in shape if n > 1] == [n for n in expected if n > 1]:
        return f" Write array.reshape{expected}."
    order = (*range(2, len(shape)), 1, 0)
    if len(shape) == len(expected) > 1 and tuple(shape[axis] for axis in order) == expected:
        return f" If the axes are in the order of PyTorch, write array.transpose{order}."
    return ""


def _listed(names: Any) -> str:
    return ", ".join(sorted(map(str, names)))[:200]
