"""The function that converts each class of layers, and what such a function gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from convnet.values.messages import listed, show

if TYPE_CHECKING:
    from convnet.graph import LayerInfo
    from convnet.graph.flattened_orders import Order
    from convnet.layers.geometry import Shape

# The modules of a layer, each with a word that is added to the name of the layer: "pad". "" is the layer itself.
Parts = list[tuple[str, nn.Module]]


@dataclass(frozen=True, eq=False)
class LayerSource:
    """A layer of a fitted net that becomes modules.

    Parameters
    ----------
    info : LayerInfo
        Name, output shape and inner layers.
    shape : tuple of int
        Shape of its input: (h, w, c), (length, c) or (features,).
    arrays : mapping of str to ndarray
        Its weights by their roles: "weights", "bias".
    order : ndarray, str or None
        Where the features of its input are, if they are those of a flattened map; see `channels_first_orders`.
    flattens_channels_last : bool
        Whether a flattened map has the order of convnet in the whole net.
    chain : callable
        Given inner layers and the shape of their input, returns modules by name.
    """

    info: LayerInfo
    shape: Shape
    arrays: Mapping[str, np.ndarray]
    order: Order
    flattens_channels_last: bool
    chain: Callable[[Any, Shape], dict[str, nn.Module]]

    @property
    def axes(self) -> int:
        """Number of axes of a map (2) or a signal (1); 0 for flat data."""
        return len(self.shape) - 1

    def tensor(self, role: str) -> torch.Tensor | None:
        """Return a parameter in the layout of PyTorch, or None if the layer does not have it."""
        array = self.arrays.get(role)
        if array is None:
            return None
        has_features = role == "weights" or "weights" not in self.arrays
        if isinstance(self.order, np.ndarray) and has_features:
            moved = np.empty_like(array)
            moved[self.order] = array
            array = moved
        if role == "weights":  # (*window, in, out) to (out, in, *window)
            array = array.transpose(-1, -2, *range(array.ndim - 2))
        return torch.tensor(np.ascontiguousarray(array))

    def filled(self, kind: Any, *args: Any, roles: Mapping[str, str], **kwargs: Any) -> Any:
        """Return a module of a class, with these arguments and the parameters of the layer.

        PyTorch's random state stays unchanged.

        Parameters
        ----------
        kind : type
            Class of the module.
        roles : mapping of str to str
            The role here of each parameter there.
        *args, **kwargs : object
            Arguments of the class.
        """
        module = nn.utils.skip_init(kind, *args, dtype=torch.float32, **kwargs)
        with torch.no_grad():
            for name, role in roles.items():
                value = self.tensor(role)
                if value is not None:
                    getattr(module, name).copy_(value)
        return module


Converter = Callable[[Any, LayerSource], Parts]
CONVERTERS: dict[type, Converter] = {}


def converts(*kinds: type) -> Callable[[Converter], Converter]:
    """Register the function that converts layers of these classes; a decorator."""

    def register(function: Converter) -> Converter:
        CONVERTERS.update(dict.fromkeys(kinds, function))
        return function

    return register


def convert(source: LayerSource) -> Parts:
    """Return the modules of a layer. Raise TypeError if its class is a user's own."""
    layer = source.info.layer
    converter = CONVERTERS.get(type(layer))
    if converter is None:
        known = listed(sorted(kind.__name__ for kind in CONVERTERS))
        raise TypeError(
            f"to_torch: layer {show(source.info.name)} is a {type(layer).__name__}, which has no counterpart in "
            f"PyTorch. Build the net from these layers: {known}."
        )
    return converter(layer, source)
