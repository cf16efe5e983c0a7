"""Augmentation: random changes of training images, which the engine applies while it reads a batch.

An augmentation is a value (`convnet.values`). Augmentations that move pixels are combined into one affine map, so
that an image is resampled once. Augmentations that change values follow, in their order in the list. Last, samples of a
batch are mixed::

    flip.py crop.py resized_crop.py rotation.py translation.py zoom.py   move pixels
    contrast.py brightness.py saturation.py hue.py cutout.py             change values
    mixup.py cutmix.py                                                   mix samples
    base.py       Augmentation, Moving with its fill mode, and the registry of classes by name
    spec.py       lists, dicts, JSON, YAML, paths → tuple of augmentations
    plan.py       augmentations + image shape → instructions for the engine
"""

from typing import TYPE_CHECKING

from convnet.augment.base import Augmentation, register
from convnet.augment.brightness import RandomBrightness
from convnet.augment.contrast import RandomContrast
from convnet.augment.crop import RandomCrop
from convnet.augment.cutmix import CutMix
from convnet.augment.cutout import Cutout
from convnet.augment.flip import RandomFlip
from convnet.augment.hue import RandomHue
from convnet.augment.mixup import MixUp
from convnet.augment.resized_crop import RandomResizedCrop
from convnet.augment.rotation import RandomRotation
from convnet.augment.saturation import RandomSaturation
from convnet.augment.spec import as_augment, augmentation_types
from convnet.augment.translation import RandomTranslation
from convnet.augment.zoom import RandomZoom
from convnet.values import foreign_tables
from convnet.values.foreign_names import missing_name

__all__ = [
    "Augmentation",
    "CutMix",
    "Cutout",
    "MixUp",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "RandomHue",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomSaturation",
    "RandomTranslation",
    "RandomZoom",
    "as_augment",
    "augmentation_types",
    "register",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> None:
        raise missing_name(__name__, name, __all__, foreign_tables.AUGMENTATIONS)
