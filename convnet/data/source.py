"""The images behind an `ImageFolder` and all its parts: files, their form, and what is kept of them."""

import numpy as np

from convnet.data.cache import MemoryCache
from convnet.data.decode import decode
from convnet.data.errors import ImageError, Skipped, UnreadableError
from convnet.data.parallel import for_each
from convnet.engine.threads import resolve_n_threads


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
    """

    def __init__(self, filenames, form, *, cache_bytes, n_jobs):
        self.filenames, self.form = filenames, form
        self.cache_bytes, self.n_jobs = cache_bytes, n_jobs
        self.cache = MemoryCache(len(filenames), form.shape, cache_bytes)

    def __getstate__(self):
        return {key: value for key, value in vars(self).items() if key != "cache"}

    def __setstate__(self, state):
        vars(self).update(state)
        self.cache = MemoryCache(len(self.filenames), self.form.shape, self.cache_bytes)

    def read(self, rows):
        """Return the images of row numbers, uint8 (len(rows), h, w, c); `ImageError` names the first that is lost."""
        out = np.empty((len(rows), *self.form.shape), np.uint8)
        lost = self.read_into(out, rows, until_lost=True)
        if lost:
            raise ImageError(
                f"ImageFolder: {lost[min(lost)]}. It looked whole when the folder was listed; ImageFolder.verify() "
                "leaves such files out."
            )
        return out

    def read_into(self, out, rows, *, until_lost=False, tick=None):
        """Write the images of row numbers into `out`, uint8 (len(rows), h, w, c).

        Returns
        -------
        lost : dict
            {position in `rows`: Skipped} of those that cannot be read: the first one at least with `until_lost`, which
            ends reading there, and all without.
        """
        missing = np.flatnonzero(~self.cache.read(rows, out))
        # a row that is asked for several times is decoded once
        _, first, back = np.unique(rows[missing], return_index=True, return_inverse=True)
        positions, lost = np.sort(missing[first]), {}

        def decode_one(position):
            filename = self.filenames[rows[position]]
            try:
                decode(filename, self.form, out[position])
            except UnreadableError as error:
                lost[position] = Skipped(filename, str(error))
            return until_lost and lost

        for_each(decode_one, positions.tolist(), resolve_n_threads(self.n_jobs), tick)
        if until_lost and lost:
            return lost
        self.cache.keep(rows, out, [p for p in positions.tolist() if p not in lost])
        if len(positions) < len(missing):
            for position, source in zip(missing, missing[first][back], strict=True):
                if position != source:
                    out[position] = out[source]
                    if int(source) in lost:
                        lost[int(position)] = lost[int(source)]
        return lost
