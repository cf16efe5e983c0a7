"""Nested parameter names: ``layers__0__filters``, ``layers__stem__filters``, ``learning_rate__every``.

Layers and schedules are values, so a change makes a new one, in a new list: a caller's list and the sibling
candidates of a search never change. A bad value must raise in ``fit`` and not here, because a search guards only
``fit``: a layer that cannot be built waits as its dict, which ``fit`` converts.
"""

from convnet.layers import Layer, as_layers, layer_types, resolve_names
from convnet.training.schedules import NAMED, Schedule
from convnet.values.fields import did_you_mean


def nested_parameters(layers, learning_rate):
    """Return the nested names and values that ``get_params(deep=True)`` lists; never fails.

    A layer that was given a name is listed under it, another one under its index; layers written as
    dicts, text or a path have no names before they are converted.
    """
    nested = _layer_parameters("layers", layers if isinstance(layers, list | tuple) else ())
    if isinstance(learning_rate, Schedule):
        nested |= {f"learning_rate__{k}": v for k, v in learning_rate.get_fields().items()}
    return nested


def _layer_parameters(prefix, layers):
    nested = {}
    for i, layer in enumerate(layers):
        if isinstance(layer, Layer):
            key = f"{prefix}__{i if layer.name is None else layer.name}"
            nested[key] = layer
            nested |= {f"{key}__{name}": value for name, value in layer.get_params().items()}
            nested |= _layer_parameters(f"{key}__layers", layer.layers)
    return nested


def replace_layers(spec, changes):
    """Return a new list of layers with some of them changed.

    Parameters
    ----------
    spec : list, dict, str or path
        The ``layers`` parameter; what is no list of layers yet is converted first.
    changes : dict
        "0__filters", "-1__units", "stem__filters" or "0" (a whole layer) to values; "2__layers__0__filters" of a layer
        inside another.
    """
    if isinstance(spec, str) and spec == "auto":
        name = next(iter(changes))
        raise ValueError(
            f'layers__{name}: layers="auto" has no layers to change. Set layers to a list first.'
        )
    layers = list(spec if isinstance(spec, list | tuple) else as_layers(spec))
    whole, fields, inner = (
        {},
        {},
        {},
    )  # by place: the layer, its fields, changes of the layers inside it
    for key, value in changes.items():
        name, _, field = key.partition("__")
        i, below = _index(name, layers), field.removeprefix("layers__")
        if not field:
            whole[i] = value
        elif below == field:
            fields.setdefault(i, {})[field] = value
        else:
            inner.setdefault(i, {})[below] = value
    for i, layer in whole.items():
        layers[i] = layer
    for i, values in fields.items():
        for field, value in values.items():
            layers[i] = _changed(layers[i], field, value)
    for i, below in inner.items():
        layers[i] = _changed(layers[i], "layers", replace_layers(_inner(layers[i]), below))
    return layers


def replace_schedule(learning_rate, changes):
    """Return a new schedule with some fields changed; names such as "cosine" have fields too."""
    schedule = NAMED.get(learning_rate) if isinstance(learning_rate, str) else learning_rate
    if not isinstance(schedule, Schedule):
        raise ValueError(
            f"learning_rate__{next(iter(changes))}: learning_rate={learning_rate!r} has no fields."
        )
    for name in sorted(changes, key=lambda name: name.count("__")):  # "then" before "then__final"
        known = schedule.get_fields()
        if name not in known:
            kind = type(schedule).__name__
            raise ValueError(f"{kind} has no parameter {name!r}.{did_you_mean(name, known)}")
        schedule = schedule.replace(**{name: changes[name]})
    return schedule


def _index(key, layers):
    """Return the place of the layer that an index or a name stands for."""
    try:
        i = int(key)
    except ValueError:
        return _named(key, layers)
    if not -len(layers) <= i < len(layers):
        raise ValueError(f"layers__{key}: there are {len(layers)} layers.")
    return i


def _named(key, layers):
    names = [
        layer.get("name") if isinstance(layer, dict) else getattr(layer, "name", None)
        for layer in layers
    ]
    if key not in names and all(isinstance(layer, Layer) for layer in layers):
        names = resolve_names(layers)
    if key not in names:
        hint = did_you_mean(key, [name for name in names if isinstance(name, str)])
        raise ValueError(f"layers__{key}: no layer has this name.{hint}")
    return names.index(key)


def _opened(layer, field):
    """Return the type of a layer or its dict, and its parameters; ValueError if `field` is none of them."""
    params = dict(layer) if isinstance(layer, dict) else None
    kind = type(layer) if params is None else layer_types().get(params.pop("type", None))
    if kind is None or not issubclass(kind, Layer):
        raise ValueError(f"{layer!r} is not a layer: it has no parameter {field!r}.")
    try:
        kind.check_parameter_names([field])
    except TypeError as error:
        raise ValueError(str(error)) from None
    return kind, layer.get_params() if params is None else params


def _inner(layer):
    """Return the layers inside a layer or its dict."""
    _, params = _opened(layer, "layers")
    inside = params.get("layers", ())
    if not isinstance(inside, list | tuple):
        raise ValueError(f"{layer!r} has no list of layers to change.")
    return inside


def _changed(layer, field, value):
    """Return `layer` with a field changed; as a dict where the value is bad, for ``fit`` to refuse."""
    kind, params = _opened(layer, field)
    params[field] = value
    try:
        return kind(**params)
    except (TypeError, ValueError):
        return {"type": kind.__name__} | params
