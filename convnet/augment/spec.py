"""Specs: from anything a user may write to augmentations."""

from convnet.augment.registry import AUGMENTATIONS
from convnet.values.spec import as_values


def as_augment(spec):
    """Return the augmentations that a spec stands for.

    Parameters
    ----------
    spec : list of Augmentation or dict, dict, str, path or None
        Augmentations, plain data as their ``to_dict`` gives it or ``{"augment": [...]}``, JSON or YAML text, the
        path of a .json or .yaml file, or None for nothing.

    Returns
    -------
    augment : tuple of Augmentation
    """
    return () if spec is None else as_values(AUGMENTATIONS, spec)
