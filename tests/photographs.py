"""Folders of synthetic photographs, and small nets that classify them."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from convnet.cli import main

SMALL = [
    *("--size", "16", "--layers", "[]", "--augment", "none", "--batch-size", "4"),
    *("--learning-rate", "0.01"),
]


def write_photographs(folder, n, *, seed=0, kinds=("day", "night")):
    """Write n photographs of each kind, of many sizes, into a folder: the first kind is bright, the others darker."""
    rng = np.random.default_rng(seed)
    for label, kind in enumerate(kinds):
        Path(folder, kind).mkdir(parents=True, exist_ok=True)
        for i in range(n):
            pixels = rng.integers(0, 60, size=(16 + 5 * i, 30, 3), dtype=np.uint8)
            pixels += np.uint8(180 - label * 180 // (len(kinds) - 1))
            Image.fromarray(pixels).save(Path(folder, kind, f"{i}.jpg"))


def trained(capsys, *argv):
    """Train a small net through the command and return its JSON output."""
    assert main(["train", *argv, *SMALL, "--epochs", "40", "--quiet", "--json"]) == 0
    return json.loads(capsys.readouterr().out)
