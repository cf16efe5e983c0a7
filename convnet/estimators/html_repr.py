"""The layers of a net inside scikit-learn's HTML diagram of estimators.

scikit-learn asks an estimator through ``_sk_visual_block_`` what to draw inside its box. The diagrams of pipelines,
searches and other estimators use the same method. scikit-learn writes and escapes all text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from convnet.inspection.summary import layer_label
from convnet.layers import resolve_names
from convnet.layers.geometry import cross
from convnet.layers.spec import layers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.graph import LayerInfo


# Errors of a net whose layers cannot be shown: bad parameters or layers, an unreadable spec file, a missing extra.
SPEC_ERRORS = (ValueError, TypeError, OSError, ImportError)


@dataclass(frozen=True)
class Block:
    """A box of the diagram, with the attributes that scikit-learn reads.

    Parameters
    ----------
    title : str
        Text in the box, or above the boxes inside it.
    details : str
        Text that a click unfolds.
    name_caption : str, default=None
        A line below the title, if there are no boxes inside.
    estimators : tuple of Block, default=()
        The boxes inside.
    kind : str, default="single"
        How the boxes inside are arranged: "serial", from top to bottom; "parallel", side by side; "single" if there are
        none.
    dash_wrapped : bool, default=True
        Whether to draw a frame around the boxes inside.
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
        """Titles of the boxes inside; without any, the block's own title."""
        return [block.title for block in self.estimators] if self.estimators else self.title

    @property
    def name_details(self) -> list[str] | str:
        """Details of the boxes inside; without any, the block's own details."""
        return [block.details for block in self.estimators] if self.estimators else self.details

    def _sk_visual_block_(self) -> Block:
        return self


class HTMLReprMixin:
    """Shows the layers of a net in notebooks."""

    def _sk_visual_block_(self) -> Block:
        """Return the box of the net, with its layers if they are known, and their shapes if those are known."""
        try:
            layers = _layer_blocks(self)
        except SPEC_ERRORS:
            layers = ()
        kind = "serial" if layers else "single"
        return Block(type(self).__name__, str(self), estimators=layers, kind=kind)


def _layer_blocks(net: Any) -> tuple[Block, ...]:
    if hasattr(net, "weights_") or net.input_shape is not None:
        summary = net.summary()
        shape = cross(summary.input_shape)
        return (Block("input", shape, shape), *map(_layer_block, summary.layers))
    layers = layers_of(net.layers, net.init_weights)
    names = resolve_names(layers)
    return tuple(
        Block(f"{name}: {type(layer).__name__}", repr(layer))
        for name, layer in zip(names, layers, strict=True)
    )


def _layer_block(info: LayerInfo) -> Block:
    label = layer_label(info)
    size = f"{label.shape}, {label.n_parameters} parameters" if info.n_parameters else label.shape
    title, details = f"{label.name}: {info.type}", repr(info.layer)
    if not info.layers:
        return Block(title, details, size)
    if info.branches:
        inner, kind = tuple(_branch(*branch) for branch in info.branches), "parallel"
    else:
        inner, kind = tuple(map(_layer_block, info.layers)), "serial"
    return Block(f"{title} {size}", details, estimators=inner, kind=kind)


def _branch(label: str, layers: Sequence[LayerInfo]) -> Block:
    """Return a branch as one box. One without layers has a box that says so."""
    inside = tuple(map(_layer_block, layers)) or (Block(label, "the input itself"),)
    # scikit-learn draws the titles of boxes side by side above them, in addition to those inside: leave them empty.
    return Block("", "", estimators=inside, kind="serial", dash_wrapped=False)
