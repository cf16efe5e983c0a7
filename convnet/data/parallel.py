"""Calls of one function in several threads. Decoders release the GIL, so threads decode in parallel."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Tick = Callable[[int], None]  # called with the number of calls done


def for_each(
    function: Callable[[int], object],
    numbers: Sequence[int],
    n_threads: int,
    tick: Tick | None = None,
) -> None:
    """Call a function for each number until a call returns a true value or raises.

    Calls that have started are finished, so when this returns, all numbers before the last one started are done. An
    exception is raised again in the calling thread.

    Parameters
    ----------
    function : callable
        Takes one number.
    numbers : sequence of int
        In the order in which the calls start.
    n_threads : int
        Maximum number of threads. With 1 the calling thread does the work.
    tick : callable, default=None
        Called with the number of calls done, by one thread at a time.
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
        except BaseException:  # also KeyboardInterrupt: running calls finish, no more start
            ended = True
            raise
