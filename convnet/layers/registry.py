"""The layer types by name."""

from typing import Any, TypeVar, dataclass_transform

from convnet.layers import preset
from convnet.layers.base import Layer
from convnet.layers.fields import parameter
from convnet.values.family import Family

L = TypeVar("L", bound=Layer)

LAYERS = Family(
    Layer,
    parameter="layers",
    noun="layer",
    example='{"type": "ReLU"}',
    word='"auto"',
    presets=preset.names,
)


@dataclass_transform(frozen_default=True, field_specifiers=(parameter,))
def register(cls: type[L]) -> type[L]:
    """Make a subclass of `Layer` an immutable value that specs can name; a class decorator.

    Parameters
    ----------
    cls : type
        The subclass.

    Returns
    -------
    cls : type
        The same class, a frozen dataclass now.

    Raises
    ------
    TypeError, ValueError
        It is no subclass of `Layer`; its name is taken.
    """
    LAYERS.add(cls)
    return cls


def layer_types() -> dict[str, type[Layer]]:
    """Return the registered layer types by name.

    Returns
    -------
    types : dict
        Names, as in ``{"type": "Conv2D"}``, and classes.
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
        Of that type.

    Raises
    ------
    TypeError, ValueError
        Unknown type or parameter, with the likely name; a value that the layer refuses.
    """
    return LAYERS.from_dict(params)
