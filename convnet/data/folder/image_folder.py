"""ImageFolder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from convnet.data.folder.memory_cache import check_bytes
from convnet.data.folder.disk_cache import stored
from convnet.data.errors import check_left, check_on_error, report
from convnet.data.images.form import check_form
from convnet.data.folder.listing import list_folder
from convnet.data.images.pillow import check_pillow
from convnet.data.images.probing import probe_all
from convnet.data.progress import ReadingProgress
from convnet.data.folder.source import ImageSource

if TYPE_CHECKING:
    import os

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from convnet.data.errors import Skipped


CACHE_BYTES = 2**30


class ImageFolder:
    """A folder of photographs, a folder for each class, as an array whose rows are read when they are needed.

    It has `shape`, `dtype`, ``len`` and rows: ``folder[3]`` is an image, uint8 (h, w, c), and a slice, an array of row
    numbers or a mask gives an ImageFolder of these rows, which reads nothing and shares what is kept in memory.
    ``np.asarray(folder)`` reads all. It can be passed to ``fit`` and ``predict``, to ``train_test_split`` and to
    ``GridSearchCV``.

    Parameters
    ----------
    folder : str or path
        It holds a folder for each class, as for `load_images`.
    size : (int, int) or int, default=(150, 150)
        Height and width of the rows in pixels; one integer is both.
    channels : int, default=3
        3 is colour, 1 is grey.
    fit : {"crop", "pad", "stretch"}, default="crop"
        As for `load_images`.
    on_error : {"skip", "raise"}, default="skip"
        Whether what cannot be read is left out, with a warning, or is an error.
    cache_bytes : int, default=1073741824
        Memory for decoded rows. The rows that are read first are kept, for good; others are decoded again each time.
        0 keeps none.
    cache_dir : str or path, default=None
        A folder for a file of all decoded rows, n·h·w·c bytes, which the constructor makes if it is not there. Rows are
        read from it, and no image is opened, by other processes and later ones too, until an image, the parameters or
        the decoder's release change; then another is made, and the old file stays until you delete it.
    n_jobs : int, default=None
        Threads that decode. None is the number of cores, less where OpenMP or an affinity mask says so; -1 is all CPUs.
    verbose : bool, default=False
        Whether to print progress of what the constructor and `verify` read.

    Attributes
    ----------
    shape : tuple of int
        (n, h, w, c).
    dtype : dtype
        uint8.
    target : ndarray of int64, shape (n,)
        The class of each row as an index into `target_names`.
    target_names : list of str
        Sorted names of the class folders.
    filenames : ndarray of object, shape (n,)
        Absolute; sorted within each class.
    image_form : dict
        `size`, `channels` and `fit`, with which other images are brought to the same form: what a net that was fitted
        on a folder has as ``image_form_``.
    skipped : list of (filename, reason)
        What was left out.

    Raises
    ------
    ImportError
        Pillow is not installed.
    ImageError
        With ``on_error="raise"``, something cannot be read: the first by name. Whatever `on_error` is, a row is asked
        for later whose file cannot be read: the number of rows is fixed then.
    ValueError
        A parameter has no such value, or there are no class folders or no images that can be read.
    TypeError
        `folder` is no path, or `size` no size.
    OSError
        There is no such folder, or it may not be read; `cache_dir` cannot be made or written.

    Warns
    -----
    UserWarning
        With ``on_error="skip"``, what is skipped: the number and the first names.

    Notes
    -----
    The constructor opens each file, reads its header and looks whether its end is there, which finds truncated files;
    files whose end does not show are decoded. Damage in the middle of a file is found when it is decoded: `verify`
    does so at once, and leaves such files out. With `cache_dir` the constructor decodes every file that is new.

    A pickle holds the names of the files, and of what is kept nothing.

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
        form = check_form("ImageFolder", size, channels, fit)
        check_on_error("ImageFolder", on_error)
        check_bytes(cache_bytes)
        check_pillow("ImageFolder")
        listing = list_folder("ImageFolder", folder)
        if on_error == "raise":
            report("ImageFolder", listing.skipped, on_error)
        source = ImageSource(listing.filenames, form, cache_bytes=int(cache_bytes), n_jobs=n_jobs)
        self._source, self._folder, self._classes = source, listing.folder, listing.classes
        self._labels, self._on_error, self._verbose = listing.labels, on_error, verbose
        n = len(listing.filenames)
        if cache_dir is None:
            tick = self._tick(", headers", n)
            lost = probe_all(listing.filenames, n_jobs=n_jobs, on_error=on_error, tick=tick)
        else:
            tick = self._tick(", cache", n)
            source.disk, lost = stored(
                cache_dir, listing, form, n_jobs=n_jobs, on_error=on_error, tick=tick
            )
        # Files that cannot be read keep their numbers; no row has them.
        self._rows = np.array([row for row in range(n) if row not in lost], np.int64)
        self._skipped = [*listing.skipped, *(lost[row] for row in sorted(lost))]
        check_left("ImageFolder", self._folder, n, lost)
        report("ImageFolder", self._skipped, on_error)

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
        """Classes of the rows."""
        return self._labels[self._rows]

    @property
    def target_names(self) -> list[str]:
        """Names of the classes."""
        return list(self._classes)

    @property
    def filenames(self) -> NDArray[np.object_]:
        """Files of the rows."""
        return np.array(self._source.filenames, object)[self._rows]

    @property
    def skipped(self) -> list[Skipped]:
        """What was left out."""
        return list(self._skipped)

    @property
    def cached_bytes(self) -> int:
        """Bytes of memory that rows take now, those of other parts of the same folder included."""
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
                    "ImageFolder takes row numbers, a slice or a mask: read rows first, as in "
                    "np.asarray(folder[rows])[:, :10]."
                )
            key = key[0]
        if isinstance(key, slice):
            return self._part(self._rows[key])
        keys = np.asarray(key)
        if keys.size == 0 and keys.ndim == 1:
            keys = keys.astype(np.int64) if keys.dtype != bool else keys
        if keys.ndim > 1 or keys.dtype.kind not in "iub":
            raise IndexError(
                f"ImageFolder takes row numbers, a slice or a mask; got {type(key).__name__} of dtype {keys.dtype}."
            )
        if keys.ndim == 0:
            if keys.dtype == bool:
                raise IndexError("ImageFolder takes row numbers, a slice or a mask; got a bool.")
            return self._source.read(self._rows[[int(keys)]])[0]
        return self._part(self._rows[keys])

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("ImageFolder: rows are decoded, so that an array of them is a copy.")
        images = self._source.read(self._rows)
        return images if dtype is None else images.astype(dtype, copy=False)

    def read_rows(self, rows: ArrayLike) -> NDArray[np.uint8]:
        """Read rows in any order, in threads; several threads may call it.

        Parameters
        ----------
        rows : array-like of int, shape (m,)
            Numbers of rows; repeats are allowed, and negative ones count from the end.

        Returns
        -------
        images : ndarray of uint8, shape (m, h, w, c)

        Raises
        ------
        ImageError
            A file can no longer be read.
        IndexError
            There is no such row.
        """
        rows = np.asarray(rows)
        return self._source.read(self._rows[rows if rows.size else rows.astype(np.int64)])

    def verify(self) -> Self:
        """Decode every row, to find what is damaged.

        Returns
        -------
        folder : ImageFolder
            The rows that can be read; it shares the memory of this one, and its `skipped` has the others too.

        Raises
        ------
        ImageError
            Something cannot be read, with ``on_error="raise"``.
        ValueError
            Nothing can be read.

        Warns
        -----
        UserWarning
            With ``on_error="skip"``, what cannot be read.
        """
        n = len(self)
        lost: dict[int, Skipped] = {}
        for _, found in self._source.blocks(self._rows, self._on_error, self._tick("", n)):
            lost |= found
        skipped = list(dict.fromkeys(lost[row] for row in sorted(lost)))
        check_left("ImageFolder", self._folder, n, lost)
        report("ImageFolder", skipped, "skip")
        whole = self._part(np.delete(self._rows, list(lost)))
        whole._skipped = [*self._skipped, *skipped]
        return whole

    def _tick(self, what: str, n: int) -> ReadingProgress | None:
        return ReadingProgress(f"ImageFolder{what}", n) if self._verbose else None

    def _part(self, rows: np.ndarray) -> Self:
        part = object.__new__(type(self))
        vars(part).update(vars(self), _rows=rows)
        return part
