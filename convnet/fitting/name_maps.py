"""Name maps of presets: which module of a file from a model hub belongs to which layer of a preset.

A preset ``presets/foo.yaml`` can have files such as ``presets/names/foo.torchvision.json``, one for each source of
weights. Each holds a JSON object, as `weight_names` takes it:

::

    {"conv1": "features.0", "batchnorm1": "features.1", "output": "classifier.1"}
"""

from __future__ import annotations

import json
from typing import Any

from convnet.layers import preset


def name_maps(layers: Any) -> dict[str, dict[str, str]]:
    """Return the name maps of a preset by their names.

    Parameters
    ----------
    layers : object
        The parameter `layers` of an estimator. Anything but the name of a preset has no maps.

    Returns
    -------
    maps : dict of str to dict
        Such as ``{"foo.torchvision": {"conv1": "features.0"}}``, sorted by name.
    """
    if not isinstance(layers, str) or layers not in preset.names():
        return {}
    paths = sorted((preset.FOLDER / "names").glob("*.json"))
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in paths
        if path.stem.rpartition(".")[0] == layers
    }
