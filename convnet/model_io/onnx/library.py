"""The optional library onnx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convnet._extras import missing_extra

if TYPE_CHECKING:
    from types import ModuleType


def onnx_library(what: str) -> ModuleType:
    """Return the module onnx.

    Parameters
    ----------
    what : str
        What needs it, for the error: "to_onnx".

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise ImportError(missing_extra(what, "onnx", "onnx")) from None
    return onnx
