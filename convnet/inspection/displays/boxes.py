"""Positions of the boxes of a drawn net, in inches; y points down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convnet.layers import Residual

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.graph import LayerInfo


WIDTH = 6.4  # of a drawing
ROW, STEP = 0.3, 0.14  # height of a box, and of the arrow below it
INSIDE = 0.28  # indent of nested boxes; the shortcut runs in the right one
BELOW = 0.1  # from the last box inside a block to the bottom of the block
INPUT = "input"
MERGE = "merge"  # last part of the name of the box where branches are merged
SYMBOLS = {"add": "+", "multiply": "×"}  # in that box; others have the name of the merge


Arrow = tuple[float, float, float]  # x, top, bottom


@dataclass(frozen=True)
class Box:
    """A layer, a branch, the place where branches are merged, or the input.

    Parameters
    ----------
    name : str
        Full name of the layer, "residual1/conv1"; "parallel1/0" for a branch; "residual1/merge"; or "input".
    info : LayerInfo or None
        The layer; None for other boxes.
    text : str
        What to write into a box that is not a layer: "+", "branch 0".
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
    text: str = ""


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
    layers : tuple of LayerInfo
        The layers on the shortcut; () if the shortcut is the identity.
    """

    name: str
    x: float
    right: float
    top: float
    bottom: float
    layers: tuple[LayerInfo, ...]


Point = tuple[float, float]  # (x, y)
# Line with an arrow at its end, which leads into a branch or from its end to the merge.
Rail = tuple[Point, ...]


def place(layers: Sequence[LayerInfo], nested: bool = True) -> Placed:
    """Return the positions of all boxes, lines and arrows of a net.

    Parameters
    ----------
    layers : sequence of LayerInfo
        The outer layers.
    nested : bool, default=True
        Whether nested layers have their own boxes.

    Returns
    -------
    placed : Placed
    """
    placer = _Placer(nested)
    placer.box(INPUT, None, 0.0, WIDTH)
    placer.chain(layers, 0.0, WIDTH)
    return Placed(placer.boxes, placer.shortcuts, placer.rails, placer.arrows, placer.y)


@dataclass(frozen=True)
class Placed:
    """A drawn net.

    Parameters
    ----------
    boxes : list of Box
        The input first, blocks before the boxes inside them.
    shortcuts : list of Shortcut
        One for each residual block.
    rails : dict of list of Rail
        By the name of a `Parallel` layer: for each branch, the line into it and the line from its end.
    arrows : list of (x, top, bottom)
        Arrows between boxes.
    height : float
        Height of the drawing.
    """

    boxes: list[Box]
    shortcuts: list[Shortcut]
    rails: dict[str, list[Rail]]
    arrows: list[Arrow]
    height: float


class _Placer:
    def __init__(self, nested: bool) -> None:
        self.nested, self.y = nested, 0.0
        self.boxes: list[Box] = []
        self.shortcuts: list[Shortcut] = []
        self.rails: dict[str, list[Rail]] = {}
        self.arrows: list[Arrow] = []

    def box(
        self, name: str, info: LayerInfo | None, left: float, right: float, text: str = ""
    ) -> None:
        self.boxes.append(Box(name, info, left, right, self.y, self.y + ROW, text=text))
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
        """Place the frame of a layer with the layers inside it."""
        at, top = len(self.boxes), self.y
        self.y += ROW
        if isinstance(info.layer, Residual):
            self.residual(info, left + INSIDE, right - INSIDE)
        elif info.branches:
            self.parallel(info, left + INSIDE, right - INSIDE)
        else:
            self.chain(info.layers, left + INSIDE, right - INSIDE)
        self.y += BELOW
        self.boxes.insert(at, Box(info.name, info, left, right, top, self.y, True))

    def residual(self, info: LayerInfo, left: float, right: float) -> None:
        """Place the body of a residual block, its sum, and the line of its shortcut."""
        (_, body), (_, aside) = info.branches
        start = self.y
        self.chain(body, left, right)
        self.arrow()
        self.box(f"{info.name}/{MERGE}", None, left, right, SYMBOLS["add"])
        x, end = right + INSIDE / 2, self.y - ROW / 2
        self.shortcuts.append(Shortcut(info.name, x, right, start, end, aside))

    def parallel(self, info: LayerInfo, left: float, right: float) -> None:
        """Place branches one below the other, each in a frame, then their merge.

        Lines at the left lead into the branches, and lines at the right from their ends to the merge.
        """
        start, frames = self.y, []
        for i, (label, layers) in enumerate(info.branches):
            self.y += BELOW
            at, top = len(self.boxes), self.y
            self.y += ROW
            self.chain(layers, left + INSIDE, right - INSIDE)
            self.y += BELOW if layers else 0.0
            text = label if layers else f"{label}: identity"
            name = f"{info.name}/{i}"
            frame = Box(name, None, left, right, top, self.y, bool(layers), text)
            self.boxes.insert(at, frame)
            frames.append(frame)
        self.y += BELOW
        merge = str(getattr(info.layer, "merge", ""))
        self.box(f"{info.name}/{MERGE}", None, left, right, SYMBOLS.get(merge, merge))
        into, out, end = left - INSIDE / 2, right + INSIDE / 2, self.y - ROW / 2
        rails = self.rails[info.name] = []
        for frame in frames:
            y = frame.top + ROW / 2
            rails.append(((into, start), (into, y), (left, y)))
            y = frame.bottom - BELOW / 2 if frame.is_block else y
            rails.append(((right, y), (out, y), (out, end), (right, end)))
