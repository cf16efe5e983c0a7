"""Folders with broken images, and the check that the others are read."""

import io
import os

import numpy as np
import pytest
from images import picture, png
from PIL import Image

from convnet.data import ImageError, ImageFolder, load_images
from convnet.values.messages import printable

SIZE = (16, 20)


def bytes_of(image, format, **options):
    """Return the bytes of the file that Pillow would write."""
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


JPEG = bytes_of(Image.fromarray(picture(0, 90, 70)), "JPEG")
PNG = png(picture(0, 30, 30))


def fill(root):
    for kind in ("cat", "dog"):
        (root / kind).mkdir()
        for i in range(3):
            Image.fromarray(picture(i + 10 * (kind == "dog"), 30, 40)).save(
                root / kind / f"{i}.png"
            )


def check(root, good, *reasons, classes=("cat", "dog"), also=()):
    """Assert that every reader reads the good files of a folder, and warns about the others with these reasons."""
    n = len(reasons)
    if not n:
        images, folder = load_images(root, SIZE), ImageFolder(root, SIZE)
    else:
        with pytest.warns(UserWarning, match=rf"load_images: {n} skipped: .*`skipped` lists all"):
            images = load_images(root, SIZE)
        with pytest.warns(UserWarning, match=rf"ImageFolder: {n} skipped: .*`skipped` lists all"):
            folder = ImageFolder(root, SIZE)
        for door in (load_images, ImageFolder):
            with pytest.raises(ImageError) as error:
                door(root, SIZE, on_error="raise")
            assert one_line(str(error.value))
            assert printable(images.skipped[0].filename) in str(error.value)
    assert [str(root)] * n == [skipped.filename[: len(str(root))] for skipped in images.skipped]
    for skipped, reason in zip(images.skipped, reasons, strict=True):
        assert reason in str(skipped) and one_line(str(skipped))
    assert folder.skipped == images.skipped
    assert np.array_equal(np.asarray(folder), images.data)
    assert images.target_names == folder.target_names == list(classes)
    here = [i for i, name in enumerate(images.filenames) if os.path.basename(name) not in also]
    assert np.array_equal(images.data[here], good.data)
    assert len(images.data) == len(images.target) == len(images.filenames) == len(folder)
    return images


def one_line(text):
    return text == " ".join(text.split()) and len(text) < 400
