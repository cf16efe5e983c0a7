"""Write a folder of generated images in two classes: bright and dark."""

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("bright", "dark")


def write_images(folder, n, size, channels=3):
    """Write n images as BMP files, which are decoded quickly.

    Parameters
    ----------
    folder : path
        Created if it does not exist.
    n : int
    size : int
        Height and width of the files.
    channels : int, default=3
        3 is color, 1 is gray.
    """
    rng = np.random.default_rng(0)
    for name in CLASSES:
        Path(folder, name).mkdir(parents=True)
    for i in range(n):
        pixels = rng.integers(0, 224, (size, size, channels), dtype=np.uint8)
        pixels += 32 * (i % 2 == 0)
        image = Image.fromarray(pixels if channels > 1 else pixels[..., 0])
        image.save(Path(folder, CLASSES[i % 2], f"{i:06}.bmp"))
