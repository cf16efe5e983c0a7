"""Augmentation: random changes of training images, which the engine makes on their way into a step.

An augmentation is a value (`convnet.values`). Those that move pixels are composed to one affine map in their
order, so that an image is resampled once; those that change values follow in theirs::

    flip.py crop.py rotation.py translation.py zoom.py   move pixels
    contrast.py brightness.py cutout.py                  change values
    base.py       Augmentation, and Moving with its fill mode
    registry.py   type name → class
    spec.py       lists, dicts, JSON, YAML, paths → tuple of augmentations
    plan.py       augmentations + image shape → what the engine is told
"""

from convnet.augment.base import Augmentation
from convnet.augment.brightness import RandomBrightness
from convnet.augment.contrast import RandomContrast
from convnet.augment.crop import RandomCrop
from convnet.augment.cutout import Cutout
from convnet.augment.flip import RandomFlip
from convnet.augment.registry import augmentation_types, register
from convnet.augment.rotation import RandomRotation
from convnet.augment.spec import as_augment
from convnet.augment.translation import RandomTranslation
from convnet.augment.zoom import RandomZoom

__all__ = [
    "Augmentation",
    "Cutout",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "as_augment",
    "augmentation_types",
    "register",
]
