"""Images from files: folders as arrays, read at once or when needed, and single files in pipelines.

    loading.py     load_images: a folder as one array
    folder/        ImageFolder: a folder as an array-like that reads images when they are needed
    reader.py      ImageReader: a transformer from files to arrays
    array_file.py  ArrayFile: a .npy file that is read when needed, and pickled as its path
    images/        one file: opening, checking, resizing
    lazy/          any X that is read in parts or from other ranks, and its prefetching
    arraylikes.py  objects of any library as arrays, and those whose samples are read when they are needed
    parallel.py    calls in several threads
    progress.py    progress lines
    errors.py      ImageError, and the report of skipped files

Reading files needs Pillow: ``pip install "scikit-convnet[images]"``.
"""

from typing import TYPE_CHECKING

from convnet.data.array_file import ArrayFile
from convnet.data.errors import ImageError
from convnet.data.folder.image_folder import ImageFolder
from convnet.data.loading import load_images
from convnet.data.reader import ImageReader
from convnet.values import foreign_tables
from convnet.values.foreign_names import missing_name

__all__ = ["ArrayFile", "ImageError", "ImageFolder", "ImageReader", "load_images"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> None:
        raise missing_name(__name__, name, __all__, foreign_tables.DATA)
