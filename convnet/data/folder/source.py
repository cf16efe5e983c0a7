"""ImageSource: reads the images of an `ImageFolder` from memory, from the disk cache or from their files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.data.errors import ImageError, Skipped, UnreadableError, report_skipped
from convnet.data.folder.memory_cache import MemoryCache
from convnet.data.images.decode import decode
from convnet.data.parallel import for_each
from convnet.engine.threads import resolve_n_threads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from convnet.data.folder.disk_cache import DiskCache
    from convnet.data.images.form import ImageForm
    from convnet.data.parallel import Tick


BLOCK = 256  # images that are read at a time when all are visited and none is kept


class ImageSource:
    """Reads images by index. An `ImageFolder` and all its parts share one source.

    Parameters
    ----------
    filenames : list of str
        The image files.
    form : ImageForm
        Size, channels and fit of the images.
    cache_bytes : int
        Memory for decoded images.
    n_jobs : int or None
        Number of threads, see `resolve_n_threads`.

    Attributes
    ----------
    disk : DiskCache or None
        Decoded images in a file. Images read from it are not added to the memory cache: the operating system caches
        the file.
    """

    def __init__(
        self, filenames: list[str], form: ImageForm, *, cache_bytes: int, n_jobs: int | None
    ) -> None:
        self.filenames, self.form = filenames, form
        self.cache_bytes, self.n_jobs = cache_bytes, n_jobs
        self.disk: DiskCache | None = None
        self.cache = MemoryCache(len(filenames), form.shape, cache_bytes)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "cache"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.cache = MemoryCache(len(self.filenames), self.form.shape, self.cache_bytes)

    def read(self, images: np.ndarray) -> NDArray[np.uint8]:
        """Return images, uint8 (len(images), h, w, c); raise `ImageError` for the first that cannot be read."""
        out = np.empty((len(images), *self.form.shape), np.uint8)
        lost = self.read_into(out, images, until_lost=True)
        if lost:
            raise ImageError(
                f"ImageFolder: {lost[min(lost)]}. The file looked complete when the folder was listed; "
                "ImageFolder.verify() finds and leaves out such files."
            )
        return out

    def read_into(
        self,
        out: NDArray[np.uint8],
        images: np.ndarray,
        *,
        until_lost: bool = False,
        tick: Tick | None = None,
    ) -> dict[int, Skipped]:
        """Write images into `out`, uint8 (len(images), h, w, c).

        Returns
        -------
        lost : dict
            {position in `images`: Skipped} of the images that cannot be read. With `until_lost`, reading ends early:
            the first one is included, others may be missing.
        """
        missing = np.flatnonzero(~self.cache.read(images, out))
        # an image that is requested several times is read once
        _, first, inverse = np.unique(images[missing], return_index=True, return_inverse=True)
        left = np.sort(missing[first]).tolist()
        if self.disk is not None:
            left = self.disk.read(images, out, left)
        lost = self._decode(images, out, left, until_lost, tick)
        if until_lost and lost:
            return lost
        decoded = [position for position in left if position not in lost]
        if self.disk is not None:
            self.disk.repair(images, out, decoded)
        self.cache.add(images, out, decoded)
        for position, source in zip(
            missing.tolist(), missing[first][inverse].tolist(), strict=True
        ):
            if position != source:
                out[position] = out[source]
                lost |= {position: lost[source]} if source in lost else {}
        return lost

    def blocks(
        self, indices: np.ndarray, on_error: str, tick: Tick | None = None
    ) -> Iterator[tuple[NDArray[np.uint8], dict[int, Skipped]]]:
        """Yield images in blocks, to visit all of them without keeping any.

        Parameters
        ----------
        indices : ndarray of int64, shape (n,)
            Indices of the images.
        on_error : {"skip", "raise"}
            With "raise", the first image that cannot be read is an `ImageError`.
        tick : callable or None
            Called with the number of images read.

        Yields
        ------
        images : uint8 of shape (m, h, w, c)
            The next images. The following block overwrites them.
        lost : dict
            {position in `indices`: Skipped} of the images in this block that cannot be read.
        """
        block = np.empty((min(BLOCK, len(indices)), *self.form.shape), np.uint8)
        for begin in range(0, len(indices), BLOCK):
            images = block[: len(indices) - begin]
            part = indices[begin : begin + BLOCK]
            lost = self.read_into(images, part, until_lost=on_error == "raise")
            if on_error == "raise":
                report_skipped("ImageFolder", [lost[min(lost)]] if lost else [], on_error)
            yield images, {begin + position: why for position, why in lost.items()}
            if tick is not None:
                tick(begin + len(part))

    def _decode(
        self,
        images: np.ndarray,
        out: NDArray[np.uint8],
        positions: Sequence[int],
        until_lost: bool,
        tick: Tick | None,
    ) -> dict[int, Skipped]:
        lost: dict[int, Skipped] = {}

        def decode_one(position: int) -> bool:
            filename = self.filenames[images[position]]
            try:
                decode(filename, self.form, out[position])
            except UnreadableError as error:
                lost[position] = Skipped(filename, str(error))
            return until_lost and bool(lost)

        for_each(decode_one, positions, resolve_n_threads(self.n_jobs), tick)
        return lost
