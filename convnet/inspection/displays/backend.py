"""matplotlib, which only drawing needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


def pyplot(caller: str) -> ModuleType:
    """Return ``matplotlib.pyplot``.

    Parameters
    ----------
    caller : str
        What needs it, for the message.

    Returns
    -------
    pyplot : module

    Raises
    ------
    ImportError
        matplotlib is not installed; the message says what brings it.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError(f'{caller} needs matplotlib: pip install "convnet[plot]"') from None
    return plt
