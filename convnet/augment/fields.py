"""Checks for the fields of augmentations: those of any value, and fill modes."""

from convnet.engine import FILLS
from convnet.values.fields import choice, integer, pair, parameter, real, real_pair

__all__ = ["choice", "fill_mode", "integer", "pair", "parameter", "real", "real_pair"]

fill_mode = choice(*FILLS)
