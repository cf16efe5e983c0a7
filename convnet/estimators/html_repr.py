"""The layers of a net inside scikit-learn's HTML diagram of estimators.

scikit-learn asks an estimator, through ``_sk_visual_block_``, what stands inside its box; pipelines, searches and other
libraries answer in the same way. The texts are written, and escaped, by scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from convnet.inspection.words import words
from convnet.layers import Residual, as_layers, resolve_names
from convnet.layers.geometry import cross
from convnet.layers.residual import SHORTCUT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.graph import LayerInfo


# What a net that cannot be described is refused with: parameters, layers, the file of a spec, a missing extra.
UNKNOWN = (ValueError, TypeError, OSError, ImportError)


@dataclass(frozen=True)
class Block:
    """A box of the diagram, with the attributes that scikit-learn reads.

    Parameters
    ----------
    title : str
        What stands in it, or above the boxes inside.
    details : str
        What unfolds at a click.
    name_caption : str, default=None
        A line below the title of a box without others inside.
    estimators : tuple of Block, default=()
        The boxes inside.
    kind : str, default="single"
        "serial", those inside one below the other; "parallel", side by side; "single", none.
    dash_wrapped : bool, default=True
        Whether there is a frame around those inside.
    """

    title: str
    details: str
    name_caption: str | None = None
    estimators: tuple[Block, ...] = ()
    kind: str = "single"
    dash_wrapped: bool = True

    doc_link_label = None

    @property
    def names(self) -> list[str] | str:
        """Titles of the boxes inside; of a single box its own."""
        return [block.title for block in self.estimators] if self.estimators else self.title

    @property
    def name_details(self) -> list[str] | str:
        """Details of the boxes inside; of a single box its own."""
        return [block.details for block in self.estimators] if self.estimators else self.details

    def _sk_visual_block_(self) -> Block:
        return self


class DiagramMixin:
    """A net shows its layers in notebooks."""

    def _sk_visual_block_(self) -> Block:
        """Return the box of the net: its layers where those are known, with shapes where these are."""
        try:
            layers = _blocks(self)
        except UNKNOWN:
            layers = ()
        kind = "serial" if layers else "single"
        return Block(type(self).__name__, str(self), estimators=layers, kind=kind)


def _blocks(net: Any) -> tuple[Block, ...]:
    if hasattr(net, "weights_") or net.input_shape is not None:
        summary = net.summary()
        shape = cross(summary.input_shape)
        return (Block("input", shape, shape), *map(_block, summary.layers))
    layers = as_layers(net.layers)
    names = resolve_names(layers)
    return tuple(
        Block(f"{name}: {type(layer).__name__}", repr(layer))
        for name, layer in zip(names, layers, strict=True)
    )


def _block(info: LayerInfo) -> Block:
    name, _, shape, n_parameters = words(info)
    figures = f"{shape}, {n_parameters} parameters" if info.n_parameters else shape
    title, details = f"{name}: {info.type}", repr(info.layer)
    if not info.layers:
        return Block(title, details, figures)
    inner, kind = tuple(map(_block, info.layers)), "serial"
    if isinstance(info.layer, Residual):
        inner, kind = _branches(inner), "parallel"
    return Block(f"{title} {figures}", details, estimators=inner, kind=kind)


def _branches(inner: Sequence[Block]) -> tuple[Block, Block]:
    """Return the layers of a residual block as one box, and the way past them as another."""
    around = next((block for block in inner if block.title.startswith(f"{SHORTCUT}: ")), None)
    body = tuple(block for block in inner if block is not around)
    past = around or Block(SHORTCUT, "the input itself")
    # Boxes side by side have titles above them: here only those that the boxes have themselves.
    past = Block("", "", estimators=(past,), kind="serial", dash_wrapped=False)
    return Block("", "", estimators=body, kind="serial", dash_wrapped=False), past
