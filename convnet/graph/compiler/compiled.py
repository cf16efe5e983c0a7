"""A compiled program, with what its callers have to know of it, and pieces that both kinds are made of."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from convnet.engine import Program
from convnet.graph.compiler.fusion import Fold
from convnet.graph.ops import Conv2DOp, Op, Operation


@dataclass
class Compiled:
    """A program and the sizes of the memory that it runs in."""

    program: Program
    lanes: int = 1
    sizes: dict[str, Any] = field(default_factory=dict)
    forward_phases: int = 0  # phases of a forward pass that was asked for by itself
    folded: list[Fold] = field(default_factory=list)
    decays: list[float | None] = field(default_factory=list)  # see convnet.graph.compiler.update


def transfer(**maps: Any) -> Operation:
    """Return an operation that only moves data."""
    return "maps", maps


def want_halos(ops: Iterable[Op]) -> None:
    """Let the maps that convolutions read have the zeros that their windows reach."""
    for op in ops:
        if isinstance(op, Conv2DOp):
            op.want_halo()
