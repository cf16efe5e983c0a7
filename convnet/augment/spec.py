"""Specs: everything that users can pass as `augment`, converted to augmentations."""

from convnet.augment.base import AUGMENTATIONS, Augmentation
from convnet.values.spec import Spec, as_values


def as_augment(spec: Spec | None) -> tuple[Augmentation, ...]:
    """Return the augmentations that a spec describes.

    Parameters
    ----------
    spec : list of Augmentation or dict, dict, str, path or None
        Augmentations, their ``to_dict()``, ``{"augment": [...]}``, JSON or YAML text, the path of a .json or .yaml
        file, or None for no augmentation.

    Returns
    -------
    augment : tuple of Augmentation
        Each is checked on its own. ``fit`` checks whether they suit the images.

    Raises
    ------
    TypeError, ValueError
        If the spec cannot be read. The message gives the position of the augmentation and the cause.
    ImportError
        If the spec is YAML and PyYAML is not installed.

    Examples
    --------
    >>> from convnet.augment import as_augment
    >>> as_augment([{"type": "RandomRotation", "degrees": 15}])
    (RandomRotation(15.0),)
    """
    return () if spec is None else as_values(AUGMENTATIONS, spec)


def augmentation_types() -> dict[str, type[Augmentation]]:
    """Return the registered classes of augmentations by name.

    Returns
    -------
    types : dict
        Classes by name, as in ``{"type": "RandomFlip"}``.
    """
    return AUGMENTATIONS.types()
