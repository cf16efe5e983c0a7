"""The layer types by name, which is what a stored spec refers to."""

from dataclasses import dataclass
from typing import dataclass_transform

from convnet.layers.base import Layer
from convnet.layers.fields import did_you_mean, parameter, show

_TYPES = {}


@dataclass_transform(frozen_default=True, field_specifiers=(parameter,))
def register(cls):
    """Make a subclass of `Layer` an immutable value that specs can name; a class decorator."""
    if not issubclass(cls, Layer):
        raise TypeError(f"{cls.__name__} must be a subclass of Layer")
    if cls.__name__ in _TYPES:
        raise ValueError(f"a layer type named {cls.__name__!r} is registered already")
    _TYPES[cls.__name__] = dataclass(frozen=True, repr=False)(cls)
    return cls


def layer_types():
    """Return the registered layer types by name."""
    return dict(_TYPES)


def layer_from_dict(params):
    """Return the layer that ``{"type": "Conv2D", "filters": 16, ...}`` describes."""
    if not isinstance(params, dict):
        raise TypeError(f'a layer must be a dict such as {{"type": "ReLU"}}; got {show(params)}')
    kind = params.get("type")
    if not isinstance(kind, str):
        raise ValueError(f'a layer needs a "type", one of {", ".join(_TYPES)}; got {show(params)}')
    if kind not in _TYPES:
        raise ValueError(f"there is no layer type {show(kind)}.{did_you_mean(kind, _TYPES)}")
    cls = _TYPES[kind]
    fields = {key: value for key, value in params.items() if key != "type"}
    cls.check_parameter_names(fields)
    return cls(**fields)
