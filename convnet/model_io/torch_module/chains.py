"""Chains of layers as modules by name."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from torch import nn

# These files register the functions that convert layers.
from convnet.model_io.torch_module import blocks, pooling, values, weighted  # noqa: F401
from convnet.model_io.torch_module.names import free_name
from convnet.model_io.torch_module.registry import LayerSource, convert

if TYPE_CHECKING:
    from convnet.graph import LayerInfo
    from convnet.graph.flattened_orders import Order
    from convnet.layers.geometry import Shape

    # Layers in order, and the names of the modules that they are put in: ("residual1",)
    Segment = tuple[tuple[str, ...], Sequence[LayerInfo]]


@dataclass(frozen=True, eq=False)
class ChainConverter:
    """Converts the layers of a fitted net.

    Parameters
    ----------
    weights : mapping of str to ndarray
        By name.
    orders : mapping of str to ndarray or str
        See `channels_first_orders`. Empty if flattened maps have the order of convnet.
    flattens_channels_last : bool
        Whether they have.
    """

    weights: Mapping[str, np.ndarray]
    orders: Mapping[str, Order]
    flattens_channels_last: bool

    def chain(self, infos: Sequence[LayerInfo], shape: Shape) -> dict[str, nn.Module]:
        """Return the modules of some layers by name, in order.

        Parameters
        ----------
        infos : sequence of LayerInfo
        shape : tuple of int
            Shape of the input of the first one.
        """
        names = {_own_name(info) for info in infos}
        modules: dict[str, nn.Module] = {}
        for info in infos:
            own = _own_name(info)
            for word, module in convert(self._source(info, shape)):
                name = free_name(f"{own}_{word}", names) if word else free_name(own)
                modules[name] = module
            shape = info.output_shape
        return modules

    def path(self, segments: Sequence[Segment], shape: Shape) -> dict[str, nn.Module]:
        """Return the modules of the segments that `path_to` returns."""
        (inside, infos), rest = segments[0], segments[1:]
        modules = self.chain(infos, shape)
        if rest:
            shape = infos[-1].output_shape if infos else shape
            modules |= self.path(rest, shape)
        for name in reversed(inside):
            modules = {free_name(name): nn.Sequential(OrderedDict(modules))}
        return modules

    def _source(self, info: LayerInfo, shape: Shape) -> LayerSource:
        prefix = f"{info.name}/"
        own = {
            name.removeprefix(prefix): array
            for name, array in self.weights.items()
            if name.startswith(prefix) and "/" not in name.removeprefix(prefix)
        }
        order = self.orders.get(info.name)
        return LayerSource(info, shape, own, order, self.flattens_channels_last, self.chain)


def _own_name(info: LayerInfo) -> str:
    return info.name.rpartition("/")[2]


def path_to(infos: Sequence[LayerInfo], name: str) -> list[Segment]:
    """Return the layers that compute the output of a layer, which may be inside others.

    Parameters
    ----------
    infos : sequence of LayerInfo
        The layers of a net.
    name : str
        Name of one of them, or of one inside them: "residual1/conv1".

    Returns
    -------
    segments : list of (names, layers)
        The layers up to the one around it, then those up to it inside that one, and the names of the modules around
        these: ``("residual1",)``, or ``("parallel1", "0")`` for a branch.
    """
    for i, info in enumerate(infos):
        if info.name == name:
            return [((), infos[: i + 1])]
        if name.startswith(f"{info.name}/"):
            groups = [inner for _, inner in info.branches] or [info.layers]
            inner = next(g for g in groups if any(one.name == name for x in g for one in x.walk()))
            (deeper, first), *rest = path_to(inner, name)
            around = inner[0].name.removeprefix(f"{info.name}/").split("/")[:-1]
            return [((), infos[:i]), ((_own_name(info), *around, *deeper), first), *rest]
    raise ValueError(f"no layer is called {name!r}")
