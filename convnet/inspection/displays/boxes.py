"""Positions of the boxes of a drawn net, in inches; y points down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convnet.layers.residual import SHORTCUT, Residual

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.graph import LayerInfo


WIDTH = 6.4  # of a drawing
ROW, STEP = 0.3, 0.14  # height of a box, and of the arrow below it
INSIDE = 0.28  # indent of nested boxes; the shortcut runs in the right one
BELOW = 0.1  # from the last box inside a block to the bottom of the block
INPUT, SUM = "input", "+"


Arrow = tuple[float, float, float]  # x, top, bottom


@dataclass(frozen=True)
class Box:
    """A layer, the input or a sum.

    Parameters
    ----------
    name : str
        Full name of the layer, "residual1/conv1"; "input"; for a sum the name of the block and "/+".
    info : LayerInfo or None
        The layer; None for the input and for sums.
    left, right, top, bottom : float
        Edges of the box; for a block of layers those of its frame.
    is_block : bool
        Whether the box contains other boxes.
    """

    name: str
    info: LayerInfo | None
    left: float
    right: float
    top: float
    bottom: float
    is_block: bool = False


@dataclass(frozen=True)
class Shortcut:
    """The line of a shortcut around the layers of a residual block.

    Parameters
    ----------
    name : str
        Name of the block.
    x : float
        Position of its vertical part.
    right : float
        Right edge of the boxes where it starts and ends.
    top, bottom : float
        Where it starts and ends.
    info : LayerInfo or None
        The layer on the shortcut; None if the shortcut is the identity.
    """

    name: str
    x: float
    right: float
    top: float
    bottom: float
    info: LayerInfo | None


def place(
    layers: Sequence[LayerInfo], nested: bool = True
) -> tuple[list[Box], list[Shortcut], list[Arrow], float]:
    """Return the positions of all boxes, shortcuts and arrows of a net.

    Parameters
    ----------
    layers : sequence of LayerInfo
        The outer layers.
    nested : bool, default=True
        Whether nested layers have their own boxes.

    Returns
    -------
    boxes : list of Box
        The input first, blocks before the boxes inside them.
    shortcuts : list of Shortcut
        One for each residual block.
    arrows : list of (x, top, bottom)
        Arrows between boxes.
    height : float
        Height of the drawing.
    """
    placer = _Placer(nested)
    placer.box(INPUT, None, 0.0, WIDTH)
    placer.chain(layers, 0.0, WIDTH)
    return placer.boxes, placer.shortcuts, placer.arrows, placer.y


class _Placer:
    def __init__(self, nested: bool) -> None:
        self.nested, self.y = nested, 0.0
        self.boxes: list[Box] = []
        self.shortcuts: list[Shortcut] = []
        self.arrows: list[Arrow] = []

    def box(self, name: str, info: LayerInfo | None, left: float, right: float) -> None:
        self.boxes.append(Box(name, info, left, right, self.y, self.y + ROW))
        self.y += ROW

    def arrow(self) -> None:
        self.arrows.append((WIDTH / 2, self.y, self.y + STEP))
        self.y += STEP

    def chain(self, layers: Sequence[LayerInfo], left: float, right: float) -> None:
        for info in layers:
            self.arrow()
            if info.layers and self.nested:
                self.block(info, left, right)
            else:
                self.box(info.name, info, left, right)

    def block(self, info: LayerInfo, left: float, right: float) -> None:
        """Place the label of a layer, its nested layers and, for a residual block, its shortcut and its sum."""
        at, top = len(self.boxes), self.y
        body = [inner for inner in info.layers if inner.name.rpartition("/")[2] != SHORTCUT]
        projection = next((inner for inner in info.layers if inner not in body), None)
        self.y += ROW
        start = self.y
        self.chain(body, left + INSIDE, right - INSIDE)
        if isinstance(info.layer, Residual):
            self.arrow()
            self.box(f"{info.name}/{SUM}", None, left + INSIDE, right - INSIDE)
            x, end = right - INSIDE / 2, self.y - ROW / 2
            self.shortcuts.append(Shortcut(info.name, x, right - INSIDE, start, end, projection))
        self.y += BELOW
        self.boxes.insert(at, Box(info.name, info, left, right, top, self.y, True))
