"""Activations, dropout, padding, flattening, rescaling: layers that change or move values without weighted sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from torch import nn

from convnet.layers import (
    Activation,
    Dropout,
    Flatten,
    PReLU,
    ReLU,
    Rescale,
    SpatialDropout2D,
    ZeroPad2D,
)
from convnet.layers.geometry import Pair
from convnet.model_io.torch_module.modules import ChannelsLastFlatten, RescaleModule
from convnet.model_io.torch_module.registry import LayerSource, Parts, converts
from convnet.values.constraints import both

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "linear": nn.Identity,
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "softplus": nn.Softplus,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "hard_sigmoid": nn.Hardsigmoid,
    "hard_swish": nn.Hardswish,
    "softmax": lambda: nn.Softmax(dim=1),
}


def activation_module(name: str, source: LayerSource) -> nn.Module:
    """Return the module of an activation. Its name is one that `Activation` lists."""
    if name == "prelu":
        channels = source.info.output_shape[-1]
        return source.filled(nn.PReLU, channels, roles={"weight": "alpha"})
    return ACTIVATIONS[name]()


def activation_parts(name: str | None, source: LayerSource) -> Parts:
    """Return the module of the activation of a layer, if it has one."""
    return [] if name in (None, "linear") else [(name, activation_module(name, source))]


def pad_module(padding: Sequence[Pair], value: float = 0.0) -> nn.Module:
    """Return a module that pads maps or signals, or cuts off what is negative.

    Parameters
    ----------
    padding : sequence of tuple of int
        (before, after) of each axis.
    value : float, default=0.0
        What is put around them.
    """
    amounts = tuple(chain(*reversed(padding)))  # the last axis first
    is_map = len(padding) == 2
    if value == 0.0:
        return nn.ZeroPad2d(amounts) if is_map else nn.ZeroPad1d(amounts)
    return nn.ConstantPad2d(amounts, value) if is_map else nn.ConstantPad1d(amounts, value)


@converts(Activation, PReLU, ReLU)
def _activation(layer: Any, source: LayerSource) -> Parts:
    names = {PReLU: "prelu", ReLU: "relu"}
    name = names.get(type(layer)) or layer.activation or "linear"
    return [("", activation_module(name, source))]


@converts(Dropout)
def _dropout(layer: Any, source: LayerSource) -> Parts:
    return [("", nn.Dropout(layer.rate))]


@converts(SpatialDropout2D)
def _spatial_dropout(layer: Any, source: LayerSource) -> Parts:
    return [("", nn.Dropout2d(layer.rate))]


@converts(Flatten)
def _flatten(layer: Any, source: LayerSource) -> Parts:
    is_map = source.axes and source.flattens_channels_last
    return [("", ChannelsLastFlatten() if is_map else nn.Flatten())]


@converts(Rescale)
def _rescale(layer: Any, source: LayerSource) -> Parts:
    return [("", RescaleModule(layer.scale, layer.offset))]


@converts(ZeroPad2D)
def _zero_pad(layer: Any, source: LayerSource) -> Parts:
    rows, columns = both(layer.padding)
    return [("", pad_module((both(rows), both(columns))))]
