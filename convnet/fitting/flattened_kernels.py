"""Convolutions of PyTorch over a whole map, as the dense layers behind a Flatten that they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from convnet.graph.flattened_orders import channels_first_order, channels_first_orders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.fitting.weight_layouts import Module
    from convnet.graph import Plan


def with_flattened_kernels(modules: Sequence[Module], plan: Plan) -> list[Module]:
    """Return modules of PyTorch, with convolutions over a whole map as the dense layers that they are.

    timm's VGG has such convolutions. A net has a dense layer after a Flatten in their place, whose weights have the
    order of `channels_first_orders`.
    """
    orders, _ = channels_first_orders(plan.layers, plan.input_shape)
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
