"""Pools over windows and over whole maps, and maps of another size."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from convnet.layers import (
    AvgPool1D,
    AvgPool2D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    MaxPool1D,
    MaxPool2D,
    Resize,
    UpSample1D,
    UpSample2D,
)
from convnet.layers.geometry import Pair, Window, map_window, signal_window
from convnet.model_io.torch_module.modules import PartialAveragePool, ResizeModule
from convnet.model_io.torch_module.registry import LayerSource, Parts, converts
from convnet.model_io.torch_module.values import pad_module
from convnet.values.constraints import both


def _window(layer: Any, source: LayerSource) -> Window:
    stride = layer.pool_size if layer.stride is None else layer.stride
    window = map_window if source.axes == 2 else signal_window
    return window(source.shape, layer.pool_size, stride, layer.padding)


def _is_plain(window: Window, axes: int) -> bool:
    """Return whether PyTorch's pools take this padding: equal on both sides, and at most half of the window."""
    sides = zip(window.size[-axes:], window.padding[-axes:], strict=True)
    return all(before == after <= size // 2 for size, (before, after) in sides)


def _exact_padding(window: Window, source: LayerSource) -> tuple[Pair, ...]:
    """Return the padding with which the windows end exactly at the end. Negative values are cut off."""
    axes = source.axes
    rows = zip(
        source.shape,
        source.info.output_shape,
        window.size[-axes:],
        window.stride[-axes:],
        window.padding[-axes:],
        strict=False,
    )
    return tuple((before, (m - 1) * s + k - n - before) for n, m, k, s, (before, _) in rows)


@converts(MaxPool1D, MaxPool2D)
def _max_pool(layer: Any, source: LayerSource) -> Parts:
    axes, window = source.axes, _window(layer, source)
    kind: Any = nn.MaxPool2d if axes == 2 else nn.MaxPool1d
    size, stride = window.size[-axes:], window.stride[-axes:]
    if _is_plain(window, axes):
        padding = tuple(before for before, _ in window.padding[-axes:])
        return [("", kind(size, stride, padding, ceil_mode=layer.ceil_mode))]
    padded = pad_module(_exact_padding(window, source), float("-inf"))
    return [("pad", padded), ("", kind(size, stride))]


@converts(AvgPool1D, AvgPool2D)
def _avg_pool(layer: Any, source: LayerSource) -> Parts:
    axes, window = source.axes, _window(layer, source)
    kind: Any = nn.AvgPool2d if axes == 2 else nn.AvgPool1d
    size, stride = window.size[-axes:], window.stride[-axes:]
    if _is_plain(window, axes):
        padding = tuple(before for before, _ in window.padding[-axes:])
        options = dict(ceil_mode=layer.ceil_mode, count_include_pad=layer.count_include_pad)
        return [("", kind(size, stride, padding, **options))]
    exact = _exact_padding(window, source)
    counted = torch.ones(1, 1, *source.shape[:-1])  # what counts is 1
    declared = window.padding[-axes:] if layer.count_include_pad else ((0, 0),) * axes
    counted = functional.pad(counted, _flat(declared), value=1.0)
    rest = tuple(
        (before - inside, after - own)
        for (before, after), (inside, own) in zip(exact, declared, strict=True)
    )
    counted = functional.pad(counted, _flat(rest))
    pool = functional.avg_pool2d if axes == 2 else functional.avg_pool1d
    counts = (pool(counted, size, stride)[0] * torch.tensor(size).prod()).round()
    return [("", PartialAveragePool(size, stride, _flat(exact), counts))]


def _flat(padding: tuple[Pair, ...]) -> tuple[int, ...]:
    """Return padding as PyTorch takes it: the last axis first."""
    return tuple(amount for pair in reversed(padding) for amount in pair)


@converts(GlobalAvgPool1D, GlobalAvgPool2D, GlobalMaxPool1D, GlobalMaxPool2D)
def _global_pool(layer: Any, source: LayerSource) -> Parts:
    kinds: dict[str, Any] = {
        "avg1": nn.AdaptiveAvgPool1d,
        "avg2": nn.AdaptiveAvgPool2d,
        "max1": nn.AdaptiveMaxPool1d,
        "max2": nn.AdaptiveMaxPool2d,
    }
    return [("", kinds[f"{layer.kind}{source.axes}"](1)), ("flatten", nn.Flatten())]


@converts(UpSample1D, UpSample2D)
def _upsample(layer: Any, source: LayerSource) -> Parts:
    factors = tuple(map(float, both(layer.size)[: source.axes]))
    return [("", nn.Upsample(scale_factor=factors, mode=layer.interpolation))]


@converts(Resize)
def _resize(layer: Any, source: LayerSource) -> Parts:
    old, new = source.shape[:2], both(layer.size)
    methods = [
        layer.method if layer.method != "auto" else "area" if n > m else "bilinear"
        for n, m in zip(old, new, strict=True)
    ]
    changing = {method for n, m, method in zip(old, new, methods, strict=True) if n != m}
    if not changing:
        return [("", nn.Identity())]
    if changing == {"bilinear"}:
        return [("", nn.Upsample(size=new, mode="bilinear", align_corners=False))]
    if changing == {"nearest"}:
        return [("", nn.Upsample(size=new, mode="nearest-exact"))]
    if changing == {"area"} and all(n % m == 0 for n, m in zip(old, new, strict=True)):
        return [("", nn.AdaptiveAvgPool2d(new))]
    rows, columns = map(_resizing, methods, old, new)
    return [("", ResizeModule(rows, columns))]


def _resizing(method: str, n: int, m: int) -> torch.Tensor:
    """Return the weights of n pixels in each of m, shape (m, n), as `Resize` documents them."""
    if method == "area":  # output i covers [i n / m, (i + 1) n / m); in units of 1/m of a pixel
        begin = torch.arange(m, dtype=torch.float64)[:, None] * n
        pixel = torch.arange(n, dtype=torch.float64)[None] * m
        covered = torch.minimum(pixel + m, begin + n) - torch.maximum(pixel, begin)
        return (covered.clamp(min=0) / n).float()
    mode = "nearest-exact" if method == "nearest" else "linear"
    pixels = torch.eye(n, dtype=torch.float64)[None]  # each pixel is a channel: (1, n, n)
    return functional.interpolate(pixels, size=m, mode=mode)[0].T.float()
