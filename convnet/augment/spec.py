"""Specs: from anything a user may write to augmentations."""

from convnet.augment.base import Augmentation
from convnet.augment.registry import AUGMENTATIONS
from convnet.values.spec import Spec, as_values


def as_augment(spec: Spec | None) -> tuple[Augmentation, ...]:
    """Return the augmentations that a spec stands for.

    Parameters
    ----------
    spec : list of Augmentation or dict, dict, str, path or None
        Augmentations, plain data as their ``to_dict`` gives it or ``{"augment": [...]}``, JSON or YAML text, the
        path of a .json or .yaml file, or None for nothing.

    Returns
    -------
    augment : tuple of Augmentation
        Checked, each by itself; whether they suit the images is found in ``fit``.

    Raises
    ------
    TypeError, ValueError
        What cannot be read, with the position of the augmentation and the cause.
    ImportError
        YAML without PyYAML.

    Examples
    --------
    >>> from convnet.augment import as_augment
    >>> as_augment([{"type": "RandomRotation", "degrees": 15}])
    (RandomRotation(15.0),)
    """
    return () if spec is None else as_values(AUGMENTATIONS, spec)
