"""Whether fitted attributes go together: those in a file or a pickle, or set by hand.

The net is planned anew from its spec, all shapes with it, in exact integers and before memory is taken; what is said of
it, and its weights, are compared with that.
"""

from __future__ import annotations

from contextlib import contextmanager
from math import prod
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from convnet.data.images.form import check_form
from convnet.fitted.attributes import FITTED, NEEDED, STRUCTURE
from convnet.fitted.network_cache import NetworkCache
from convnet.fitted.weights import Weights
from convnet.graph.plan import LayerInfo, Plan
from convnet.inputs.images import DTYPES
from convnet.inputs.scaling import InputFormat, is_scale
from convnet.layers import Layer, as_layers
from convnet.values.fields import is_integer, show
from convnet.values.value import Value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from convnet.estimators.base import BaseConvNet
    from convnet.inputs.hints import Fitted


def validate_fitted(estimator: object, *, whole: bool = False, anew: bool = True) -> None:
    """Raise NotFittedError, or ValueError unless the fitted attributes of an estimator go together.

    What was found to is not looked at again while the attributes are the same objects. With `whole` all that a fit
    leaves has to be there, and is looked at anew; without `anew` of known attributes the figures of training alone.
    """
    attributes = vars(estimator)
    if "weights_" not in attributes:
        check_is_fitted(estimator, "weights_")
    holder = attributes.get("_holder")
    known = type(holder) is NetworkCache and holder.knows(attributes)
    if not known or (whole and anew):
        check_state(estimator, attributes, whole=whole)
        attributes["_holder"].know(attributes)
    elif whole:
        with _refused(estimator):
            fitted = _fitted(attributes)
            _expect(fitted.keys() >= set(NEEDED), "their number")
            _check_figures(fitted)


def check_layer(net: BaseConvNet, name: object) -> None:
    """Raise ValueError unless a fitted net has a layer of that name."""
    known = [one.name for info in net.layers_ for one in info.walk()]
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"layer_ is {show(name)}; the net has {', '.join(known)}.")


def check_state(estimator: Any, attributes: Mapping[str, Any], *, whole: bool = False) -> None:
    """Raise ValueError unless `attributes` are those of one fitted net.

    Parameters
    ----------
    estimator : BaseConvNet
        Whose class they are of.
    attributes : dict
        The fitted ones, among others.
    whole : bool, default=False
        Whether the figures of training have to be there: the copy that a scorer is given lacks them.
    """
    with _refused(estimator):
        fitted = _fitted(attributes)
        _expect(fitted.keys() >= {*STRUCTURE, *(NEEDED if whole else ())}, "their number")
        holder = fitted["_holder"]
        _expect(type(holder) is NetworkCache, "_holder")
        _, plan = rebuilt(holder.layers, holder.input_shape, holder.n_outputs)
        check_weights(fitted["weights_"], plan)
        check_attributes(estimator, fitted, plan)


def _fitted(attributes: Mapping[str, Any]) -> Fitted:
    return {name: attributes[name] for name in FITTED if name in attributes}


@contextmanager
def _refused(estimator: object) -> Iterator[None]:
    """Raise ValueError, in words, for any exception of a check of the fitted attributes."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # attributes can be wrong in as many ways as there are exceptions
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ValueError(
            f"{type(estimator).__name__}: its fitted attributes were altered and do not go together: {reason} "
            "Fit it again, or load it anew."
        ) from error


def rebuilt(layers: Any, shape: Any, n_outputs: Any) -> tuple[tuple[Layer, ...], Plan]:
    """Return the layers of a spec, each checked anew, and the plan; an exception of any kind where it is none."""
    _expect(isinstance(layers, list | tuple), "layers")  # a text could be the path of a file
    _expect(type(shape) is tuple and all(map(_is_count, (*shape, n_outputs))), "input_shape")
    layers = tuple(map(_anew, as_layers(list(layers))))
    return layers, Plan(layers, shape, n_outputs)


def _anew(value: Any) -> Any:
    """Return a field of a layer, or a whole one, built again: its fields are checked then."""
    if isinstance(value, Value):
        return type(value)(**{name: _anew(field) for name, field in value.get_params().items()})
    return tuple(map(_anew, value)) if isinstance(value, tuple) else value


def check_weights(weights: Any, plan: Plan) -> None:
    """Raise ValueError unless the arrays are those of the plan: names, dtype, shapes, order in memory and values."""
    if type(weights) is not Weights:
        raise ValueError(
            f"weights_ is a {type(weights).__name__}, but read-only. init_weights are what a fit begins with."
        )
    if weights.keys() != {parameter.name for parameter in plan.parameters}:
        raise ValueError("weights_ has other names than the layers.")
    for parameter in plan.parameters:
        name, array = parameter.name, weights[parameter.name]
        if array.dtype != np.float32 or array.shape != parameter.shape:
            raise ValueError(
                f"{name} is {array.dtype} of shape {array.shape}; the layers want float32 of {parameter.shape}."
            )
        if not (array.flags.c_contiguous and array.flags.aligned):
            raise ValueError(f"{name} is not C-contiguous and aligned.")
        parameter.check(array)


def check_attributes(estimator: BaseConvNet, fitted: Fitted, plan: Plan) -> None:
    """Raise ValueError, or something else, unless the attributes but for weights are those of the plan and of fits."""
    shape, given = plan.input_shape, fitted["_input_format"]
    _expect(_is_shape(fitted["input_shape_"], shape), "input_shape_")
    n_parameters = fitted["n_parameters_"]
    _expect(_is_count(n_parameters, 0) and n_parameters == plan.n_parameters, "n_parameters_")
    layers = fitted["layers_"]
    _expect(_outline(layers) == _outline(tuple(plan.layers)), "layers_")
    _check_input_format(given, shape)
    _check_columns(fitted, prod(shape))
    _check_figures(fitted)
    if "image_form_" in fitted:
        form = check_form("image_form_", **fitted["image_form_"])
        _expect(form.shape == shape and form.as_dict() == fitted["image_form_"], "image_form_")
    report = fitted.get("init_report_")  # which the first files and pickles lack
    _expect(report is None or _is_report(report), "init_report_")
    _expect(_is_count(fitted.get("n_outputs_", 1)), "n_outputs_")
    estimator._check_outputs(fitted, plan.n_outputs)


def _outline(layers: Any) -> list[Any]:
    """Return what of a plan's layers does not depend on how they are computed and how the work is counted."""
    _expect(type(layers) is tuple, "layers_")
    outlines = []
    for info in layers:
        _expect(type(info) is LayerInfo and type(info.output_shape) is tuple, "layers_")
        _expect(isinstance(info.layer, Layer) and type(info.algorithm) is str, "layers_")
        _expect(_is_count(info.multiply_adds, 0) and _is_count(info.memory_bytes, 0), "layers_")
        plain = info.name, info.type, info.n_parameters, *info.output_shape
        _expect(all(type(value) in (str, int) for value in plain), "layers_")
        outlines.append((plain, _anew(info.layer), _outline(info.layers)))
    return outlines


