"""Lines that say how far reading has come."""

from __future__ import annotations

import time

INTERVAL = 2.0  # seconds between lines


class ReadingProgress:
    """Prints "who: 300 of 1399 images" now and then, and how long it took.

    Parameters
    ----------
    who : str
        What reads.
    total : int
        Images.
    """

    def __init__(self, who: str, total: int) -> None:
        self.who, self.total = who, total
        self._begun = self._last = time.perf_counter()

    def __call__(self, done: int) -> None:
        """Take note of the number of images read."""
        now = time.perf_counter()
        if done == self.total:
            seconds = now - self._begun
            print(f"{self.who}: {done} images in {seconds:.1f} s", flush=True)
        elif now - self._last >= INTERVAL:
            self._last = now
            print(f"{self.who}: {done} of {self.total} images", flush=True)
