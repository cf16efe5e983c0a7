"""Specs: from anything a user may write to layers, and back to plain data."""

import json
import os
from itertools import count

from convnet.layers.auto import auto_layers
from convnet.layers.base import Layer
from convnet.layers.fields import did_you_mean, show
from convnet.layers.registry import layer_from_dict

MAX_LAYERS = 1000
MAX_TEXT = 2**18  # characters
RESERVED = {
    "output": "the automatic output layer",
    "flatten": "the Flatten that is put in where it is needed",
}


def as_layers(spec, input_shape=None):
    """Return the layers that a spec stands for.

    Parameters
    ----------
    spec : list of Layer or dict, dict, str or path
        Layers, plain data as `to_dicts` gives it or ``{"layers": [...]}``, JSON or YAML text, the path
        of a .json or .yaml file, or "auto".
    input_shape : tuple of int, default=None
        What "auto" is resolved for.

    Returns
    -------
    layers : tuple of Layer
    """
    if isinstance(spec, str) and spec == "auto":
        if input_shape is None:
            raise ValueError('layers="auto" needs the shape of the input')
        return auto_layers(input_shape)
    if isinstance(spec, str | os.PathLike):
        spec = _parse(*_read(spec))
    if isinstance(spec, dict):
        if list(spec) != ["layers"]:
            raise ValueError(f'a dict of layers must be {{"layers": [...]}}; got {show(spec)}')
        spec = spec["layers"]
    if isinstance(spec, Layer):
        raise TypeError(f"layers must be a list; got one layer. Write [{spec!r}]")
    if not isinstance(spec, list | tuple):
        raise TypeError(f'layers must be "auto" or a list of layers; got {show(spec)}')
    if len(spec) > MAX_LAYERS:
        raise ValueError(f"layers has {len(spec)} entries; at most {MAX_LAYERS} are allowed")
    return tuple(_as_layer(i, entry) for i, entry in enumerate(spec))


def to_dicts(layers):
    """Return a list of dicts, fit for JSON and YAML, that `as_layers` turns back into equal layers."""
    return [layer.to_dict() for layer in as_layers(layers)]


def to_json(layers):
    """Return JSON text, a layer a line."""
    lines = ",\n  ".join(json.dumps(entry) for entry in to_dicts(layers))
    return f"[\n  {lines}\n]\n" if lines else "[]\n"


def to_yaml(layers):
    """Return YAML text; needs PyYAML."""
    dicts = to_dicts(layers)
    return _yaml().safe_dump(dicts, sort_keys=False, default_flow_style=None, width=1000)


def resolve_names(layers):
    """Return the layers' names: given ones as they are, the others stem + number, free of collisions."""
    given = {}
    for i, layer in enumerate(layers):
        if layer.name in RESERVED:
            owner = RESERVED[layer.name]
            raise ValueError(
                f"layers[{i}]: the name {layer.name!r} belongs to {owner}. Choose another."
            )
        if layer.name is not None and given.setdefault(layer.name, i) != i:
            raise ValueError(
                f"layers[{given[layer.name]}] and layers[{i}] are both named {layer.name!r}. Choose another."
            )
    numbers = {}
    return tuple(layer.name or _number(layer.stem, numbers, given) for layer in layers)


def _number(stem, numbers, given):
    names = (f"{stem}{i}" for i in numbers.setdefault(stem, count(1)))
    return next(name for name in names if name not in given)


def _as_layer(i, entry):
    if isinstance(entry, Layer):
        return entry
    if isinstance(entry, type) and issubclass(entry, Layer):
        raise TypeError(f"layers[{i}] is the class {entry.__name__}. Write {entry.__name__}(...)")
    if not isinstance(entry, dict):
        raise TypeError(f"layers[{i}] must be a layer or a dict; got {show(entry)}")
    try:
        return layer_from_dict(entry)
    except (TypeError, ValueError) as error:
        raise type(error)(f"layers[{i}]: {error}") from None


def _read(spec):
    """Return text and its format: "json", "yaml" or "" where only the text can tell."""
    path = os.fspath(spec)
    if not isinstance(path, str):
        raise TypeError(f"layers: a path must be a string; got {show(path)}")
    end = os.path.splitext(path)[1].lower()
    kind = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}.get(end, "")
    if "\n" in path or not (kind or isinstance(spec, os.PathLike) or os.path.isfile(path)):
        return path, ""
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read(MAX_TEXT + 1), kind
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, a null character
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"layers: cannot read {show(path)}: {reason}") from None


def _parse(text, kind):
    if len(text) > MAX_TEXT:
        raise ValueError(f"layers: the text has more than {MAX_TEXT} characters")
    if not kind:
        _refuse_a_word(text.strip())
        kind = "json" if text.lstrip()[:1] in ("[", "{") else "yaml"
    try:
        return json.loads(text) if kind == "json" else _parse_yaml(text)
    except RecursionError:
        raise ValueError(f"layers: the {kind.upper()} text is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"layers: no valid {kind.upper()}: {str(error)[:300]}") from None


def _refuse_a_word(text):
    """Raise ValueError for what cannot be meant as a list: one line, no bracket, no colon, no dash in front."""
    if text[:1] not in ("[", "{", "-") and "\n" not in text and ":" not in text:
        hint = did_you_mean(text, ["auto"])
        raise ValueError(f'layers must be "auto" or a list of layers; got {show(text)}.{hint}')


def _parse_yaml(text):
    yaml = _yaml()
    try:
        events = yaml.parse(text, Loader=yaml.SafeLoader)
        if any(
            isinstance(event, yaml.AliasEvent) for event in events
        ):  # they can grow without bound
            raise ValueError("aliases (*name) are not supported")
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


def _yaml():
    try:
        import yaml
    except ImportError:
        raise ImportError('YAML needs PyYAML: pip install "convnet[yaml]"') from None
    return yaml
