"""The images behind an `ImageFolder` and all its parts: files, their form, and what is kept of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.data.folder.memory_cache import MemoryCache
from convnet.data.images.decode import decode
from convnet.data.errors import ImageError, Skipped, UnreadableError, report
from convnet.data.parallel import for_each
from convnet.engine.threads import resolve_n_threads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from convnet.data.folder.disk_cache import DiskCache
    from convnet.data.images.form import Form
    from convnet.data.parallel import Tick


BLOCK = 256  # images that are read at a time where nobody keeps them


class ImageSource:
    """Reads images by number, from memory, from the disk cache or from their files.

    Parameters
    ----------
    filenames : list of str
        The files.
    form : Form
        What they are brought into.
    cache_bytes : int
        Of rows kept in memory.
    n_jobs : int or None
        Threads, see `resolve_n_threads`.

    Attributes
    ----------
    disk : DiskCache or None
        Rows in a file, from which what is not in memory is read. They are not taken into memory: the operating system
        keeps what it has room for.
    """

    def __init__(
        self, filenames: list[str], form: Form, *, cache_bytes: int, n_jobs: int | None
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

    def read(self, rows: np.ndarray) -> NDArray[np.uint8]:
        """Return the images of row numbers, uint8 (len(rows), h, w, c); `ImageError` names the first that is lost."""
        out = np.empty((len(rows), *self.form.shape), np.uint8)
        lost = self.read_into(out, rows, until_lost=True)
        if lost:
            raise ImageError(
                f"ImageFolder: {lost[min(lost)]}. It looked whole when the folder was listed; ImageFolder.verify() "
                "leaves such files out."
            )
        return out

    def read_into(
        self,
        out: NDArray[np.uint8],
        rows: np.ndarray,
        *,
        until_lost: bool = False,
        tick: Tick | None = None,
    ) -> dict[int, Skipped]:
        """Write the images of row numbers into `out`, uint8 (len(rows), h, w, c).

        Returns
        -------
        lost : dict
            {position in `rows`: Skipped} of those that cannot be read: the first one at least with `until_lost`, which
            ends reading there, and all without.
        """
        missing = np.flatnonzero(~self.cache.read(rows, out))
        # a row that is asked for several times is read once
        _, first, back = np.unique(rows[missing], return_index=True, return_inverse=True)
        left = np.sort(missing[first]).tolist()
        if self.disk is not None:
            left = self.disk.read(rows, out, left)
        lost = self._decode(rows, out, left, until_lost, tick)
        if until_lost and lost:
            return lost
        decoded = [position for position in left if position not in lost]
        if self.disk is not None:
            self.disk.repair(rows, out, decoded)
        self.cache.keep(rows, out, decoded)
        for position, source in zip(missing.tolist(), missing[first][back].tolist(), strict=True):
            if position != source:
                out[position] = out[source]
                lost |= {position: lost[source]} if source in lost else {}
        return lost

    def blocks(
        self, rows: np.ndarray, on_error: str, tick: Tick | None = None
    ) -> Iterator[tuple[NDArray[np.uint8], dict[int, Skipped]]]:
        """Yield rows in blocks, for who looks at all of them and keeps none.

        Parameters
        ----------
        rows : ndarray of int64, shape (n,)
            Row numbers.
        on_error : {"skip", "raise"}
            Whether the first image that cannot be read is an `ImageError`.
        tick : callable or None
            Called with the number of rows read.

        Yields
        ------
        images : uint8 of shape (m, h, w, c)
            The next rows; overwritten by those after them.
        lost : dict
            {position in `rows`: Skipped}.
        """
        block = np.empty((min(BLOCK, len(rows)), *self.form.shape), np.uint8)
        for begin in range(0, len(rows), BLOCK):
            images = block[: len(rows) - begin]
            part = rows[begin : begin + BLOCK]
            lost = self.read_into(images, part, until_lost=on_error == "raise")
            if on_error == "raise":
                report("ImageFolder", [lost[min(lost)]] if lost else [], on_error)
            yield images, {begin + position: why for position, why in lost.items()}
            if tick is not None:
                tick(begin + len(part))

    def _decode(
        self,
        rows: np.ndarray,
        out: NDArray[np.uint8],
        positions: Sequence[int],
        until_lost: bool,
        tick: Tick | None,
    ) -> dict[int, Skipped]:
        lost: dict[int, Skipped] = {}

        def decode_one(position: int) -> bool:
            filename = self.filenames[rows[position]]
            try:
                decode(filename, self.form, out[position])
            except UnreadableError as error:
                lost[position] = Skipped(filename, str(error))
            return until_lost and bool(lost)

        for_each(decode_one, positions, resolve_n_threads(self.n_jobs), tick)
        return lost
