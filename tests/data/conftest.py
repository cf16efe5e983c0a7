"""Folders of synthetic photographs, and counts of how often they are opened."""

import os
import threading
from collections import Counter

import pytest
from image_folders import SIZE, fill
from images import picture
from PIL import Image

from convnet.data import load_images


@pytest.fixture
def photographs(tmp_path):
    """Return a folder with 7 cats and 5 dogs of different sizes."""
    root = tmp_path / "photographs"
    for label, (kind, n) in enumerate((("cat", 7), ("dog", 5))):
        (root / kind).mkdir(parents=True)
        for i in range(n):
            pixels = picture(10 * label + i, 40 + 3 * i, 60 - 4 * i)
            Image.fromarray(pixels).save(root / kind / f"{i}.{'png' if i % 2 else 'jpg'}")
    return root


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Return a folder without bad files, and the images read from it."""
    root = tmp_path_factory.mktemp("good")
    fill(root)
    return load_images(root, SIZE)


@pytest.fixture
def array(photographs):
    """Return the photographs as an array of 20×24 images."""
    return load_images(photographs, size=(20, 24)).data


@pytest.fixture
def opened(monkeypatch):
    """Count how often each file is opened as an image, by name."""
    counts, lock, real = Counter(), threading.Lock(), Image.open

    def counting(file, *args, **kwargs):
        with lock:
            counts["/".join(file.name.split(os.sep)[-2:])] += 1
        return real(file, *args, **kwargs)

    monkeypatch.setattr(Image, "open", counting)
    return counts
