"""Presets: specs that come with convnet, each a file in the folder ``presets``.

The files are JSON, which is also valid YAML, so reading them does not need PyYAML.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "presets"


@cache
def names() -> tuple[str, ...]:
    """Return the names of the presets, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def read(name: str) -> Any:
    """Return the plain data of a preset: its "description" and its "layers"."""
    return json.loads((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def presets() -> dict[str, str]:
    """Return the specs that come with convnet.

    Returns
    -------
    presets : dict of str
        The purpose of each spec in one line, by its name. `as_layers` and the `layers` of estimators accept the names.

    Examples
    --------
    >>> from convnet.layers import as_layers, presets
    >>> list(presets())
    ['catdog', 'keraslab', 'lenet', 'resnet-small', 'vgg-small', 'walkthrough']
    >>> as_layers("keraslab")[0]
    Conv2D(32, 3, activation='relu')
    """
    return {name: read(name)["description"] for name in names()}
