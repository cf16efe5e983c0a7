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

import warnings
from dataclasses import fields
from math import prod

import numpy as np

from convnet.data.form import check_form
from convnet.estimators.checks import check_parameters
from convnet.estimators.holder import NetworkHolder
from convnet.estimators.inputs import DTYPES
from convnet.estimators.parameter_data import parameter_from_json, parameter_to_json
from convnet.estimators.state import commit
from convnet.estimators.units import InputFormat, is_scale
from convnet.estimators.weights import Weights
from convnet.graph.plan import Plan
from convnet.layers import as_layers, to_dicts
from convnet.persistence.plain import NotPlainError, from_json, to_json

NEEDED = ("n_features_in_", "n_iter_", "best_iter_", "loss_", "loss_curve_", "history_")
WRITTEN = (
    *NEEDED,
    *("classes_", "n_outputs_", "_indicator_dtype", "feature_names_in_", "validation_loss_curve_"),
    *("validation_scores_", "init_report_", "_course_start", "_chosen_by"),
)
FOLLOWING = (
    *("input_shape_", "layers_", "weights_", "n_parameters_", "_holder", "_input_format"),
    "image_form_",
)


def describe(net):
    """Return what is said of a fitted net, fit for JSON, and its weights."""
    from convnet import __version__  # which comes after this

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


def _plain_parameters(net):
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


def build(kind, description, arrays):
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
    _expect(all(_is_count(n) for n in (*shape, n_outputs)), "net")
    _expect(isinstance(net["layers"], list), "net")  # a text could be the path of another file
    layers = as_layers(net["layers"])
    plan = Plan(layers, shape, n_outputs)
    params = description["parameters"]
    estimator = kind(**{name: parameter_from_json(name, data) for name, data in params.items()})
    check_parameters(estimator)
    given = _input_format(description["input"], shape)
    fitted = {name: from_json(data) for name, data in description["fitted"].items()}
    fitted.setdefault("init_report_", None)  # which the first files lack
    _check_fitted(fitted, given)
    estimator._check_outputs(fitted, n_outputs)
    weights = arrays({p.name: p.shape for p in plan.parameters})
    for parameter in plan.parameters:
        parameter.check(weights[parameter.name])
    if "images" in description:  # which files of nets that were fitted on arrays lack
        fitted["image_form_"] = _image_form(description["images"], shape)
    commit(
        estimator,
        {
            **fitted,
            "_input_format": given,
            "input_shape_": shape,
            "layers_": tuple(plan.layers),
            "n_parameters_": plan.n_parameters,
            "weights_": Weights(weights),
            "_holder": NetworkHolder(layers, shape, n_outputs),
        },
    )
    return estimator


def _input_format(data, shape):
    given = InputFormat(**{name: from_json(value) for name, value in data.items()})
    _expect(given.shape == shape, "input: shape")
    _expect(given.data_format in ("channels_last", "channels_first"), "input: data_format")
    _expect(given.dtype in DTYPES, "input: dtype")
    _expect(_is_number(given.scale) and is_scale(given.scale), "input: scale")
    _expect(_is_number(given.largest) and 0 <= given.largest < np.inf, "input: largest")
    rescale = given.rescale
    is_rescale = rescale in ("auto", None) or (_is_number(rescale) and is_scale(rescale))
    _expect(is_rescale, "input: rescale")
    _expect(isinstance(given.as_is, bool), "input: as_is")
    return given


def _image_form(data, shape):
    form = check_form("images", **data)
    _expect(form.shape == shape, "images")
    return form.as_dict()


def _check_fitted(fitted, given):
    """Raise ValueError, or something else, unless the attributes are there, of their types and lengths."""
    _expect(fitted.keys() >= set(NEEDED) and fitted.keys() <= set(WRITTEN), "fitted")
    n = fitted["n_iter_"]
    _expect(
        _is_count(n) and _is_count(fitted["best_iter_"]) and fitted["best_iter_"] <= n, "n_iter_"
    )
    _expect(_is_number(fitted["loss_"]), "loss_")
    curves = {
        name: values for name, values in fitted.items() if name.startswith(("loss_c", "valid"))
    }
    history = fitted["history_"]
    _expect(
        isinstance(history, dict)
        and all(isinstance(name, str) for name in history)
        and "loss" in history,
        "history_",
    )
    for name, values in (*curves.items(), *history.items()):
        _expect(
            isinstance(values, list) and len(values) == n and all(map(_is_number, values)), name
        )
    n_features = fitted["n_features_in_"]
    _expect(_is_count(n_features) and n_features == prod(given.shape), "n_features_in_")
    if "feature_names_in_" in fitted:
        names = fitted["feature_names_in_"]
        _expect(names.shape == (n_features,) and all(isinstance(s, str) for s in names), "names")
    start = fitted.get("_course_start", 0)
    _expect(isinstance(start, int) and 0 <= start <= n, "_course_start")
    chosen = fitted.get("_chosen_by", 0)
    _expect(chosen == "X_val" or (isinstance(chosen, int) and 0 <= chosen < 2**31), "_chosen_by")
    _expect(_is_count(fitted.get("n_outputs_", 1)), "n_outputs_")
    report = fitted["init_report_"]
    _expect(report is None or _is_report(report), "init_report_")


def _expect(is_right, what):
    if not is_right:
        raise ValueError(f"{what} of its description cannot be.")


def _is_number(value):
    return isinstance(value, float) or (type(value) is int and abs(value) < 2**63)


def _is_report(value):
    lists = value.values()
    return list(value) == ["loaded", "fresh", "left_over"] and all(
        isinstance(names, list) and all(isinstance(name, str) for name in names) for names in lists
    )


def _is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
