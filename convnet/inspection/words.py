"""Words for a layer: its name, what it is, its shape and its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convnet.layers.geometry import cross

if TYPE_CHECKING:
    from convnet.graph import LayerInfo


def words(info: LayerInfo) -> tuple[str, str, str, str]:
    """Return what stands in the box of a layer.

    Parameters
    ----------
    info : LayerInfo

    Returns
    -------
    name : str
        Its own, without those of the layers around it.
    what : str
        The layer as it is written, without its name; of one that holds others the type and the activation.
    shape : str
        Of its output: "28×28×16".
    n_parameters : str
        With separators: "1,138".
    """
    what = repr(info.layer.replace(name=None))
    if info.layers:
        activation = getattr(info.layer, "activation", None)
        what = f"{info.type}, {activation}" if activation else info.type
    name = info.name.rpartition("/")[2]
    return name, what, cross(info.output_shape), f"{info.n_parameters:,}"
