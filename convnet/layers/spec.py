"""Specs: everything that users can pass as `layers`, converted to layers and back to plain data."""

from collections.abc import Iterator, Sequence
from itertools import chain, count
from typing import Any

from convnet.layers import preset
from convnet.layers.auto import auto_layers
from convnet.layers.base import LAYERS, Layer, flat_list
from convnet.layers.pretrained_wheels import INSTALLED, pretrained_wheel
from convnet.values import spec as values
from convnet.values.messages import show
from convnet.values.spec import Spec

MAX_NESTING = 8  # of layers inside layers
RESERVED = {
    "output": "the automatic output layer",
    "flatten": "the Flatten that is inserted where it is needed",
}


def is_pretrained(init_weights: object) -> bool:
    """Return whether this value of the parameter `init_weights` asks for the pretrained weights of a preset."""
    return isinstance(init_weights, str) and init_weights == INSTALLED


def layers_of(
    layers: Any, init_weights: object, input_shape: tuple[int, ...] | None = None
) -> tuple[Layer, ...]:
    """Return the layers that these two parameters of an estimator stand for, without the output layer.

    Parameters
    ----------
    layers, init_weights : object
        The parameters.
    input_shape : tuple of int, default=None
        See `as_layers`.

    Returns
    -------
    layers : tuple of Layer
        With pretrained weights, those of the preset begin with the preprocessing that the weights were trained with.
    """
    first = pretrained_wheel(layers).preprocessing if is_pretrained(init_weights) else ()
    return (*first, *as_layers(layers, input_shape))


def as_layers(spec: Spec, input_shape: tuple[int, ...] | None = None) -> tuple[Layer, ...]:
    """Return the layers that a spec describes.

    Parameters
    ----------
    spec : list of Layer or dict, dict, str or path
        Layers, the result of `to_dicts`, ``{"layers": [...]}`` with an optional "description", the name of a preset
        (see `presets`), JSON or YAML text, the path of a .json or .yaml file, or "auto".
    input_shape : tuple of int, default=None
        Shape of the input. Needed for "auto".

    Returns
    -------
    layers : tuple of Layer
        Each is checked on its own. ``fit`` checks whether they fit together.

    Raises
    ------
    TypeError, ValueError
        If the spec cannot be read. The message gives the position of the layer and the cause.
    ImportError
        If the spec is YAML and PyYAML is not installed.
    """
    if isinstance(spec, str) and spec == "auto":
        if input_shape is None:
            raise ValueError('layers="auto" needs the shape of the input')
        return auto_layers(input_shape)
    if isinstance(spec, str) and spec in preset.names():
        spec = preset.read(spec)
    layers = values.as_values(LAYERS, spec)
    check_size(layers)
    return layers


def to_dicts(layers: Spec) -> list[dict[str, Any]]:
    """Return layers as a list of dicts for JSON or YAML. `as_layers` converts it back to equal layers.

    Parameters
    ----------
    layers : list of Layer or dict, dict, str or path
        Any spec that `as_layers` accepts.

    Returns
    -------
    dicts : list of dict
        The type and the non-default parameters of each layer.
    """
    return values.to_dicts(as_layers(layers))


def to_json(layers: Spec) -> str:
    """Return layers as JSON text with one layer per line.

    Parameters
    ----------
    layers : list of Layer or dict, dict, str or path
        Any spec that `as_layers` accepts.

    Returns
    -------
    text : str
        `as_layers` reads it.
    """
    return values.to_json(as_layers(layers))


def to_yaml(layers: Spec) -> str:
    """Return layers as YAML text. Requires PyYAML.

    Parameters
    ----------
    layers : list of Layer or dict, dict, str or path
        Any spec that `as_layers` accepts.

    Returns
    -------
    text : str
        `as_layers` reads it.
    """
    return values.to_yaml(as_layers(layers))


def check_size(entries: Sequence[object], depth: int = 0) -> None:
    """Raise ValueError if layers or their dicts are nested too deeply or are too many in total.

    `depth` is the number of layers around `entries`.
    """
    lists, seen = [entries], 0
    for _ in range(MAX_NESTING + 1 - depth):
        seen += sum(map(len, lists))
        if seen > values.MAX_VALUES:
            raise ValueError(
                f"layers has more than {values.MAX_VALUES} entries, including those inside others"
            )
        lists = list(filter(None, map(_inside, chain(*lists))))
        if not lists:
            return
    raise ValueError(f"layers are nested more than {MAX_NESTING} deep")


def _inside(entry: object) -> Sequence[object]:
    """Return the layers, or their dicts, directly inside a layer or its dict."""
    if isinstance(entry, dict):
        fields = {field for kind in LAYERS.types().values() for field in kind.nested_fields}
        return [inner for field in fields for inner in flat_list(entry.get(field))]
    return entry.inner_layers if isinstance(entry, Layer) else ()


def resolve_names(
    layers: Sequence[Layer], reserved: dict[str, str] | None = None, where: str = "layers"
) -> tuple[str, ...]:
    """Return a name for each layer: its own, or that of its kind followed by the first free number.

    Parameters
    ----------
    layers : sequence of Layer
        In the order of the net.
    reserved : dict, default=None
        Names that layers may not use, mapped to what uses them. None means the names of the layers that convnet
        inserts.
    where : str, default="layers"
        What `layers` is, for errors.

    Returns
    -------
    names : tuple of str
        Such as ("entry", "pool1", "conv1").

    Raises
    ------
    ValueError
        If two layers have the same name, or a name is reserved.
    """
    reserved = RESERVED if reserved is None else reserved
    given: dict[str, int] = {}
    for i, layer in enumerate(layers):
        if layer.name in reserved:
            owner = reserved[layer.name]
            raise ValueError(
                f"{where}[{i}]: the name {show(layer.name)} belongs to {owner}. Choose another."
            )
        if layer.name is not None and given.setdefault(layer.name, i) != i:
            raise ValueError(
                f"{where}[{given[layer.name]}] and {where}[{i}] are both named {show(layer.name)}. Choose another."
            )
    numbers: dict[str, Iterator[int]] = {}
    return tuple(layer.name or _number(layer.stem, numbers, given) for layer in layers)


def _number(stem: str, numbers: dict[str, Iterator[int]], given: dict[str, int]) -> str:
    names = (f"{stem}{i}" for i in numbers.setdefault(stem, count(1)))
    return next(name for name in names if name not in given)


def layer_types() -> dict[str, type[Layer]]:
    """Return the registered layer classes by name.

    Returns
    -------
    types : dict
        Classes by name, as in ``{"type": "Conv2D"}``.
    """
    return LAYERS.types()


def layer_from_dict(params: dict[str, Any]) -> Layer:
    """Return the layer that ``{"type": "Conv2D", "filters": 16, ...}`` describes.

    Parameters
    ----------
    params : dict
        The type and its parameters.

    Returns
    -------
    layer : Layer
        An instance of that type.

    Raises
    ------
    TypeError, ValueError
        If the type or a parameter is unknown, or if the layer does not accept a value.
    """
    return LAYERS.from_dict(params)
