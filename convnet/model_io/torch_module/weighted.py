"""Convolutions, dense layers and normalizations."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from torch import nn

from convnet.layers import (
    LRN,
    BatchNorm,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    GroupNorm,
    Normalize,
    SeparableConv2D,
)
from convnet.layers.geometry import Window, map_window, signal_window, transposed_crop
from convnet.layers.groupnorm import PER_CHANNEL
from convnet.model_io.torch_module.modules import NormalizeModule
from convnet.model_io.torch_module.registry import LayerSource, Parts, converts
from convnet.model_io.torch_module.values import activation_parts, pad_module
from convnet.values.constraints import both

WEIGHTS = {"weight": "weights", "bias": "bias"}
SCALES = {"weight": "gamma", "bias": "beta"}
STATISTICS = {"running_mean": "moving_mean", "running_var": "moving_variance"}


def _window(layer: Any, source: LayerSource) -> Window:
    fields = layer.kernel_size, layer.stride, layer.padding, layer.dilation
    return (map_window if source.axes == 2 else signal_window)(source.shape, *fields)


def _convolution(layer: Any, source: LayerSource, filters: int, groups: int) -> Parts:
    axes, window = source.axes, _window(layer, source)
    padding = window.padding[-axes:]
    is_symmetric = all(before == after for before, after in padding)
    kind: Any = nn.Conv2d if axes == 2 else nn.Conv1d
    module = source.filled(
        kind,
        source.shape[-1],
        filters,
        window.size[-axes:],
        stride=window.stride[-axes:],
        padding=tuple(before for before, _ in padding) if is_symmetric else 0,
        dilation=window.dilation[-axes:],
        groups=groups,
        bias=layer.use_bias,
        roles=WEIGHTS,
    )
    before: Parts = [] if is_symmetric else [("pad", pad_module(padding))]
    return [*before, ("", module), *activation_parts(layer.activation, source)]


@converts(Conv1D, Conv2D)
def _conv(layer: Any, source: LayerSource) -> Parts:
    return _convolution(layer, source, layer.filters, layer.groups)


@converts(DepthwiseConv2D)
def _depthwise(layer: Any, source: LayerSource) -> Parts:
    channels = source.shape[-1]
    return _convolution(layer, source, channels * layer.depth_multiplier, channels)


@converts(SeparableConv2D)
def _separable(layer: Any, source: LayerSource) -> Parts:
    return [("", nn.Sequential(OrderedDict(source.chain(source.info.layers, source.shape))))]


@converts(Conv1DTranspose, Conv2DTranspose)
def _transposed(layer: Any, source: LayerSource) -> Parts:
    """PyTorch cuts the same off both ends and adds to the end. What it cannot cut is cut off by a module behind it."""
    axes = source.axes
    padding = layer.padding if axes == 2 else (layer.padding, layer.padding)
    fields = (
        both(value)[:axes]
        for value in (
            layer.kernel_size,
            layer.stride,
            layer.dilation,
            padding,
            layer.output_padding,
        )
    )
    sizes, strides, dilations, paddings, extras = fields
    cut, added, crops = [], [], []
    for n, k, s, d, pad, extra in zip(
        source.shape, sizes, strides, dilations, paddings, extras, strict=False
    ):
        before, after, _ = transposed_crop(n, k, s, d, pad, extra)
        if 0 <= before - after < max(s, d):
            cut.append(before)
            added.append(before - after)
            crops.append((0, 0))
        else:
            cut.append(0)
            added.append(max(0, -after))
            crops.append((-before, -max(0, after)))
    kind: Any = nn.ConvTranspose2d if axes == 2 else nn.ConvTranspose1d
    module = source.filled(
        kind,
        source.shape[-1],
        layer.filters,
        sizes,
        stride=strides,
        padding=tuple(cut),
        output_padding=tuple(added),
        bias=layer.use_bias,
        dilation=dilations,
        roles=WEIGHTS,
    )
    behind: Parts = [("crop", pad_module(crops))] if any(map(any, crops)) else []
    return [("", module), *behind, *activation_parts(layer.activation, source)]


@converts(Dense)
def _dense(layer: Any, source: LayerSource) -> Parts:
    (features,) = source.shape
    module = source.filled(nn.Linear, features, layer.units, bias=layer.use_bias, roles=WEIGHTS)
    return [("", module), *activation_parts(layer.activation, source)]


@converts(BatchNorm)
def _batch_norm(layer: Any, source: LayerSource) -> Parts:
    """PyTorch's momentum is the share of the new statistics."""
    kind: Any = nn.BatchNorm2d if source.axes == 2 else nn.BatchNorm1d
    module = source.filled(
        kind,
        source.shape[-1],
        eps=layer.epsilon,
        momentum=1 - layer.momentum,
        roles=SCALES | STATISTICS,
    )
    module.num_batches_tracked.zero_()
    return [("", module)]


@converts(GroupNorm)
def _group_norm(layer: Any, source: LayerSource) -> Parts:
    channels = source.shape[-1]
    groups = channels if layer.groups == PER_CHANNEL else layer.groups
    module = source.filled(nn.GroupNorm, groups, channels, eps=layer.epsilon, roles=SCALES)
    return [("", module)]


@converts(LRN)
def _lrn(layer: Any, source: LayerSource) -> Parts:
    module = nn.LocalResponseNorm(layer.size, layer.alpha, layer.beta, layer.k)
    if source.axes:
        return [("", module)]
    # PyTorch's layer needs an axis behind the channels
    spread = nn.Unflatten(1, (source.shape[0], 1))
    return [("unflatten", spread), ("", module), ("flatten", nn.Flatten())]


@converts(Normalize)
def _normalize(layer: Any, source: LayerSource) -> Parts:
    mean, deviation = source.tensor("mean"), source.tensor("deviation")
    assert isinstance(mean, torch.Tensor) and isinstance(deviation, torch.Tensor)
    return [("", NormalizeModule(mean, deviation, layer.epsilon))]
