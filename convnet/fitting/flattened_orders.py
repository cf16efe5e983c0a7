"""Flattened maps in the order of PyTorch: channels, height, width. Here it is height, width, channels.

`channels_first_orders` tells how to reorder the parameters of what follows a Flatten, and where that is impossible. A
convolution over a whole map is a dense layer after a Flatten (`with_flattened_kernels`).
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from convnet.layers import LRN, Flatten, GroupNorm, Parallel
from convnet.layers.groupnorm import PER_CHANNEL
from convnet.layers.weighted import WeightedLayer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from convnet.fitting.weight_layouts import Module, Shape
    from convnet.graph import LayerInfo, Plan

    # Position in PyTorch of each value of a layer's input. None: the same position. Text: why no order is known.
    Order = NDArray[np.intp] | str | None


def with_flattened_kernels(modules: Sequence[Module], plan: Plan) -> list[Module]:
    """Return modules of PyTorch, with convolutions over a whole map as the dense layers that they are.

    timm's VGG has such convolutions. A net has a dense layer after a Flatten in their place, whose weights have the
    order of `channels_first_orders`.
    """
    orders = channels_first_orders(plan)
    shapes = {p.name.removesuffix("/weights"): p.shape for p in plan.parameters}
    flat = {
        (order.tobytes(), shapes[name][-1])
        for name, order in orders.items()
        if not isinstance(order, str) and len(shapes.get(name, ())) == 2
    }
    found = []
    for module in modules:
        kernel = module.shapes.get("weights", ())
        order = channels_first_order(kernel[:-1]) if len(kernel) > 2 else None
        if order is not None and (order.tobytes(), kernel[-1]) in flat:
            weights = np.moveaxis(module.arrays["weights"], -2, 0).reshape(-1, kernel[-1])
            module = replace(module, arrays=module.arrays | {"weights": weights})
        found.append(module)
    return found


def channels_first_orders(plan: Plan) -> dict[str, NDArray[np.intp] | str]:
    """Return, for each layer whose input are the values of a flattened map, where PyTorch has these values.

    Returns
    -------
    orders : dict of str to ndarray or str
        By the name of the layer: ``features_here = features_in_torch[order]``. A text says why the values have no
        counterparts there. Layers whose features have the same order in both are not listed.
    """
    orders: dict[str, NDArray[np.intp] | str] = {}
    _follow(plan.layers, plan.input_shape, None, orders)
    return orders


def _follow(
    infos: Sequence[LayerInfo],
    shape: Shape,
    order: Order,
    orders: dict[str, NDArray[np.intp] | str],
) -> tuple[Shape, Order]:
    """Note the orders of the inputs of a chain of layers. Return the shape and the order of its output."""
    for info in infos:
        if order is not None and _depends_on_neighbors(info, shape):
            order = f"{info.name} combines neighboring values of a flattened map, which PyTorch has in another order"
        if order is not None:
            orders[info.name] = order
        if isinstance(info.layer, Flatten):
            order = channels_first_order(shape) if len(shape) > 1 and order is None else order
        elif info.branches:
            ends = [_follow(inner, shape, order, orders) for _, inner in info.branches]
            order = _merged(info, ends)
        elif info.layers:
            _, order = _follow(info.layers, shape, order, orders)
        elif isinstance(info.layer, WeightedLayer):
            order = None
        shape = info.output_shape
    return shape, order


def _depends_on_neighbors(info: LayerInfo, shape: Shape) -> bool:
    """Return whether a layer treats neighboring features in another way than others."""
    if isinstance(info.layer, LRN):
        return shape != (1,)
    one_of_each = (1, PER_CHANNEL, shape[-1])
    return isinstance(info.layer, GroupNorm) and info.layer.groups not in one_of_each


def channels_first_order(shape: Shape) -> NDArray[np.intp] | None:
    """Return the index in the order (c, h, w) of each value of a map (h, w, c) or of a signal (length, c)."""
    if prod(shape[:-1]) == 1 or shape[-1] == 1:
        return None
    indices = np.arange(prod(shape)).reshape(shape[-1], *shape[:-1])
    return np.moveaxis(indices, 0, -1).ravel()


def _merged(info: LayerInfo, ends: Sequence[tuple[Shape, Order]]) -> Order:
    """Return the order of the merged outputs of branches, each with its shape and its order."""
    texts = [order for _, order in ends if isinstance(order, str)]
    if texts or all(order is None for _, order in ends):
        return texts[0] if texts else None
    if len(info.output_shape) == 1:
        orders = [np.arange(shape[0]) if order is None else order for shape, order in ends]
        if isinstance(info.layer, Parallel) and info.layer.merge == "concat":
            starts = np.cumsum([0, *(len(order) for order in orders[:-1])])
            return np.concatenate(
                [start + order for start, order in zip(starts, orders, strict=True)]
            )
        if all(np.array_equal(order, orders[0]) for order in orders):
            return orders[0]
    return f"{info.name} merges a flattened map with values that PyTorch does not have in the same order"
