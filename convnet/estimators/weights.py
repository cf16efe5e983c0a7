"""The weights of a fitted net."""

from collections.abc import Mapping

import numpy as np


class Weights(Mapping):
    """Read-only mapping of names such as "conv1/weights" to read-only float32 arrays.

    Parameters
    ----------
    arrays : dict of str to ndarray
        Taken over, and made read-only.
    """

    __slots__ = ("_arrays",)

    def __init__(self, arrays):
        self._arrays = dict(arrays)
        for name, array in self._arrays.items():
            if not isinstance(array, np.ndarray):
                raise TypeError(
                    f"weights: {name!r} is a {type(array).__name__}, but an array is wanted."
                )
            array.flags.writeable = False

    def __getitem__(self, name):
        return self._arrays[name]

    def __iter__(self):
        return iter(self._arrays)

    def __len__(self):
        return len(self._arrays)

    def __repr__(self):
        return f"Weights({', '.join(f'{name} {array.shape}' for name, array in self.items())})"

    def __reduce__(self):
        return Weights, (
            self._arrays,
        )  # arrays come out of a pickle writeable: __init__ is run again
