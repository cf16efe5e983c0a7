"""ArchitectureDisplay: a net drawn as boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from convnet.inspection.displays.boxes import BELOW, INPUT, INSIDE, ROW, SUM, WIDTH, place
from convnet.inspection.displays.canvas import canvas, inches
from convnet.inspection.displays.nets import check_net
from convnet.inspection.displays.text import GLYPH, POINTS
from convnet.inspection.summary import layer_label
from convnet.layers.geometry import cross

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    from convnet.graph.plan import LayerInfo
    from convnet.inspection.displays.boxes import Box, Shortcut
    from convnet.inspection.displays.nets import Net


FONT = 8  # points
HEADING = 0.26  # inches for the heads of the columns, and for the total
NAME, SHAPE = 1.15, 1.15  # inches for names, and from shapes to the right side
SMALLER = 0.75  # the font beside a shortcut, of the others
BOLD = 1.1  # width of bold text, of other text
PAD = 0.1  # inches between text and the side of its box
LINE = "#444444"
# Pale tints: what a layer is stands in its box, so that nothing is said by colour alone.
TINTS = {"Conv": "#C5DFF2", "Pool": "#FBE3B5", "Dense": "#BFE6D7", "Residual": "#F7ECF2"}
OTHER = "#ECECEC"


class ArchitectureDisplay:
    """The layers of a net as boxes, with names, output shapes and numbers of parameters.

    Layers inside a residual block stand in a frame, the shortcut goes past them at the right to the sum.

    Parameters
    ----------
    layers : sequence of LayerInfo
        As in ``layers_`` of a fitted net.
    input_shape : tuple of int
        (h, w, c), (length, c) or (features,).
    has_output : bool, default=True
        Whether the output layer is among them.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Set by ``plot``.
    ax_ : matplotlib Axes
        All is drawn in it.
    boxes_ : dict of matplotlib Patch
        By the names of the layers, those inside others too; "input"; "residual1/+" is the sum of a block.
    texts_ : dict of list of str
        What stands in each: name, layer, output shape, parameters.
    shortcuts_ : dict of matplotlib Line2D
        By the names of the residual blocks.

    Examples
    --------
    >>> from convnet import ConvNetClassifier
    >>> from convnet.inspection import ArchitectureDisplay
    >>> net = ConvNetClassifier(input_shape=(28, 28, 1))
    >>> display = ArchitectureDisplay.from_estimator(net)
    >>> display.texts_["conv1"][2:]
    ['28×28×32', '320']
    """

    def __init__(
        self, layers: Sequence[LayerInfo], input_shape: tuple[int, ...], *, has_output: bool = True
    ) -> None:
        self.layers = layers
        self.input_shape = input_shape
        self.has_output = has_output

    @classmethod
    def from_estimator(
        cls,
        estimator: Net,
        X: Any = None,
        y: Any = None,
        *,
        nested: bool = True,
        ax: Axes | None = None,
    ) -> Self:
        """Draw a net, fitted or not.

        Parameters
        ----------
        estimator : ConvNetClassifier or ConvNetRegressor
            The net.
        X : array-like, default=None
            Before ``fit``: what the net is to take. Not needed with `input_shape`, nor after ``fit``.
        y : array-like, default=None
            Before ``fit``: the targets, which decide the size of the output layer. Without them it is left out.
        nested : bool, default=True
            As for ``plot``.
        ax : matplotlib Axes, default=None
            As for ``plot``.

        Returns
        -------
        display : ArchitectureDisplay
            Drawn.

        Raises
        ------
        TypeError
            `estimator` is no net.
        ValueError
            Before ``fit`` without X and `input_shape`; layers that do not fit together, by name.
        ImportError
            matplotlib is not installed.
        """
        check_net(estimator, cls.__name__)
        summary = estimator.summary(X, y)
        display = cls(summary.layers, summary.input_shape, has_output=summary.has_output)
        return display.plot(ax, nested=nested)

    def plot(self, ax: Axes | None = None, *, nested: bool = True) -> Self:
        """Draw the boxes.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to fill; None makes a new figure, as high as the net is deep.
        nested : bool, default=True
            Whether layers inside others have boxes of their own; if not, a residual block is one box.

        Returns
        -------
        self : ArchitectureDisplay

        Raises
        ------
        ImportError
            matplotlib is not installed.
        ValueError
            `ax` was divided before.
        """
        boxes, shortcuts, arrows, height = place(self.layers, nested)
        self.ax_ = canvas("ArchitectureDisplay.plot", ax, size=(WIDTH, height + 2 * HEADING))
        self.figure_ = self.ax_.figure
        self.ax_.set(xlim=(0, WIDTH), ylim=(height + HEADING, -HEADING))
        width, high = inches(self.ax_)
        self._font = FONT * min(1.0, width / WIDTH, high / (height + 2 * HEADING))
        for x, top, bottom in arrows:
            self._arrow(x, top, bottom)
        self.boxes_: dict[str, Patch] = {}
        self.texts_: dict[str, list[str]] = {}
        for box in boxes:
            self._box(box)
        self.shortcuts_ = {line.name: self._shortcut(line) for line in shortcuts}
        self._line(-HEADING / 2, 0.0, WIDTH, ["layer", "", "output", "parameters"], "bold")
        n = sum(info.n_parameters for info in self.layers)
        end = "" if self.has_output else "; the output layer follows from y"
        self._text(WIDTH - PAD, height + HEADING / 2, f"{n:,} parameters{end}", ha="right")
        return self

    def _box(self, box: Box) -> None:
        from matplotlib.patches import FancyBboxPatch

        round_off = f"round,pad=0,rounding_size={ROW / 5}"
        size = box.right - box.left, box.bottom - box.top
        patch = FancyBboxPatch(
            (box.left, box.top), *size, boxstyle=round_off, fc=_tint(box), ec=LINE, lw=0.7
        )
        self.boxes_[box.name] = self.ax_.add_patch(patch)
        if box.name.endswith(f"/{SUM}"):
            activation = getattr(self._info(box.name.rpartition("/")[0]).layer, "activation", None)
            cells = [SUM, f"then {activation}" if activation else "", "", ""]
        elif box.info is None:
            cells = [INPUT, "", cross(self.input_shape), ""]
        else:
            cells = list(layer_label(box.info))
        cells[0] = _cut(cells[0], (NAME - 2 * PAD) / BOLD)
        cells[1] = _cut(cells[1], size[0] - NAME - SHAPE - 3 * PAD - _length(cells[2]))
        self.texts_[box.name] = cells
        self._line(box.top + ROW / 2, box.left, box.right, cells)

    def _line(
        self, y: float, left: float, right: float, cells: Sequence[str], weight: str = "normal"
    ) -> None:
        name, what, shape, count = cells
        self._text(left + PAD, y, name, weight="bold")
        self._text(left + NAME, y, what)
        self._text(right - SHAPE, y, shape, ha="right", weight=weight)
        self._text(right - PAD, y, count, ha="right", weight=weight)

    def _text(self, x: float, y: float, text: str, **style: Any) -> None:
        self.ax_.text(x, y, text, fontsize=self._font, va="center_baseline", **style)

    def _arrow(self, x: float, top: float, bottom: float) -> None:
        style = dict(arrowstyle="-|>", color=LINE, lw=0.8, shrinkA=0, shrinkB=0, mutation_scale=7)
        self.ax_.annotate("", (x, bottom), (x, top), arrowprops=style)

    def _shortcut(self, line: Shortcut) -> Line2D:
        """Draw the way around a block: from the middle of the block's top to the right, down and to the sum."""
        start, end = line.top + BELOW / 2, line.bottom
        (drawn,) = self.ax_.plot(
            [WIDTH / 2, line.x, line.x], [start, start, end], color=LINE, lw=0.8
        )
        style = dict(arrowstyle="-|>", color=LINE, lw=0.8, shrinkA=0, shrinkB=0, mutation_scale=7)
        self.ax_.annotate("", (line.right, end), (line.x, end), arrowprops=style)
        if line.info is not None:
            _, what, _, count = layer_label(line.info)
            text = _cut(f"{what}: {count}", (end - start) / SMALLER)
            x = line.x + INSIDE / 4  # between the line and the frame
            self.ax_.text(
                *(x, (start + end) / 2, text),
                fontsize=SMALLER * self._font,
                rotation=90,
                ha="center",
                va="center",
            )
        return drawn

    def _info(self, name: str) -> LayerInfo:
        return next(info for outer in self.layers for info in outer.walk() if info.name == name)


def _tint(box: Box) -> str:
    kind = "" if box.info is None else box.info.type
    return next((tint for word, tint in TINTS.items() if word in kind), OTHER if kind else "white")


def _length(text: str) -> float:
    """Return the length of a text in inches."""
    return len(text) * GLYPH * FONT / POINTS


def _cut(text: str, room: float) -> str:
    n = int(room / _length(" "))
    return text if len(text) <= n else f"{text[: max(n - 1, 0)]}…"
