"""Models that ``to_onnx`` wrote: their metadata describe the estimator, and their constants are its parameters.

The graph is not translated, so the layers come back as they were. If another program has changed the graph or renamed
parameters, the graph is translated like any other.
"""

from __future__ import annotations

import json
from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.fitted.validate import plan_layers
from convnet.graph.flattened_orders import channels_first_orders
from convnet.layers import resolve_names, to_dicts
from convnet.layers.weighted import WeightedLayer
from convnet.persistence.json_values import to_json
from convnet.training.loop import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from convnet.graph import Plan
    from convnet.graph.layout import Parameter
    from convnet.layers import Layer
    from convnet.model_io.onnx.reading.protobuf.loading import LoadedModel

    Description = tuple[dict[str, Any], dict[str, np.ndarray]]

OUTPUT = "output"  # name of the output layer


def written_by_convnet(model: LoadedModel) -> Description | None:
    """Return the manifest and the weights of the estimator that a model was written from.

    Returns
    -------
    description : tuple of dict, or None
        None if convnet did not write the model, or if its graph has been changed.

    Raises
    ------
    ValueError
        If the metadata are damaged.
    """
    data = {
        key: json.loads(model.metadata[f"convnet.{key}"])
        for key in ("net", "input", "fitted")
        if f"convnet.{key}" in model.metadata
    }
    if len(data) < 3 or "layers" not in data["net"]:
        return None
    net, layer = data["net"], model.metadata.get("convnet.layer")
    shape, n_outputs = tuple(net["input_shape"]), net["n_outputs"]
    layers, plan = plan_layers(net["layers"], shape, n_outputs)
    if layer is not None and layer != OUTPUT:
        # the file ends with this layer, and has nothing of the output layer
        layers, n_outputs = _layers_up_to(layers, plan, layer), 1
        layers, plan = plan_layers(list(layers), shape, n_outputs)
    if model.digest({parameter.name for parameter in plan.parameters}) != model.metadata.get(
        "convnet.graph"
    ):
        return None
    arrays = _parameters(model, plan, has_output=layer in (None, OUTPUT))
    if arrays is None:
        return None
    fitted = data["fitted"]
    estimator = model.metadata.get("convnet.estimator", "")
    if layer is not None and layer != OUTPUT:
        about_y = ("classes_", "_indicator_dtype", "n_outputs_", "y_mean_", "y_scale_")
        fitted = {name: value for name, value in fitted.items() if name not in about_y}
        fitted |= {name: to_json(value) for name, value in regression_attributes(1).items()}
    given = data["input"]
    manifest = {
        "estimator": estimator if layer is None else _net_name(fitted),
        "net": {"layers": to_dicts(layers), "input_shape": list(shape), "n_outputs": n_outputs},
        "input": given,
        "parameters": parameters_of(layers, shape, given["data_format"], given["rescale"]),
        "fitted": {**fitted, **untrained_attributes()},
    }
    if layer is not None:
        own = {"estimator": estimator, "layer": layer, "layer_": layer, "frozen": True}
        manifest = {**own, "net": manifest}
    return manifest, arrays


def _net_name(fitted: Mapping[str, Any]) -> str:
    return "ConvNetClassifier" if "classes_" in fitted else "ConvNetRegressor"


def regression_attributes(n_outputs: int) -> dict[str, Any]:
    """Return the fitted attributes about y of a regressor that predicts the outputs of its net."""
    scaling = {"y_mean_": np.zeros(n_outputs), "y_scale_": np.ones(n_outputs)}
    return {"n_outputs_": n_outputs, **scaling}


def untrained_attributes() -> dict[str, Any]:
    """Return the fitted attributes about training before the first epoch, in the form of JSON."""
    attributes: dict[str, Any] = {
        "init_report_": None,
        "n_iter_": 0,
        "best_iter_": 0,
        "loss_": nan,
        "loss_curve_": [],
        "history_": {metric: [] for metric in METRICS},
    }
    return {name: to_json(value) for name, value in attributes.items()}


def parameters_of(
    layers: Any, shape: tuple[int, ...], data_format: str, rescale: Any
) -> dict[str, Any]:
    """Return the parameters of an estimator that the layers and the form of X determine, in the form of JSON."""
    declared = (shape[-1], *shape[:-1]) if data_format == "channels_first" else shape
    return {
        "layers": to_dicts(layers),
        "input_shape": to_json(declared),
        "data_format": data_format,
        "rescale": rescale,
    }


def _layers_up_to(layers: tuple[Layer, ...], plan: Plan, name: str) -> tuple[Layer, ...]:
    """Return the layers up to the one of that name, each with its name fixed."""
    outer = [info.name for info in plan.layers]
    if name not in outer:
        raise ValueError(
            f"it has the outputs of the layer {name[:60]!r}, which is inside another layer, so the net cannot be "
            "built. Export the transformer of a layer that is not inside another"
        )
    wanted = outer[: outer.index(name) + 1]
    named = zip(resolve_names(layers), layers, strict=True)
    return tuple(replace(layer, name=own) for own, layer in named if own in wanted)


def _parameters(
    model: LoadedModel, plan: Plan, *, has_output: bool
) -> dict[str, np.ndarray] | None:
    """Return the parameters of a plan from the constants of a model, or None if some are missing."""
    orders, _ = channels_first_orders(plan.layers, plan.input_shape)
    found: dict[str, np.ndarray] = {}
    for parameter in plan.parameters:
        layer = parameter.name.rpartition("/")[0]
        if layer == OUTPUT and not has_output:
            found[parameter.name] = np.zeros(parameter.shape, np.float32)
            continue
        if not model.holds(parameter.name):
            return None
        array = model.initializer(parameter.name)
        if array.size != parameter.size or array.dtype != np.float32:
            return None
        order = orders.get(layer)
        is_weighted = isinstance(plan.named[layer].layer, WeightedLayer)
        if isinstance(order, str) or (is_weighted and not parameter.name.endswith("/weights")):
            order = None
        found[parameter.name] = _in_layout(array, parameter, order)
    return found


def _in_layout(
    array: np.ndarray, parameter: Parameter, order: NDArray[np.intp] | None
) -> np.ndarray:
    """Return the values of a parameter in the layout that it has here."""
    n = len(parameter.shape)
    if n > 2:
        array = array.transpose(*range(2, n), 1, 0)  # (out, in, *kernel) becomes (*kernel, in, out)
    array = array.reshape(parameter.shape)
    return array if order is None else array[order]
