"""Folders of photographs made up for the tests."""

import pytest
from images import picture
from PIL import Image


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
