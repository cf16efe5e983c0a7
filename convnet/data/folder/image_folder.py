"""ImageFolder: a folder of images as an array-like that reads images when they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from convnet.data.errors import check_any_left, check_on_error, report_skipped
from convnet.data.folder.csv_listing import list_csv
from convnet.data.folder.listing import list_folder
from convnet.data.folder.memory_cache import check_bytes
from convnet.data.folder.open_disk_cache import open_disk_cache
from convnet.data.folder.source import ImageSource
from convnet.data.images.form import check_form
from convnet.data.images.pillow import check_pillow
from convnet.data.images.probing import probe_all
from convnet.data.progress import ReadingProgress

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from convnet.data.errors import Skipped
    from convnet.data.folder.listing import Listing
    from convnet.data.images.form import ImageForm


CACHE_BYTES = 2**30


class ImageFolder:
    """A folder of images, with one subfolder per class, as an array-like that reads images when they are needed.

    It has `shape`, `dtype` and ``len``. ``folder[3]`` is an image, uint8 (h, w, c). A slice, an index array or a mask
    gives an ImageFolder of these images, which reads nothing and shares the memory cache. ``np.asarray(folder)`` reads
    all images. Pass it to ``fit``, ``predict``, ``train_test_split`` and ``GridSearchCV`` like an array. `from_csv`
    takes labels from a file instead of subfolders.

    Parameters
    ----------
    folder : str or path
        Contains one folder per class, as for `load_images`.
    size : (int, int) or int, default=(150, 150)
        Height and width of the images in pixels. One integer sets both.
    channels : int, default=3
        3 for color, 1 for gray.
    fit : {"crop", "pad", "stretch"}, default="crop"
        As for `load_images`.
    on_error : {"skip", "raise"}, default="skip"
        "skip" leaves out files that cannot be read, with a warning. "raise" raises an error for the first.
    cache_bytes : int, default=1073741824
        Memory for decoded images, in bytes. The first images that are read are kept; others are decoded again each
        time. 0 keeps none.
    cache_dir : str or path, default=None
        Folder for a cache file of all decoded images, n·h·w·c bytes. The constructor writes the file if it does not
        exist. This process and later ones read images from it without opening an image file. If an image, a parameter
        or the version of the decoder changes, the constructor writes a new file; delete the old one yourself.
    n_jobs : int, default=None
        Threads that decode. None: one per core, or fewer if OpenMP or an affinity mask limits them. -1: all CPUs.
    verbose : bool, default=False
        Whether the constructor and `verify` print their progress.

    Attributes
    ----------
    shape : tuple of int
        (n, h, w, c).
    dtype : dtype
        uint8.
    target : ndarray of int64, shape (n,)
        The class of each image as an index into `target_names`.
    target_names : list of str
        Sorted names of the class folders.
    filenames : ndarray of object, shape (n,)
        Absolute paths, sorted within each class.
    image_form : dict
        `size`, `channels` and `fit`. Pass them as keyword arguments to read other images in the same way. A net that
        was fitted on an ImageFolder has them as ``image_form_``.
    skipped : list of (filename, reason)
        Files and folders that were left out.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    ImageError
        If a file cannot be read and `on_error` is "raise". The error names the first in alphabetical order. Later, with
        any `on_error`, if the file of a requested image can no longer be read.
    ValueError
        If a parameter is invalid, if there are no class folders, or if no image can be read.
    TypeError
        If `folder` is not a path, or `size` is not a size.
    OSError
        If the folder does not exist or cannot be read, or if `cache_dir` cannot be created or written.

    Warns
    -----
    UserWarning
        With ``on_error="skip"``, files are skipped. The warning names the first of them.

    Notes
    -----
    The constructor reads the header of each file and checks that its end is present, which finds truncated files. It
    decodes files whose end it does not recognize. Damage in the middle of a file shows when the file is decoded:
    `verify` decodes all files and leaves out damaged ones. With `cache_dir` the constructor decodes every new file.

    A pickle contains the names of the files, but no images.

    Examples
    --------
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from convnet.data import ImageFolder
    >>> for name, value in [("day", 200), ("night", 20)]:
    ...     Path("photos", name).mkdir(parents=True)
    ...     for i in range(3):
    ...         Image.new("RGB", (40, 30), (value + i, value, value)).save(f"photos/{name}/{i}.png")
    >>> folder = ImageFolder("photos", size=(24, 24))
    >>> folder.shape, folder.target
    ((6, 24, 24, 3), array([0, 0, 0, 1, 1, 1]))
    >>> folder[1][0, 0]
    array([201, 200, 200], dtype=uint8)
    >>> folder[folder.target == 1].shape
    (3, 24, 24, 3)
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(
        self,
        folder: str | os.PathLike[str],
        size: tuple[int, int] | int = (150, 150),
        *,
        channels: int = 3,
        fit: str = "crop",
        on_error: str = "skip",
        cache_bytes: int = CACHE_BYTES,
        cache_dir: str | os.PathLike[str] | None = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self._open(
            lambda: list_folder("ImageFolder", folder),
            check_form("ImageFolder", size, channels, fit),
            on_error,
            cache_bytes,
            cache_dir,
            n_jobs,
            verbose,
        )
        report_skipped("ImageFolder", self._skipped, on_error)

    @classmethod
    def from_csv(
        cls,
        csv_file: str | os.PathLike[str],
        folder: str | os.PathLike[str] | None = None,
        size: tuple[int, int] | int = (150, 150),
        *,
        channels: int = 3,
        fit: str = "crop",
        on_error: str = "skip",
        cache_bytes: int = CACHE_BYTES,
        cache_dir: str | os.PathLike[str] | None = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> Self:
        r"""Return the images that a CSV file lists with their labels.

        Parameters
        ----------
        csv_file : str or path
            Has two columns: the name of an image file, and its label. A first line with names of columns is
            recognized. With more columns, one is to be named "file" (or "filename", "image", "path" or "id") and one
            "label" (or "class", "category" or "target"). Cells are separated by commas, semicolons or tabs. The
            encoding is UTF-8 or UTF-16.
        folder : str or path, default=None
            What the names of files are relative to. With None, and for files that are not there, it is the folder of
            `csv_file`.
        size : (int, int) or int, default=(150, 150)
            Height and width of the images in pixels. One integer sets both.
        channels : int, default=3
            3 for color, 1 for gray.
        fit : {"crop", "pad", "stretch"}, default="crop"
            As for `load_images`.
        on_error : {"skip", "raise"}, default="skip"
            "skip" leaves out files that do not exist or cannot be read, and lines without a label, with a warning.
            "raise" raises an error for the first.
        cache_bytes : int, default=1073741824
            Memory for decoded images, in bytes.
        cache_dir : str or path, default=None
            Folder for a cache file of all decoded images.
        n_jobs : int, default=None
            Threads that decode. None: one per core, or fewer if OpenMP or an affinity mask limits them. -1: all CPUs.
        verbose : bool, default=False
            Whether to print progress.

        Returns
        -------
        folder : ImageFolder
            Its `target_names` are the sorted labels. Its files are sorted within each class.

        Raises
        ------
        ValueError
            If the file is not CSV, if the columns cannot be told apart, if a file has two labels, or if no image can be
            read.
        OSError
            If `csv_file` or `folder` does not exist or cannot be read.
        ImportError
            If Pillow is not installed.
        ImageError
            If a file cannot be read and `on_error` is "raise".
        TypeError
            If `csv_file` or `folder` is not a path, or `size` is not a size.

        Warns
        -----
        UserWarning
            With ``on_error="skip"``, files are skipped: they do not exist, have no label or cannot be read.

        Notes
        -----
        A name without an extension stands for the file with ".jpg", ".jpeg" or ".png".

        Examples
        --------
        >>> from pathlib import Path
        >>> from PIL import Image
        >>> from convnet.data import ImageFolder
        >>> for name, value in [("a", 200), ("b", 20), ("c", 180)]:
        ...     Image.new("RGB", (40, 30), (value, value, value)).save(f"{name}.png")
        >>> _ = Path("labels.csv").write_text("file,label\na.png,day\nb.png,night\nc.png,day\n")
        >>> folder = ImageFolder.from_csv("labels.csv", size=24)
        >>> folder.target_names, folder.target
        (['day', 'night'], array([0, 0, 1]))
        """
        new = cls.__new__(cls)
        new._open(
            lambda: list_csv("ImageFolder.from_csv", csv_file, folder),
            check_form("ImageFolder.from_csv", size, channels, fit),
            on_error,
            cache_bytes,
            cache_dir,
            n_jobs,
            verbose,
        )
        report_skipped("ImageFolder.from_csv", new._skipped, on_error)
        return new

    def _open(
        self,
        list_files: Callable[[], Listing],
        form: ImageForm,
        on_error: str,
        cache_bytes: int,
        cache_dir: str | os.PathLike[str] | None,
        n_jobs: int | None,
        verbose: bool,
    ) -> None:
        """Set the attributes from the files that `list_files` returns, after the parameters have been checked."""
        check_on_error("ImageFolder", on_error)
        check_bytes(cache_bytes)
        check_pillow("ImageFolder")
        listing = list_files()
        if on_error == "raise":
            report_skipped("ImageFolder", listing.skipped, on_error)
        source = ImageSource(listing.filenames, form, cache_bytes=int(cache_bytes), n_jobs=n_jobs)
        self._source, self._folder, self._classes = source, listing.folder, listing.classes
        self._labels, self._on_error, self._verbose = listing.labels, on_error, verbose
        n = len(listing.filenames)
        if cache_dir is None:
            tick = self._tick(", headers", n)
            lost = probe_all(listing.filenames, n_jobs=n_jobs, on_error=on_error, tick=tick)
        else:
            tick = self._tick(", cache", n)
            source.disk, lost = open_disk_cache(
                cache_dir, listing, form, n_jobs=n_jobs, on_error=on_error, tick=tick
            )
        # indices into the files of the source; files that cannot be read have an index there, but not here
        self._rows = np.array([i for i in range(n) if i not in lost], np.int64)
        self._skipped = [*listing.skipped, *(lost[i] for i in sorted(lost))]
        check_any_left("ImageFolder", self._folder, n, lost)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(n, h, w, c)."""
        return len(self._rows), *self._source.form.shape

    @property
    def image_form(self) -> dict[str, Any]:
        """{"size": (h, w), "channels": c, "fit": fit}."""
        return self._source.form.as_dict()

    @property
    def target(self) -> NDArray[np.int64]:
        """Class indices of the images."""
        return self._labels[self._rows]

    @property
    def target_names(self) -> list[str]:
        """Names of the classes."""
        return list(self._classes)

    @property
    def filenames(self) -> NDArray[np.object_]:
        """Files of the images."""
        return np.array(self._source.filenames, object)[self._rows]

    @property
    def skipped(self) -> list[Skipped]:
        """Files and folders that were left out."""
        return list(self._skipped)

    @property
    def cached_bytes(self) -> int:
        """Bytes of memory that decoded images take now, with those of other parts of the same folder."""
        return self._source.cache.nbytes

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        n, h, w, c = self.shape
        classes = len(self._classes)
        return f"<ImageFolder {self._folder!r}: {n} images of {h}×{w}×{c}, {classes} classes>"

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):
            if len(key) != 2 or key[1] is not Ellipsis:
                raise IndexError(
                    "An ImageFolder takes an index, a slice, an index array or a mask along its first axis. "
                    "To index other axes, read the images first: np.asarray(folder[rows])[:, :10]."
                )
            key = key[0]
        if isinstance(key, slice):
            return self._part(self._rows[key])
        keys = np.asarray(key)
        if keys.size == 0 and keys.ndim == 1:
            keys = keys.astype(np.int64) if keys.dtype != bool else keys
        if keys.ndim > 1 or keys.dtype.kind not in "iub":
            raise IndexError(
                "An ImageFolder takes an index, a slice, an index array or a mask; got "
                f"{type(key).__name__} of dtype {keys.dtype}."
            )
        if keys.ndim == 0:
            if keys.dtype == bool:
                raise IndexError(
                    "An ImageFolder takes an index, a slice, an index array or a mask; got a bool."
                )
            return self._source.read(self._rows[[int(keys)]])[0]
        return self._part(self._rows[keys])

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError(
                "An ImageFolder decodes its images, so an array of them is always a copy. Leave out copy=False."
            )
        images = self._source.read(self._rows)
        return images if dtype is None else images.astype(dtype, copy=False)

    def read_rows(self, rows: ArrayLike) -> NDArray[np.uint8]:
        """Read images in any order, in several threads. Several threads may call this method at the same time.

        Parameters
        ----------
        rows : array-like of int, shape (m,)
            Indices of the images. They may repeat; negative ones count from the end.

        Returns
        -------
        images : ndarray of uint8, shape (m, h, w, c)

        Raises
        ------
        ImageError
            If the file of a requested image can no longer be read.
        IndexError
            If an index is out of range.
        """
        rows = np.asarray(rows)
        return self._source.read(self._rows[rows if rows.size else rows.astype(np.int64)])

    def verify(self) -> Self:
        """Decode every image to find damaged files.

        Returns
        -------
        folder : ImageFolder
            A folder of the images that can be read. It shares the memory cache of this folder. Its `skipped` also lists
            the files that cannot be read.

        Raises
        ------
        ImageError
            If a file cannot be read and `on_error` is "raise".
        ValueError
            If no image can be read.

        Warns
        -----
        UserWarning
            If files cannot be read and `on_error` is "skip".
        """
        n = len(self)
        lost: dict[int, Skipped] = {}
        for _, found in self._source.blocks(self._rows, self._on_error, self._tick("", n)):
            lost |= found
        skipped = list(dict.fromkeys(lost[i] for i in sorted(lost)))
        check_any_left("ImageFolder", self._folder, n, lost)
        report_skipped("ImageFolder", skipped, "skip")
        readable = self._part(np.delete(self._rows, list(lost)))
        readable._skipped = [*self._skipped, *skipped]
        return readable

    def _tick(self, what: str, n: int) -> ReadingProgress | None:
        return ReadingProgress(f"ImageFolder{what}", n) if self._verbose else None

    def _part(self, rows: np.ndarray) -> Self:
        part = object.__new__(type(self))
        vars(part).update(vars(self), _rows=rows)
        return part
