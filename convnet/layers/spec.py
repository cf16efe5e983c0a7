"""Specs: from anything a user may write to layers, and back to plain data."""

from collections.abc import Iterator, Sequence
from itertools import chain, count
from typing import Any

from convnet.layers import preset
from convnet.layers.auto import auto_layers
from convnet.layers.base import Layer
from convnet.layers.registry import LAYERS
from convnet.values import spec as values
from convnet.values.plain import plain
from convnet.values.spec import Spec

MOST_NESTED = 8  # layers inside layers inside ...
RESERVED = {
    "output": "the automatic output layer",
    "flatten": "the Flatten that is put in where it is needed",
}


def as_layers(spec: Spec, input_shape: tuple[int, ...] | None = None) -> tuple[Layer, ...]:
    """Return the layers that a spec stands for.

    Parameters
    ----------
    spec : list of Layer or dict, dict, str or path
        Layers, plain data as `to_dicts` gives it or ``{"layers": [...]}``, which may have a "description" too, the
        name of a preset (see `presets`), JSON or YAML text, the path of a .json or .yaml file, or "auto".
    input_shape : tuple of int, default=None
        What "auto" is resolved for.

    Returns
    -------
    layers : tuple of Layer
        Checked, each by itself; whether they fit together is found in ``fit``.

    Raises
    ------
    TypeError, ValueError
        What cannot be read, with the position of the layer and the cause.
    ImportError
        YAML without PyYAML.
    """
    spec = plain(spec)
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
    """Return a list of dicts, fit for JSON and YAML, that `as_layers` turns back into equal layers.

    Parameters
    ----------
    layers : list of Layer or dict, dict, str or path
        What `as_layers` takes.

    Returns
    -------
    dicts : list of dict
        Type and changed parameters of each layer.
    """
    return values.to_dicts(as_layers(layers))


def to_json(layers: Spec) -> str:
    """Return JSON text, a layer a line.

    Parameters
    ----------
    layers : list of Layer or dict, dict, str or path
        What `as_layers` takes.

    Returns
    -------
    text : str
        That `as_layers` reads.
    """
    return values.to_json(as_layers(layers))


def to_yaml(layers: Spec) -> str:
    """Return YAML text; needs PyYAML.

    Parameters
    ----------
    layers : list of Layer or dict, dict, str or path
        What `as_layers` takes.

    Returns
    -------
    text : str
        That `as_layers` reads.
    """
    return values.to_yaml(as_layers(layers))


def check_size(entries: Sequence[object], depth: int = 0) -> None:
    """Raise ValueError if layers or their dicts lie too deep in one another, or are too many altogether.

    `depth` is the number of layers around them.
    """
    lists, seen = [plain(entries)], 0
    for _ in range(MOST_NESTED + 1 - depth):
        seen += sum(map(len, lists))
        if seen > values.MOST:
            raise ValueError(
                f"layers has more than {values.MOST} entries, those inside others counted"
            )
        lists = list(filter(None, map(_inside, chain(*lists))))
        if not lists:
            return
    raise ValueError(f"layers lie more than {MOST_NESTED} deep in one another")


def _inside(entry: object) -> Sequence[object]:
    entry = plain(entry)
    inside = entry.get("layers") if isinstance(entry, dict) else getattr(entry, "layers", ())
    return plain(inside) if isinstance(inside, list | tuple) else ()


def resolve_names(
    layers: Sequence[Layer], reserved: dict[str, str] | None = None
) -> tuple[str, ...]:
    """Return the layers' names: given ones as they are, the others stem + number, free of collisions.

    Parameters
    ----------
    layers : sequence of Layer
        In their order.
    reserved : dict, default=None
        Names that are taken, and by what; None is those of the layers that are put in.

    Returns
    -------
    names : tuple of str
        Such as ("stem", "pool1", "conv1").

    Raises
    ------
    ValueError
        A name is there twice or belongs to an automatic layer.
    """
    reserved = RESERVED if reserved is None else reserved
    given: dict[str, int] = {}
    for i, layer in enumerate(layers):
        if layer.name in reserved:
            owner = reserved[layer.name]
            raise ValueError(
                f"layers[{i}]: the name {layer.name!r} belongs to {owner}. Choose another."
            )
        if layer.name is not None and given.setdefault(layer.name, i) != i:
            raise ValueError(
                f"layers[{given[layer.name]}] and layers[{i}] are both named {layer.name!r}. Choose another."
            )
    numbers: dict[str, Iterator[int]] = {}
    return tuple(layer.name or _number(layer.stem, numbers, given) for layer in layers)


def _number(stem: str, numbers: dict[str, Iterator[int]], given: dict[str, int]) -> str:
    names = (f"{stem}{i}" for i in numbers.setdefault(stem, count(1)))
    return next(name for name in names if name not in given)
