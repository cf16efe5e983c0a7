"""Weights: the weights of a fitted net as a read-only mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.values.messages import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from convnet.graph import Plan


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
            "To start a fit from your own weights, pass them as init_weights."
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


def _listed(names: Any) -> str:
    return ", ".join(sorted(map(str, names)))[:200]
