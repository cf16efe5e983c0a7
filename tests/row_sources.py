"""Array-likes that read rows on demand and record the requests."""

import threading
from types import SimpleNamespace

import numpy as np

from convnet.data.lazy import prefetch


class Reading:
    """Gives rows through ``read_rows`` alone; records the row numbers of each call and the calling threads.

    Calls that include row `bad` raise `error`.
    """

    def __init__(self, array, bad=None, error=None):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype
        self.bad, self.error = bad, error
        self.calls, self.threads = [], set()

    def __len__(self):
        return len(self.array)

    def __getitem__(self, key):
        raise AssertionError("not by read_rows")

    def read_rows(self, rows):
        self.calls.append(np.array(rows))
        self.threads.add(threading.current_thread())
        if self.error is not None and self.bad in rows:
            raise self.error
        return self.array[rows]


class Rising:
    """Accepts only slices and strictly increasing index arrays, like an h5py data set; records them in `keys`."""

    def __init__(self, array):
        self.array, self.shape, self.dtype, self.keys = array, array.shape, array.dtype, []

    def __len__(self):
        return len(self.array)

    def __getitem__(self, key):
        self.keys.append(key)
        if not isinstance(key, slice) and (np.diff(key) <= 0).any():
            raise TypeError("Indexing elements must be in increasing order")
        return self.array[key]


class Orthogonal(Rising):
    """Accepts index arrays through ``oindex`` alone, like a zarr array."""

    def __init__(self, array):
        super().__init__(array)
        self.oindex = Rising(array)

    def __getitem__(self, key):
        assert isinstance(key, slice)
        return super().__getitem__(key)


class Folder:
    """The interface of an image folder: slices are lazy."""

    def __init__(self, array, target, rows=None):
        self.array, self.target = array, np.asarray(target)
        self.rows = np.arange(len(array)) if rows is None else rows
        self.shape, self.dtype = (len(self.rows), *array.shape[1:]), array.dtype

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, key):
        key = key[0] if isinstance(key, tuple) else key
        return Folder(self.array, self.target[key], self.rows[key])

    def read_rows(self, rows):
        return self.array[self.rows[rows]]

    def __array__(self, dtype=None, copy=None):
        raise AssertionError("read as a whole")


def stop_event(monkeypatch):
    """Return an event that is set when a prefetching thread is told to stop."""
    stopped = threading.Event()

    class Stop(threading.Event):
        def set(self):
            super().set()
            stopped.set()

    monkeypatch.setattr(prefetch, "threading", SimpleNamespace(Event=Stop))
    return stopped


def readers():
    """Return the prefetching threads."""
    return [t for t in threading.enumerate() if t.name.startswith("convnet-prefetch")]
