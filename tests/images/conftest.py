"""Folders of photographs made up for the tests."""

import numpy as np
import pytest
from PIL import Image


def picture(seed, height, width, channels=3):
    """Pixels of blocks and noise, uint8 (height, width, channels), or (height, width) of one channel."""
    rng = np.random.default_rng(seed)
    shape = (-(-height // 8), -(-width // 8), channels)
    blocks = np.kron(rng.integers(0, 200, shape), np.ones((8, 8, 1), int))[:height, :width]
    pixels = (blocks + rng.integers(0, 56, blocks.shape)).astype(np.uint8)
    return pixels if channels > 1 else pixels[..., 0]


@pytest.fixture
def photographs(tmp_path):
    """A folder with 7 cats and 5 dogs of different sizes."""
    root = tmp_path / "photographs"
    for label, (kind, n) in enumerate((("cat", 7), ("dog", 5))):
        (root / kind).mkdir(parents=True)
        for i in range(n):
            pixels = picture(10 * label + i, 40 + 3 * i, 60 - 4 * i)
            Image.fromarray(pixels).save(root / kind / f"{i}.{'png' if i % 2 else 'jpg'}")
    return root
