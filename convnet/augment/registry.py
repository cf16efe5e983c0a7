"""The types of augmentations by name."""

from typing import TypeVar, dataclass_transform

from convnet.augment.base import Augmentation
from convnet.augment.fields import parameter
from convnet.values.family import Family

A = TypeVar("A", bound=Augmentation)

AUGMENTATIONS = Family(
    Augmentation,
    parameter="augment",
    noun="augmentation",
    example='{"type": "RandomFlip"}',
    word="None",
)


@dataclass_transform(frozen_default=True, field_specifiers=(parameter,))
def register(cls: type[A]) -> type[A]:
    """Make a subclass of `Augmentation` an immutable value that specs can name; a class decorator.

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
        It is no subclass of `Augmentation`; its name is taken.
    """
    AUGMENTATIONS.add(cls)
    return cls


def augmentation_types() -> dict[str, type[Augmentation]]:
    """Return the registered types of augmentations by name.

    Returns
    -------
    types : dict
        Names, as in ``{"type": "RandomFlip"}``, and classes.
    """
    return AUGMENTATIONS.types()
