"""The manifest of a model file: it describes a fitted net as JSON. The weights are stored beside it.

::

    estimator    name of the class
    convnet      version that wrote the file, for people to read
    net          layers, input_shape and n_outputs, from which the plan follows
    input        the fields of `InputFormat`
    parameters   constructor parameters that are plain data
    fitted       the fitted attributes that `convnet.fitted.attributes` marks as saved
"""

from __future__ import annotations

import os
from dataclasses import fields
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from convnet._version import __version__
from convnet.augment.spec import as_augment
from convnet.fitted.attributes import SAVED
from convnet.fitted.network_cache import NetworkCache
from convnet.fitted.state import commit
from convnet.fitted.validate import check_presence, check_values, plan_layers, validate_fitted
from convnet.fitted.weights import Weights
from convnet.inputs.scaling import InputFormat
from convnet.layers import as_layers, to_dicts
from convnet.layers.pretrained_wheels import WHEELS, is_pretrained
from convnet.persistence.json_values import NotPlainError, from_json, to_json
from convnet.training import schedules
from convnet.values import spec
from convnet.values.user_warnings import warn_user

if TYPE_CHECKING:
    from collections.abc import Callable

    from convnet.persistence.model_file import ReadArrays

Estimator = TypeVar("Estimator", bound=Any)


def class_name(cls: type) -> str:
    """Return the name of an estimator class in files: "ConvNetClassifier", or "module:Class" for a user's own class."""
    is_own = cls.__module__.partition(".")[0] != "convnet"
    return f"{cls.__module__}:{cls.__qualname__}" if is_own else cls.__name__


def to_manifest(net: Any) -> tuple[dict[str, Any], Weights]:
    """Return the manifest of a fitted net, which JSON can hold, and its weights.

    Parameters
    ----------
    net : BaseConvNet
        Fitted estimator. Its attributes are checked again.

    Returns
    -------
    manifest : dict
    weights : Weights
    """
    validate_fitted(net, trained=True, force=True)
    cache, input_format = net._network_cache, net._input_format
    manifest = {
        "estimator": class_name(type(net)),
        "convnet": __version__,
        "net": {
            "layers": to_dicts(cache.layers),
            "input_shape": list(cache.input_shape),
            "n_outputs": cache.n_outputs,
        },
        "input": {f.name: to_json(getattr(input_format, f.name)) for f in fields(InputFormat)},
        "parameters": _plain_parameters(net),
        "fitted": {name: to_json(vars(net)[name]) for name in sorted(SAVED & vars(net).keys())},
    }
    return manifest, net.weights_


def from_manifest(
    estimator_class: Callable[..., Estimator],
    manifest: dict[str, Any],
    read_arrays: ReadArrays,
    check_parameters: Callable[[Estimator], None],
) -> Estimator:
    """Return the fitted net of a manifest. Raises any exception if the manifest describes none.

    Parameters
    ----------
    estimator_class : type
        Class of the estimator.
    manifest : dict
        As `to_manifest` returns it.
    read_arrays : callable
        Given {name: shape} of all weights, returns {name: array}.
    check_parameters : callable
        Given the unfitted estimator, raises an exception if a constructor parameter is not valid.
    """
    net = manifest["net"]
    shape, n_outputs = tuple(net["input_shape"]), net["n_outputs"]
    layers, plan = plan_layers(net["layers"], shape, n_outputs)
    parameters = manifest["parameters"].items()
    estimator = estimator_class(**{name: _codec(name).read(data) for name, data in parameters})
    check_parameters(estimator)
    fitted = {name: from_json(data) for name, data in manifest["fitted"].items()}
    if not fitted.keys() <= SAVED:
        raise ValueError(f"Unknown fitted attributes {sorted(fitted.keys() - SAVED)}.")
    fitted |= {
        "_input_format": InputFormat(**{k: from_json(v) for k, v in manifest["input"].items()}),
        "input_shape_": shape,
        "layers_": tuple(plan.layers),
        "n_parameters_": plan.n_parameters,
        "_network_cache": NetworkCache(layers, shape, n_outputs),
        "weights_": Weights(read_arrays({p.name: p.shape for p in plan.parameters})),
    }
    check_presence(fitted, trained=True)
    check_values(estimator, fitted, plan)
    commit(estimator, fitted)
    return estimator


