"""Names of layers from the names of nodes."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING

from convnet.model_io.onnx.reading.operators import OPERATORS

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_LENGTH = 56  # of 64 characters; the rest is for a number


def short_name(node: str, *, with_operator: bool = False) -> str:
    """Return the name of a node as a name of a layer: "/layer1/layer1.0/conv1/Conv" becomes "layer1-0-conv1".

    PyTorch's names begin with the modules around a node and end with the operator, or begin with "node_". A part that
    the next one repeats is left out, as is the beginning of a name that is too long. The operator behind the name of a
    module is left out unless `with_operator` is set.
    """
    parts = [part for part in node.removeprefix("node_").split("/") if part]
    if not with_operator and len(parts) > 1 and re.sub(r"_\d+$", "", parts[-1]) in OPERATORS:
        del parts[-1]
    kept = [
        part
        for part, after in zip(parts, [*parts[1:], ""], strict=False)
        if not after.startswith((f"{part}.", f"{part}_")) and after != part
    ]
    text = re.sub(r"[^A-Za-z0-9]+", lambda run: "_" if run[0] == "_" else "-", "-".join(kept))
    text = text[-MAX_LENGTH:].strip("-_")
    return f"n{text}" if not text or text.isdigit() else text


class Names:
    """Gives each layer of a list another name.

    Parameters
    ----------
    reserved : collection of str
        Names that are not given.
    around : str, default=""
        Name of the layer around the list. Names do not repeat it.
    """

    def __init__(self, reserved: Collection[str], around: str = "") -> None:
        self._taken = {*reserved, around}
        self._around = f"{around}-"

    def unique(self, node: str) -> str:
        """Return a name for the layer of a node: its short name, with its operator or a number if that is taken."""
        name = self._inside(short_name(node))
        if name in self._taken:
            name = self._inside(short_name(node, with_operator=True))
        if name in self._taken:
            name = next(
                numbered for i in count(2) if (numbered := f"{name}-{i}") not in self._taken
            )
        self._taken.add(name)
        return name

    def _inside(self, name: str) -> str:
        inner = name.removeprefix(self._around)
        return name if inner.isdigit() else inner
