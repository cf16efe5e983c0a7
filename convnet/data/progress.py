"""ReadingProgress: lines that show how many images have been read."""

from __future__ import annotations

import time

INTERVAL = 2.0  # seconds between two lines


class ReadingProgress:
    """Prints "who: 300 of 1399 images" every `INTERVAL` seconds, and the total time at the end.

    Parameters
    ----------
    who : str
        Name of the function or class that reads.
    total : int
        Number of images.
    """

    def __init__(self, who: str, total: int) -> None:
        self.who, self.total = who, total
        self._start = self._last = time.perf_counter()

    def __call__(self, done: int) -> None:
        """Report the number of images read so far."""
        now = time.perf_counter()
        if done == self.total:
            seconds = now - self._start
            print(f"{self.who}: {done} images in {seconds:.1f} s", flush=True)
        elif now - self._last >= INTERVAL:
            self._last = now
            print(f"{self.who}: {done} of {self.total} images", flush=True)