def _check_input_format(given: Any, shape: tuple[int, ...]) -> None:
    _expect(type(given) is InputFormat and _is_shape(given.shape, shape), "_input_format: shape")
    orders = "channels_last", "channels_first"
    _expect(_is_word(given.data_format, orders), "_input_format: data_format")
    _expect(_is_word(given.dtype, DTYPES), "_input_format: dtype")
    _expect(_is_number(given.scale) and is_scale(given.scale), "_input_format: scale")
    _expect(_is_number(given.largest) and 0 <= given.largest < np.inf, "_input_format: largest")
    rescale = given.rescale
    is_rescale = rescale is None or _is_word(rescale, ("auto",))
    is_rescale = is_rescale or (_is_number(rescale) and is_scale(rescale))
    _expect(is_rescale, "_input_format: rescale")
    _expect(isinstance(given.as_is, bool | np.bool_), "_input_format: as_is")


def _check_columns(fitted: Fitted, n_features: int) -> None:
    found = fitted["n_features_in_"]
    _expect(_is_count(found) and found == n_features, "n_features_in_")
    if "feature_names_in_" in fitted:
        names = fitted["feature_names_in_"]
        _expect(isinstance(names, np.ndarray) and names.shape == (n_features,), "feature_names_in_")
        _expect(all(isinstance(name, str) for name in names), "feature_names_in_")


def _check_figures(fitted: Fitted) -> None:
    """Check what training leaves, where it is there: all of it, or nothing."""
    found = fitted.keys() & set(NEEDED)
    if not found:
        return
    _expect(len(found) == len(NEEDED), "n_iter_ or history_")
    n, best = fitted["n_iter_"], fitted["best_iter_"]
    _expect(_is_count(n) and _is_count(best) and best <= n, "n_iter_")
    _expect(_is_number(fitted["loss_"]), "loss_")
    history = fitted["history_"]
    _expect(isinstance(history, dict) and "loss" in history, "history_")
    _expect(all(isinstance(name, str) for name in history), "history_")
    curves = {
        name: values for name, values in fitted.items() if name.startswith(("loss_c", "valid"))
    }
    for name, values in (*curves.items(), *history.items()):
        is_curve = isinstance(values, list) and len(values) == n and all(map(_is_number, values))
        _expect(is_curve, name)
    start = fitted.get("_course_start", 0)
    _expect(_is_count(start, 0) and start <= n, "_course_start")
    chosen = fitted.get("_chosen_by", 0)
    is_seed = _is_count(chosen, 0) and chosen < 2**31
    _expect(is_seed or _is_word(chosen, ("X_val",)), "_chosen_by")


def _expect(is_right: bool, what: str) -> None:
    if not is_right:
        raise ValueError(f"{what} cannot be what it is.")


def _is_number(value: Any) -> bool:
    if type(value) is float:  # as nearly all are, of the figures of many epochs
        return True
    if isinstance(value, bool):
        return False
    return abs(value) < 2**63 if is_integer(value) else isinstance(value, Real)


def _is_report(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and list(value) == ["loaded", "missing", "unexpected"]
        and all(
            isinstance(names, list) and all(isinstance(name, str) for name in names)
            for names in value.values()
        )
    )


def _is_word(value: object, words: Collection[str]) -> bool:
    return isinstance(value, str) and value in words


def _is_shape(value: Any, shape: tuple[int, ...]) -> bool:
    return type(value) is tuple and all(type(n) is int for n in value) and value == shape


def _is_count(value: Any, least: int = 1) -> bool:
    return type(value) is int and value >= least
