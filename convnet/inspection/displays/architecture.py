"""ArchitectureDisplay: the layers of a net as boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from convnet.inspection.displays.boxes import BELOW, INPUT, INSIDE, MERGE, ROW, WIDTH, place
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

    from convnet.graph import LayerInfo
    from convnet.inspection.displays.boxes import Box, Point, Rail, Shortcut
    from convnet.inspection.displays.nets import Net


FONT = 8  # points
HEADING = 0.26  # height of the column heads, and of the total, in inches
NAME, SHAPE = 1.15, 1.15  # width of names, and distance from shapes to the right edge, in inches
SHORTCUT_FONT = 0.75  # font size beside a shortcut, relative to the others
BOLD = 1.1  # width of bold text, relative to normal text
PAD = 0.1  # inches between text and the edge of its box
LINE = "#444444"
# Pale tints. The box says what its layer is, so that no information is in the color alone.
TINTS = {
    "Conv": "#C5DFF2",
    "Pool": "#FBE3B5",
    "Dense": "#BFE6D7",
    "Residual": "#F7ECF2",
    "Parallel": "#F1EDF9",
}
OTHER = "#ECECEC"


class ArchitectureDisplay:
    """The layers of a net as boxes, with names, output shapes and numbers of parameters.

    A frame surrounds the layers inside a residual block, and a line at its right is the shortcut to the sum. The
    branches of a `Parallel` layer are frames one below the other. Lines at their left lead into them, and lines at
    their right lead to the box where they are merged.

    Parameters
    ----------
    layers : sequence of LayerInfo
        As in ``layers_`` of a fitted net.
    input_shape : tuple of int
        (h, w, c), (length, c) or (features,).
    has_output : bool, default=True
        Whether `layers` contains the output layer.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure. ``plot`` sets this and the following attributes.
    ax_ : matplotlib Axes
        The axes that the display draws in.
    boxes_ : dict of matplotlib Patch
        Boxes by layer name, including nested layers and "input". "residual1/merge" is the sum of a block, "parallel1/0"
        a branch.
    texts_ : dict of list of str
        Texts of each box: name, layer, output shape, parameters.
    shortcuts_ : dict of matplotlib Line2D
        Shortcuts by the name of the residual block.
    rails_ : dict of list of matplotlib Line2D
        By the name of a `Parallel` layer: for each branch, the line into it and the line from its end to the merge.

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
        """Draw a net, before or after ``fit``.

        Parameters
        ----------
        estimator : ConvNetClassifier or ConvNetRegressor
            The net.
        X : array-like, default=None
            Before ``fit``: images for the net. Not needed with `input_shape`, nor after ``fit``.
        y : array-like, default=None
            Before ``fit``: targets, which determine the size of the output layer. None leaves out the output layer.
        nested : bool, default=True
            See ``plot``.
        ax : matplotlib Axes, default=None
            See ``plot``.

        Returns
        -------
        display : ArchitectureDisplay
            The display, already drawn.

        Raises
        ------
        TypeError
            If `estimator` is not a net.
        ValueError
            If the net is not fitted and neither X nor `input_shape` is given, or layers do not fit together.
        ImportError
            If matplotlib is not installed.
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
            Axes to draw in. None makes a new figure, whose height depends on the number of layers.
        nested : bool, default=True
            Whether nested layers have their own boxes. If not, a residual block is a single box.

        Returns
        -------
        self : ArchitectureDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `ax` was divided before.
        """
        placed = place(self.layers, nested)
        height = placed.height
        self.ax_ = canvas("ArchitectureDisplay.plot", ax, size=(WIDTH, height + 2 * HEADING))
        self.figure_ = self.ax_.figure
        self.ax_.set(xlim=(0, WIDTH), ylim=(height + HEADING, -HEADING))
        width, high = inches(self.ax_)
        self._font = FONT * min(1.0, width / WIDTH, high / (height + 2 * HEADING))
        for x, top, bottom in placed.arrows:
            self._arrow((x, top), (x, bottom))
        self.rails_ = {
            name: [self._rail(points) for points in rails] for name, rails in placed.rails.items()
        }
        self.boxes_: dict[str, Patch] = {}
        self.texts_: dict[str, list[str]] = {}
        for box in placed.boxes:
            self._box(box)
        self.shortcuts_ = {line.name: self._shortcut(line) for line in placed.shortcuts}
        self._line(-HEADING / 2, 0.0, WIDTH, ["layer", "", "output", "parameters"], "bold")
        n = sum(info.n_parameters for info in self.layers)
        end = "" if self.has_output else " without the output layer, whose size depends on y"
        self._text(WIDTH - PAD, height + HEADING / 2, f"{n:,} parameters{end}", ha="right")
        return self

    def _box(self, box: Box) -> None:
        from matplotlib.patches import FancyBboxPatch

        box_style = f"round,pad=0,rounding_size={ROW / 5}"
        size = box.right - box.left, box.bottom - box.top
        patch = FancyBboxPatch(
            (box.left, box.top), *size, boxstyle=box_style, fc=_tint(box), ec=LINE, lw=0.7
        )
        self.boxes_[box.name] = self.ax_.add_patch(patch)
        block, _, last = box.name.rpartition("/")
        if last == MERGE:
            activation = getattr(self._info(block).layer, "activation", None)
            cells = [box.text, f"then {activation}" if activation else "", "", ""]
        elif box.text:
            cells = [*box.text.partition(": ")[::2], "", ""]
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
        name, spec, shape, n_parameters = cells
        self._text(left + PAD, y, name, weight="bold")
        self._text(left + NAME, y, spec)
        self._text(right - SHAPE, y, shape, ha="right", weight=weight)
        self._text(right - PAD, y, n_parameters, ha="right", weight=weight)

    def _text(self, x: float, y: float, text: str, **style: Any) -> None:
        self.ax_.text(x, y, text, fontsize=self._font, va="center_baseline", **style)

    def _arrow(self, start: Point, end: Point) -> None:
        style = dict(arrowstyle="-|>", color=LINE, lw=0.8, shrinkA=0, shrinkB=0, mutation_scale=7)
        self.ax_.annotate("", end, start, arrowprops=style)

    def _rail(self, points: Rail) -> Line2D:
        """Draw a line through some points, with an arrow at its end."""
        (drawn,) = self.ax_.plot(*zip(*points[:-1], strict=True), color=LINE, lw=0.8)
        self._arrow(points[-2], points[-1])
        return drawn

    def _shortcut(self, line: Shortcut) -> Line2D:
        """Draw a shortcut: from below the head of the block to the right, down, and back to the sum."""
        start, end = line.top + BELOW / 2, line.bottom
        drawn = self._rail(((WIDTH / 2, start), (line.x, start), (line.x, end), (line.right, end)))
        if line.layers:
            specs = ", ".join(layer_label(info).spec for info in line.layers)
            n_parameters = sum(info.n_parameters for info in line.layers)
            text = _cut(f"{specs}: {n_parameters:,}", (end - start) / SHORTCUT_FONT)
            x = line.x + INSIDE / 4  # between the line and the frame
            self.ax_.text(
                *(x, (start + end) / 2, text),
                fontsize=SHORTCUT_FONT * self._font,
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
    """Return the approximate length of a text in inches."""
    return len(text) * GLYPH * FONT / POINTS


def _cut(text: str, room: float) -> str:
    n = int(room / _length(" "))
    return text if len(text) <= n else f"{text[: max(n - 1, 0)]}…"
