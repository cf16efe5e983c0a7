"""Names of layers from the names of nodes."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_LENGTH = 56  # of 64 characters; the rest is for a number


def short_name(node: str) -> str:
    """Return the name of a node as a name of a layer: "/layer1/layer1.0/conv1/Conv" becomes "layer1-0-conv1-Conv".

    A part that the next one repeats is left out, and so is the beginning of a name that is too long.
    """
    parts = [part for part in node.split("/") if part]
    kept = [
        part
        for part, after in zip(parts, [*parts[1:], ""], strict=True)
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
    """

    def __init__(self, reserved: Collection[str]) -> None:
        self._taken = set(reserved)

    def unique(self, node: str) -> str:
        """Return a name for the layer of a node: its short name, with a number if that is taken."""
        name = short_name(node)
        if name in self._taken:
            name = next(
                numbered for i in count(2) if (numbered := f"{name}-{i}") not in self._taken
            )
        self._taken.add(name)
        return name
