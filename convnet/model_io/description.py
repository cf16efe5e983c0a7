"""What is said of a fitted net in a model file, and the net that this is said of.

::

    estimator    name of the class
    convnet      version that wrote it, for people to read
    net          layers, input_shape and n_outputs, from which the plan follows
    input        the fields of `InputFormat`
    images       where X was an image folder: size, channels and fit of its rows
    parameters   those of the constructor that are plain data
    fitted       the fitted attributes that do not follow from the others
"""

from __future__ import annotations

import warnings
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from convnet.estimators.constraints import check_parameters
from convnet.fitted.attributes import NEEDED, commit
from convnet.fitted.network_cache import NetworkCache
from convnet.fitted.validate import check_attributes, check_weights, rebuilt, validate_fitted
from convnet.fitted.weights import Weights
from convnet.inputs.scaling import InputFormat
from convnet.layers import to_dicts
from convnet.model_io.parameter_data import parameter_from_json, parameter_to_json
from convnet.persistence.plain import NotPlainError, from_json, to_json

if TYPE_CHECKING:
    from convnet.estimators.base import BaseConvNet
    from convnet.persistence.model_file import Fetch

    N = TypeVar("N", bound=BaseConvNet)


WRITTEN = (
    *NEEDED,
    *("n_features_in_", "feature_names_in_", "classes_", "n_outputs_", "_indicator_dtype"),
    *("validation_loss_curve_", "validation_scores_", "init_report_"),
    *("_course_start", "_chosen_by"),
)
FOLLOWING = (
    *("input_shape_", "layers_", "weights_", "n_parameters_", "_holder", "_input_format"),
    "image_form_",
)


def describe(net: BaseConvNet) -> tuple[dict[str, Any], Weights]:
    """Return what is said of a fitted net, fit for JSON, and its weights."""
    from convnet import __version__  # which comes after this

    validate_fitted(net, whole=True)
    check_parameters(net)
    holder = net._holder
    given = {field.name: getattr(net._input_format, field.name) for field in fields(InputFormat)}
    description = {
        "estimator": type(net).__name__,
        "convnet": __version__,
        "net": {
            "layers": to_dicts(holder.layers),
            "input_shape": list(holder.input_shape),
            "n_outputs": holder.n_outputs,
        },
        "input": {name: to_json(value) for name, value in given.items()},
        "parameters": _plain_parameters(net),
        "fitted": {name: to_json(vars(net)[name]) for name in WRITTEN if name in vars(net)},
    }
    if hasattr(net, "image_form_"):
        form = net.image_form_
        description["images"] = form | {"size": list(form["size"])}
    return description, net.weights_


def _plain_parameters(net: BaseConvNet) -> dict[str, Any]:
    """Return the parameters that are plain data, fit for JSON; warn of the others."""
    params, left_out = {}, []
    for name, value in net.get_params(deep=False).items():
        try:
            params[name] = parameter_to_json(name, value, net)
        except NotPlainError:
            left_out.append(name)
    if left_out:
        warnings.warn(
            f"{type(net).__name__}: the file does not hold {', '.join(left_out)}, being no plain data. The loaded "
            "estimator has the default.",
            UserWarning,
            stacklevel=5,
        )
    return params


def build(kind: type[N], description: dict[str, Any], arrays: Fetch) -> N:
    """Return the fitted net that a description is of; an exception of any kind where it is of none.

    Parameters
    ----------
    kind : type
        The class.
    description : dict
        As `describe` returns it.
    arrays : callable
        Given {name: shape}, returns the arrays.
    """
    net = description["net"]
    shape, n_outputs = tuple(net["input_shape"]), net["n_outputs"]
    layers, plan = rebuilt(net["layers"], shape, n_outputs)
    params = description["parameters"]
    estimator = kind(**{name: parameter_from_json(name, data) for name, data in params.items()})
    check_parameters(estimator)
    given = {name: from_json(value) for name, value in description["input"].items()}
    fitted = {name: from_json(data) for name, data in description["fitted"].items()}
    if not set(NEEDED) <= fitted.keys() <= set(WRITTEN):
        raise ValueError("fitted of its description cannot be what it is.")
    if "images" in description:  # which files of nets that were fitted on arrays lack
        form = description["images"]
        fitted["image_form_"] = form | {"size": tuple(form["size"])}
    fitted = {"init_report_": None} | fitted  # the first files lack it
    fitted |= {
        "_input_format": InputFormat(**given),
        "input_shape_": shape,
        "layers_": tuple(plan.layers),
        "n_parameters_": plan.n_parameters,
        "_holder": NetworkCache(layers, shape, n_outputs),
    }
    check_attributes(estimator, fitted, plan)
    weights = Weights(arrays({p.name: p.shape for p in plan.parameters}))
    check_weights(weights, plan)
    commit(estimator, fitted | {"weights_": weights})
    return estimator
