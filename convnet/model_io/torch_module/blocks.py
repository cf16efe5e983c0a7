"""Layers with branches."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from torch import nn

from convnet.layers import Parallel, Residual
from convnet.layers.residual import SHORTCUT
from convnet.model_io.torch_module.modules import DropPath, ParallelModule, ResidualModule
from convnet.model_io.torch_module.registry import LayerSource, Parts, converts
from convnet.model_io.torch_module.values import activation_parts


def _branch(modules: Mapping[str, nn.Module]) -> nn.Module:
    return nn.Sequential(OrderedDict(modules)) if modules else nn.Identity()


@converts(Parallel)
def _parallel(layer: Any, source: LayerSource) -> Parts:
    branches = [_branch(source.chain(inner, source.shape)) for _, inner in source.info.branches]
    activation = next((m for _, m in activation_parts(layer.activation, source)), None)
    return [("", ParallelModule(branches, layer.merge, activation))]


@converts(Residual)
def _residual(layer: Any, source: LayerSource) -> Parts:
    (_, inner), (_, aside) = source.info.branches
    body, shortcut = source.chain(inner, source.shape), source.chain(aside, source.shape)
    is_projection = layer.shortcut is None and bool(shortcut)
    after: dict[str, nn.Module] = {}
    if layer.drop_path:
        after["drop_path"] = DropPath(layer.drop_path)
    for _, module in activation_parts(layer.activation, source):
        after["activation"] = module
    end = shortcut[SHORTCUT] if is_projection else _branch(shortcut)
    return [("", ResidualModule(body, end, after))]
