"""A fitted net as a module of PyTorch."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from convnet.graph import Plan
from convnet.graph.flattened_orders import channels_first_orders
from convnet.inputs.images import image_shapes
from convnet.inputs.target_scaling import TargetScaling
from convnet.model_io.torch_module.chains import ChainConverter, path_to
from convnet.model_io.torch_module.modules import (
    ChannelsLastFlatten,
    ConvNetModule,
    InputModule,
    OutputScale,
    ReorderedFeatures,
    SingleOutput,
)
from convnet.model_io.torch_module.names import free_name

if TYPE_CHECKING:
    from convnet.graph import LayerInfo
    from convnet.graph.flattened_orders import Order


def build_module(net: Any, layer: str | None) -> ConvNetModule:
    """Return the module of a fitted net, in the mode of a prediction.

    Parameters
    ----------
    net : BaseConvNet
        A fitted classifier or regressor, whose attributes were checked.
    layer : str or None
        Name of the layer whose flattened outputs the module returns. None: the module returns what
        ``decision_function`` or ``predict`` returns.
    """
    cache = net._network_cache
    plan = Plan(cache.layers, cache.input_shape, cache.n_outputs)
    segments = path_to(plan.layers, "output" if layer is None else layer)
    linear = [info for _, infos in segments for info in infos]
    orders, end = channels_first_orders(linear, plan.input_shape)
    # If PyTorch's order makes no sense for one layer, maps are flattened in the order of convnet.
    is_odd = isinstance(end, str) or any(isinstance(order, str) for order in orders.values())
    converter = ChainConverter(net.weights_, {} if is_odd else orders, is_odd)
    modules = converter.path(segments, plan.input_shape)
    before = {"input": InputModule(net._input_format, image_shapes(net))}
    after = _outputs(net) if layer is None else _features(linear[-1], None if is_odd else end)
    around = {free_name(name, modules): module for name, module in (before | after).items()}
    first, *last = around
    ordered = {first: around[first], **modules, **{name: around[name] for name in last}}
    return ConvNetModule(OrderedDict(ordered)).eval()


def _outputs(net: Any) -> dict[str, nn.Module]:
    """Return the modules behind the output layer."""
    after: dict[str, nn.Module] = {}
    if "y_scale_" in vars(net):
        scaling = TargetScaling.of(vars(net))
        if scaling.mean.any() or (scaling.scale != 1).any():
            mean, scale = (
                torch.tensor(a, dtype=torch.float32) for a in (scaling.mean, scaling.scale)
            )
            after["output_scale"] = OutputScale(mean, scale)
    if net._network_cache.n_outputs == 1:
        after["output_squeeze"] = SingleOutput()
    return after


def _features(info: LayerInfo, end: Order) -> dict[str, nn.Module]:
    """Return the module that puts the outputs of a layer into the order of ``transform``, if one is needed."""
    if len(info.output_shape) > 1:
        return {"features": ChannelsLastFlatten()}
    if isinstance(end, np.ndarray):
        return {"features": ReorderedFeatures(torch.from_numpy(end.astype(np.int64)))}
    return {}
