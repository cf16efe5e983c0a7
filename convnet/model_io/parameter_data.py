"""Constructor parameters as plain data, fit for JSON, and back."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from convnet.augment.spec import as_augment
from convnet.layers import as_layers, to_dicts
from convnet.persistence.plain import NotPlainError, from_json, to_json
from convnet.training.schedules import Cosine, Exponential, OneCycle, Schedule, Step, Warmup
from convnet.values import spec

if TYPE_CHECKING:
    from convnet.estimators.base import BaseConvNet


SCHEDULES = {cls.__name__: cls for cls in (Step, Exponential, Cosine, OneCycle, Warmup)}


def parameter_to_json(name: str, value: Any, net: BaseConvNet) -> Any:
    """Return what JSON can hold of a parameter of a fitted net; NotPlainError where it is not plain data."""
    write, _ = _OWN.get(name, (None, None))
    return to_json(value) if write is None else write(value, net)


def parameter_from_json(name: str, data: Any) -> Any:
    """Return the parameter of which `parameter_to_json` made `data`; an exception where it did not."""
    _, read = _OWN.get(name, (None, from_json))
    return read(data)


def _layers_to_json(value: Any, net: BaseConvNet) -> Any:
    if isinstance(value, str) and value == "auto":
        return value
    if isinstance(value, str | os.PathLike):  # text, or a file that may have gone since
        return to_dicts(net._holder.layers)
    return to_dicts(value)


def _layers_from_json(data: Any) -> Any:
    return data if data == "auto" else list(as_layers(_listed(data)))


def _augment_to_json(value: Any, net: BaseConvNet) -> Any:
    return None if value is None else spec.to_dicts(as_augment(value))


def _augment_from_json(data: Any) -> Any:
    return None if data is None else list(as_augment(_listed(data)))


def _rate_to_json(value: Any, net: BaseConvNet) -> Any:
    if not isinstance(value, Schedule):
        return to_json(value)
    kind = type(value).__name__
    if SCHEDULES.get(kind) is not type(value):
        raise NotPlainError(f"{kind} is not one of {', '.join(SCHEDULES)}")
    inner = {field.name: _rate_to_json(getattr(value, field.name), net) for field in fields(value)}
    return {"type": kind, **inner}


def _rate_from_json(data: Any) -> Any:
    if not isinstance(data, dict) or "type" not in data:
        return from_json(data)
    inner = {name: _rate_from_json(field) for name, field in data.items() if name != "type"}
    return SCHEDULES[data["type"]](**inner)


def _start_to_json(value: Any, net: BaseConvNet) -> str | None:
    """A path is kept; arrays, and a net, are as large as the file itself."""
    if value is not None and not isinstance(value, str | os.PathLike):
        raise NotPlainError("weights are no parameter of a file")
    return None if value is None else os.fsdecode(value)


def _start_from_json(data: Any) -> str | None:
    if data is not None and not isinstance(data, str):
        raise TypeError("init_weights must be a path")
    return data


def _listed(data: Any) -> list[Any]:
    if not isinstance(data, list):  # a text could be the path of another file
        raise TypeError("it must be a list")
    return data


# What has a form of its own: how it is written, and read.
_OWN = {
    "layers": (_layers_to_json, _layers_from_json),
    "augment": (_augment_to_json, _augment_from_json),
    "learning_rate": (_rate_to_json, _rate_from_json),
    "init_weights": (_start_to_json, _start_from_json),
}