def _plain_parameters(net: Any) -> dict[str, Any]:
    """Return the parameters that JSON can hold, in its form. Warn about the others."""
    parameters, omitted = {}, []
    for name, value in net.get_params(deep=False).items():
        try:
            parameters[name] = _codec(name).write(value, net)
        except NotPlainError:
            omitted.append(name)
    known = signature(type(net)).parameters
    needed = [name for name in omitted if known[name].default is Parameter.empty]
    if needed:
        raise TypeError(
            f"save: {type(net).__name__} cannot be built again, because its parameter {needed[0]!r} has no default and "
            "is not plain data. Pickle it instead."
        )
    if omitted:
        warn_user(
            f"{type(net).__name__}: parameters that are not plain data are not saved: {', '.join(omitted)}. "
            "The loaded estimator has their defaults.",
        )
    return parameters


class _Codec(NamedTuple):
    """How a parameter is written as JSON, given its value and the fitted net, and read again."""

    write: Callable[[Any, Any], Any]
    read: Callable[[Any], Any]


def _codec(name: str) -> _Codec:
    return _CODECS.get(name, _PLAIN)


def _layers_to_json(value: Any, net: Any) -> Any:
    if isinstance(value, str) and (value == "auto" or is_pretrained(net.init_weights)):
        return value
    if isinstance(value, str | os.PathLike):  # JSON, YAML, or the path of a file that may change
        return to_dicts(net._network_cache.layers)
    return to_dicts(value)


def _layers_from_json(data: Any) -> Any:
    is_name = isinstance(data, str) and (data == "auto" or data in WHEELS)
    return data if is_name else list(as_layers(_as_list(data)))


def _augment_to_json(value: Any, net: Any) -> Any:
    return None if value is None else spec.to_dicts(as_augment(value))


def _augment_from_json(data: Any) -> Any:
    return None if data is None else list(as_augment(_as_list(data)))


def _as_list(data: Any) -> list[Any]:
    if not isinstance(data, list):  # a string could be the path of another file
        raise TypeError("expected a list")
    return data


_SCHEDULES = {
    name: value
    for name, value in vars(schedules).items()
    if isinstance(value, type) and issubclass(value, schedules.Schedule)
}


def _learning_rate_to_json(value: Any, net: Any) -> Any:
    if not isinstance(value, schedules.Schedule):
        return to_json(value)
    name = type(value).__name__
    if _SCHEDULES.get(name) is not type(value):
        raise NotPlainError(f"{name} is not one of {', '.join(_SCHEDULES)}")
    inner = {f.name: _learning_rate_to_json(getattr(value, f.name), net) for f in fields(value)}
    return {"type": name, **inner}


def _learning_rate_from_json(data: Any) -> Any:
    if not isinstance(data, dict) or "type" not in data:
        return from_json(data)
    inner = {name: _learning_rate_from_json(v) for name, v in data.items() if name != "type"}
    return _SCHEDULES[data["type"]](**inner)


def _init_weights_to_json(value: Any, net: Any) -> str | None:
    """Return a path, or None. Arrays and nets are as large as the model file itself."""
    if value is not None and not isinstance(value, str | os.PathLike):
        raise NotPlainError("weights are not saved as a parameter")
    return None if value is None else os.fsdecode(value)


def _init_weights_from_json(data: Any) -> str | None:
    if data is not None and not isinstance(data, str):
        raise TypeError("init_weights must be a path")
    return data


_PLAIN = _Codec(lambda value, net: to_json(value), from_json)
_CODECS = {
    "layers": _Codec(_layers_to_json, _layers_from_json),
    "augment": _Codec(_augment_to_json, _augment_from_json),
    "learning_rate": _Codec(_learning_rate_to_json, _learning_rate_from_json),
    "init_weights": _Codec(_init_weights_to_json, _init_weights_from_json),
}
