"""Where the boxes of a drawn net stand: inches, y downwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convnet.layers.residual import SHORTCUT, Residual

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.graph import LayerInfo


WIDTH = 6.4  # of a drawing
ROW, STEP = 0.3, 0.14  # height of a box, and of the arrow below it
INSIDE = (
    0.28  # by how much a box inside another is indented, at the left; the shortcut is at the right
)
BELOW = 0.1  # from the last arrow inside a block to its end
INPUT, SUM = "input", "+"


Arrow = tuple[float, float, float]  # x, top, bottom


@dataclass(frozen=True)
class Box:
    """A layer, the input or a sum.

    Parameters
    ----------
    name : str
        In full, "residual1/conv1"; "input"; of a sum that of the block, with "/+".
    info : LayerInfo or None
        What is known of the layer; None of an input and a sum.
    left, right, top, bottom : float
        Sides. Of a block of layers they are those of its frame.
    is_block : bool
        Whether layers stand inside.
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
    """The way around the layers of a block.

    Parameters
    ----------
    name : str
        Of the block.
    x : float
        Where it goes down.
    right : float
        The right side of the boxes that it leaves and comes back to.
    top, bottom : float
        Where it leaves and comes back.
    info : LayerInfo or None
        The layer that gives the block's input the shape of its output; None where it has that.
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
    """Place the boxes of a net.

    Parameters
    ----------
    layers : sequence of LayerInfo
        The outer ones.
    nested : bool, default=True
        Whether the layers inside others have boxes of their own.

    Returns
    -------
    boxes : list of Box
        Blocks before what they hold; the input first.
    shortcuts : list of Shortcut
    arrows : list of (x, top, bottom)
    height : float
        Of it all.
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
        """Place a layer's words, those inside it and, of a residual block, the shortcut beside them and the sum."""
        at, top = len(self.boxes), self.y
        body = [inner for inner in info.layers if inner.name.rpartition("/")[2] != SHORTCUT]
        around = next((inner for inner in info.layers if inner not in body), None)
        self.y += ROW
        leaves = self.y
        self.chain(body, left + INSIDE, right - INSIDE)
        if isinstance(info.layer, Residual):
            self.arrow()
            self.box(f"{info.name}/{SUM}", None, left + INSIDE, right - INSIDE)
            x, back = right - INSIDE / 2, self.y - ROW / 2
            self.shortcuts.append(Shortcut(info.name, x, right - INSIDE, leaves, back, around))
        self.y += BELOW
        self.boxes.insert(at, Box(info.name, info, left, right, top, self.y, True))
