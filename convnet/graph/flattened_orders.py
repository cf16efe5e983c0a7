"""Flattened maps in the order of PyTorch: channels, height, width. Here it is height, width, channels.

`channels_first_orders` tells how to reorder the parameters of what follows a Flatten, and where that is impossible.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from convnet.layers import LRN, Flatten, GroupNorm, Parallel
from convnet.layers.groupnorm import PER_CHANNEL
from convnet.layers.weighted import WeightedLayer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from convnet.graph.plan.plan import LayerInfo
    from convnet.layers.geometry import Shape

    # Position in PyTorch of each value of a layer's input. None: the same position. Text: why no order is known.
    Order = NDArray[np.intp] | str | None


def channels_first_orders(
    layers: Sequence[LayerInfo], input_shape: Shape
) -> tuple[dict[str, NDArray[np.intp] | str], Order]:
    """Return, for each layer whose input are the values of a flattened map, where PyTorch has these values.

    Parameters
    ----------
    layers : sequence of LayerInfo
        A chain of layers, such as those of a plan.
    input_shape : tuple of int
        Shape of its input.

    Returns
    -------
    orders : dict of str to ndarray or str
        By the name of the layer: ``features_here = features_in_torch[order]``. A text says why the values have no
        counterparts there. Layers whose features have the same order in both are not listed. For layers with branches,
        it is the order of their output.
    end : ndarray, str or None
        The same for the output of the chain. None if it has the same order in both.
    """
    orders: dict[str, NDArray[np.intp] | str] = {}
    _, end = _follow(layers, input_shape, None, orders)
    return orders, end


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
            orders.pop(
                info.name, None
            )  # its own parameters, those of a PReLU, belong to its output
            if order is not None:
                orders[info.name] = order
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


def flattened_order(shape: Sequence[int], axes: Sequence[int]) -> NDArray[np.intp]:
    """Return where the values of a flattened map are, if its axes had another order when it was flattened.

    Parameters
    ----------
    shape : sequence of int
        (height, width, channels) or (length, channels).
    axes : sequence of int
        The axes of `shape` in the other order, without those of size 1 that are left out: (2, 0, 1) is channels,
        height, width.

    Returns
    -------
    order : ndarray of int
        ``features_here = features_there[order]``.
    """
    indices = np.arange(prod(shape)).reshape([shape[axis] for axis in axes])
    return np.transpose(indices, np.argsort(axes)).ravel()


def channels_first_order(shape: Shape) -> NDArray[np.intp] | None:
    """Return the index in the order (c, h, w) of each value of a map (h, w, c) or of a signal (length, c)."""
    if prod(shape[:-1]) == 1 or shape[-1] == 1:
        return None
    return flattened_order(shape, (len(shape) - 1, *range(len(shape) - 1)))


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
