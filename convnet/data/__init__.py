"""Photographs: folders of image files as arrays, read at once or as they are needed, and files in pipelines.

    load_images → Bunch          ImageFolder: rows when they are asked for       ImageReader: a transformer
         ↓                            ↓                                              ↓
    listing.py   names of classes and files       source.py    rows from memory, from the disk cache or from files
    cache.py     rows that stay in memory         parallel.py  threads
                              ↓
    decode.py    one file: opened, or why not     form.py      size, channels, fit: which part goes where
    placing.py   turned, cut, resized             modes.py     kinds of pixels
    _resample    means over areas, in Cython      pillow.py    what is installed, what it reads

Reading files needs Pillow: ``pip install "convnet[images]"``.
"""

from convnet.data.errors import ImageError
from convnet.data.folder.image_folder import ImageFolder
from convnet.data.loading import load_images
from convnet.data.reader import ImageReader

__all__ = ["ImageError", "ImageFolder", "ImageReader", "load_images"]
