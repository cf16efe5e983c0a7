"""The types of augmentations by name."""

from typing import dataclass_transform

from convnet.augment.base import Augmentation
from convnet.augment.fields import parameter
from convnet.values.family import Family

AUGMENTATIONS = Family(
    Augmentation,
    parameter="augment",
    noun="augmentation",
    example='{"type": "RandomFlip"}',
    word="None",
)


@dataclass_transform(frozen_default=True, field_specifiers=(parameter,))
def register(cls):
    """Make a subclass of `Augmentation` an immutable value that specs can name; a class decorator."""
    return AUGMENTATIONS.add(cls)


def augmentation_types():
    """Return the registered types of augmentations by name."""
    return AUGMENTATIONS.types()
