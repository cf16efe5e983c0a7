"""Names of the submodules of a module: those of the layers.

A layer that needs several modules gives them its own name and a word: "conv1_pad", "conv1", "conv1_relu".
"""

from __future__ import annotations

from collections.abc import Collection

from torch import nn

_PLAIN = nn.Sequential()  # its attributes cannot be names of submodules


def free_name(name: str, taken: Collection[str] = ()) -> str:
    """Return a name for a submodule, with an underscore at its end if it is taken or an attribute of modules.

    Names of layers do not end in an underscore. `convnet.fitting.weight_matching` knows both forms.

    Parameters
    ----------
    name : str
        Such as "conv1".
    taken : collection of str, default=()
        Names of the layers beside it.
    """
    return f"{name}_" if name in taken or hasattr(_PLAIN, name) else name
