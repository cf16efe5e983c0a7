"""A function for each of many numbers, in threads: decoding leaves the GIL to others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Tick = Callable[[int], None]  # takes note of how many are done


def for_each(
    function: Callable[[int], object],
    numbers: Sequence[int],
    n_threads: int,
    tick: Tick | None = None,
) -> None:
    """Call a function for each number, until it returns something true or raises an exception, which is passed on.

    What was begun is finished, so that all numbers before the last one begun are done.

    Parameters
    ----------
    function : callable
        Takes a number.
    numbers : sequence of int
        In the order in which they are begun.
    n_threads : int
        At most. One runs in the calling thread.
    tick : callable, default=None
        Called with the count of numbers done, in one thread at a time.
    """
    work, lock, done, ended = iter(numbers), Lock(), 0, False

    def run() -> None:
        nonlocal done, ended
        while True:
            with lock:
                number = None if ended else next(work, None)
            if number is None:
                return
            try:
                if function(number):
                    ended = True
                with lock:
                    done += 1
                    if tick is not None:
                        tick(done)
            except BaseException:
                ended = True
                raise

    n_threads = min(n_threads, len(numbers))
    if n_threads <= 1:
        run()
        return
    with ThreadPoolExecutor(n_threads, "convnet-decode") as pool:
        futures = [pool.submit(run) for _ in range(n_threads)]
        try:
            for future in futures:
                future.result()
        except BaseException:  # Ctrl-C too: what is begun is finished, no more is begun
            ended = True
            raise
