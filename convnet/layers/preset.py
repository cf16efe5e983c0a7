"""Presets: specs that come with convnet, each a file in the folder ``presets``.

The files are JSON, which is also valid YAML, so reading them does not need PyYAML.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "presets"


@cache
def names() -> tuple[str, ...]:
    """Return the names of the presets, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@dataclass(frozen=True)
class Preset:
    """A spec that comes with convnet.

    Attributes
    ----------
    description : str
        Its purpose in one line.
    input_shape : tuple of int
        (height, width, channels) of the images that it was designed for. It takes other sizes as well.
    n_outputs : int
        Outputs that the following numbers are for.
    n_parameters : int
        Trainable parameters for this input and these outputs.
    multiply_adds : int
        Multiply-adds of one such image.
    """

    description: str
    input_shape: tuple[int, ...]
    n_outputs: int
    n_parameters: int
    multiply_adds: int


def read(name: str) -> Any:
    """Return the plain data of a preset: its "description" and its "layers"."""
    return json.loads((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def presets() -> dict[str, Preset]:
    """Return the specs that come with convnet.

    Returns
    -------
    presets : dict of Preset
        By name. `as_layers` and the `layers` of estimators accept the names.

    Examples
    --------
    >>> from convnet.layers import as_layers, presets
    >>> presets()["resnet18"].n_parameters
    11689512
    >>> as_layers("keraslab")[0]
    Conv2D(32, 3, activation='relu')
    """
    sizes = json.loads((FOLDER / "sizes.json").read_text(encoding="utf-8"))
    found = {}
    for name in names():
        own = dict(sizes[name], input_shape=tuple(sizes[name]["input_shape"]))
        found[name] = Preset(read(name)["description"], **own)
    return found
