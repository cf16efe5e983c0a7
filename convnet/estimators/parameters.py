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
    nested = {}
    for i, layer in enumerate(layers if isinstance(layers, list | tuple) else ()):
        if isinstance(layer, Layer):
            key = f"layers__{i if layer.name is None else layer.name}"
            nested[key] = layer
            nested |= {f"{key}__{name}": value for name, value in layer.get_params().items()}
    if isinstance(learning_rate, Schedule):
        nested |= {f"learning_rate__{k}": v for k, v in learning_rate.get_fields().items()}
    return nested


def replace_layers(spec, changes):
    """Return a new list of layers with some of them changed.

    Parameters
    ----------
    spec : list, dict, str or path
        The ``layers`` parameter; what is no list of layers yet is converted first.
    changes : dict
        "0__filters", "-1__units", "stem__filters" or "0" (a whole layer) to values.
    """
    if isinstance(spec, str) and spec == "auto":
        name = next(iter(changes))
        raise ValueError(
            f'layers__{name}: layers="auto" has no layers to change. Set layers to a list first.'
        )
    layers = list(spec if isinstance(spec, list | tuple) else as_layers(spec))
    where = {key: _index(key.partition("__")[0], layers) for key in changes}
    for key, value in sorted(
        changes.items(), key=lambda item: "__" in item[0]
    ):  # whole layers first
        _, _, field = key.partition("__")
        i = where[key]
        layers[i] = _changed(layers[i], field, value) if field else value
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


def _changed(layer, field, value):
    """Return `layer` with a field changed; as a dict where the value is bad, for ``fit`` to refuse."""
    params = dict(layer) if isinstance(layer, dict) else None
    kind = layer_types().get(params.get("type")) if params is not None else type(layer)
    if kind is None or not issubclass(kind, Layer):
        raise ValueError(f"{layer!r} is not a layer: it has no parameter {field!r}.")
    try:
        kind.check_parameter_names([field])
    except TypeError as error:
        raise ValueError(str(error)) from None
    if params is None:
        params = {"type": kind.__name__} | layer.get_params()
    params[field] = value
    try:
        return kind(**{name: v for name, v in params.items() if name != "type"})
    except (TypeError, ValueError):
        return params
