"""The weights of a fitted net."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

import numpy as np


class Weights(Mapping):
    """Read-only mapping of names such as "conv1/weights" to read-only float32 arrays.

    Parameters
    ----------
    arrays : dict of str to ndarray
        Taken over, and made read-only.
    """

    __slots__ = ("_arrays",)

    def __init__(self, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        self._arrays = dict(arrays)
        for name, array in self._arrays.items():
            if not isinstance(array, np.ndarray):
                raise TypeError(
                    f"weights: {name!r} is a {type(array).__name__}, but an array is wanted."
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
        return Weights, (
            self._arrays,
        )  # arrays come out of a pickle writeable: __init__ is run again
