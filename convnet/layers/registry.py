"""The layer types by name."""

from typing import dataclass_transform

from convnet.layers.base import Layer
from convnet.layers.fields import parameter
from convnet.values.family import Family

LAYERS = Family(Layer, parameter="layers", noun="layer", example='{"type": "ReLU"}', word='"auto"')


@dataclass_transform(frozen_default=True, field_specifiers=(parameter,))
def register(cls):
    """Make a subclass of `Layer` an immutable value that specs can name; a class decorator."""
    return LAYERS.add(cls)


def layer_types():
    """Return the registered layer types by name."""
    return LAYERS.types()


def layer_from_dict(params):
    """Return the layer that ``{"type": "Conv2D", "filters": 16, ...}`` describes."""
    return LAYERS.from_dict(params)
