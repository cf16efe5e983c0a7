"""Communicator: the exchanges between the ranks of a fit, and the communicator that is in use."""

from __future__ import annotations

import pickle
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from convnet.communication.errors import RankError
from convnet.communication.heartbeat import Heartbeat
from convnet.communication.requests import Answer, Requests

MAX_REASON = 2000  # characters of a reason that is sent to other ranks
FIT, END = "calls fit", "has left the with block"

T = TypeVar("T")
Buffers = Sequence[NDArray[np.uint8]]


class Communicator(ABC):
    """The exchanges between the processes that run one fit together.

    Each process has a rank, from 0 on. All ranks call the same methods in the same order. A call returns when this rank
    has sent and received everything, and raises `RankError` if another rank has failed.

    Attributes
    ----------
    rank, size : int
        The number of this process, and how many there are.
    bytes_sent : int
        Number of bytes that this rank has sent to others in `exchange`.
    fit : int
        Number of the fit under way, from 1 on, which messages carry, so that none of a fit that has failed meets the
        next one.
    heartbeat : Heartbeat or None
        Tells whether the other ranks live.
    background : Communicator or None
        For exchanges that take place beside those of this one; see `start`.
    holds_parts : bool
        Whether each rank passes its own part of X and y to ``fit``. False: all pass the same.
    serves_process : bool
        Whether all fits of the process belong to it, so that a fit in another thread is a mistake.
    """

    rank: int
    size: int

    def __init__(self) -> None:
        self.bytes_sent = self.fit = self._fits = 0
        self.heartbeat: Heartbeat | None = None
        self.background: Communicator | None = None
        self.holds_parts = self.serves_process = False
        self._thread = ThreadPoolExecutor(1, "convnet-exchange")  # begins with its first task
        self._started: list[Future[None]] = []

    @abstractmethod
    def _transfer(self, send: Buffers, receive: Buffers) -> None:
        """Send ``send[i]`` to rank i and fill ``receive[i]`` from rank i. Those of this rank are ignored."""

    @abstractmethod
    def open_requests(self, answer: Answer) -> Requests:
        """Return `Requests` between all ranks. All ranks call it together.

        Parameters
        ----------
        answer : callable
            Takes the bytes of a question and returns a contiguous uint8 array. A thread calls it.
        """

    def close(self) -> None:
        """End the heartbeat and free what the communicator holds."""
        self._thread.shutdown()
        if self.heartbeat is not None:
            self.heartbeat.close()

    def begin_fit(self) -> None:
        """Wait until all ranks are about to fit, and count the fit; RankError if one of them is about to `end`."""
        self._meet(FIT)
        self._fits += 1
        self.fit = self._fits

    def end(self) -> None:
        """Wait until all ranks are about to end; RankError if one of them is about to fit."""
        self._meet(END)

    def _meet(self, own: str) -> None:
        self.fit = 0  # so that ranks meet that would otherwise go on differently
        for rank, place in enumerate(self.gather_objects(own)):
            if place != own:
                other = f"rank {rank} {place}, but rank {self.rank} {own}"
                raise RankError(rank, f"All ranks must call fit equally often: {other}.")

    def fail_fit(self, error: BaseException) -> None:
        """Tell the other ranks that the fit under way has failed here, and wait until it has ended on all of them.

        If the others go on, they raise `RankError`, or KeyboardInterrupt if that is the error. The next fit can begin.
        """
        if self.heartbeat is not None:
            for future in self._started:
                future.cancel()
            self.heartbeat.fail(self._as_seen_by_others(error), self.fit)
            wait(self._started)  # those that run find that the fit has failed
            self._started.clear()

    def fail(self, error: BaseException) -> None:
        """Tell the other ranks that this one has failed for good; all their exchanges raise `RankError`."""
        if self.heartbeat is not None:
            self.heartbeat.fail(self._as_seen_by_others(error), None)

    def interrupt(self, reason: str) -> None:
        """Let the exchanges of this rank raise RankError, and then those of the others. Any thread may call it."""
        if self.heartbeat is not None:
            self.heartbeat.fail(self.heartbeat.lose(self.rank, reason), None)

    def _as_seen_by_others(self, error: BaseException) -> RankError | None:
        """Return what other ranks raise because of an error here; None is KeyboardInterrupt."""
        if isinstance(error, RankError | KeyboardInterrupt):
            return error if isinstance(error, RankError) else None
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        if len(reason) > MAX_REASON:
            reason = f"{reason[:MAX_REASON]} ..."
        return RankError(self.rank, f"rank {self.rank} failed: {reason}")

    def check_ranks(self) -> None:
        """Raise an error if another rank has failed or is lost. Backends call it while they wait."""
        if self.heartbeat is not None:
            self.heartbeat.check(self.fit)

    def exchange(self, send: Buffers, receive: Buffers) -> None:
        """Send to each rank, and receive from each.

        Parameters
        ----------
        send, receive : sequence of uint8 ndarray
            One contiguous array for each rank. It may be empty. ``receive[i]`` has the size of what rank i sends.
            Those of this rank are ignored.
        """
        self.bytes_sent += sum(part.size for rank, part in enumerate(send) if rank != self.rank)
        self._transfer(send, receive)

    def start(self, function: Callable[[Communicator], None]) -> Future[None]:
        """Start ``function(background)`` in a thread, so that its exchanges take place beside the computation.

        Parameters
        ----------
        function : callable
            Given a communicator. If there is none for the background, the function runs at once, on this one.

        Returns
        -------
        future : Future
            Its `result` waits for the end, and raises the error of the function.
        """
        if self.background is not None:
            self.background.fit = self.fit
            future = self._thread.submit(function, self.background)
            self._started = [one for one in self._started if not one.done()] + [future]
            return future
        done: Future[None] = Future()
        function(self)
        done.set_result(None)
        return done

    def all_gather(self, parts: Buffers) -> None:
        """Send ``parts[rank]`` of this rank to all others, and fill the other parts with theirs."""
        self.exchange([parts[self.rank]] * self.size, parts)

    def gather_objects(self, value: Any) -> list[Any]:
        """Return the `value` of each rank, in the order of the ranks. Values are pickled."""
        own = np.frombuffer(pickle.dumps(value, protocol=5), np.uint8)
        sizes = np.zeros((self.size, 8), np.uint8)
        sizes[self.rank] = np.frombuffer(np.int64(own.size).tobytes(), np.uint8)
        self._transfer([sizes[self.rank]] * self.size, list(sizes))
        lengths = sizes.reshape(-1).view(np.int64)
        parts = [np.empty(length, np.uint8) for length in lengths]
        self._transfer([own] * self.size, parts)
        return [
            value if rank == self.rank else pickle.loads(part.tobytes())
            for rank, part in enumerate(parts)
        ]

    def broadcast(self, value: T) -> T:
        """Return the `value` of rank 0 on every rank. It is pickled; the other ranks' values are ignored."""
        return self.gather_objects(value if self.rank == 0 else None)[0]

    def call_on_first(self, function: Callable[[], T]) -> T:
        """Call a function on rank 0 alone; return its result, or raise its exception, on every rank."""
        outcome: tuple[bool, Any] = True, None
        if self.rank == 0:
            try:
                outcome = True, function()
            except Exception as error:
                outcome = False, error
        done, result = self.broadcast(_picklable(outcome))
        if not done:
            raise result
        return result

    def all(self, condition: bool) -> bool:
        """Return whether the condition holds on every rank."""
        return all(self.gather_objects(bool(condition)))

    def barrier(self) -> None:
        """Wait for all ranks."""
        self.gather_objects(None)


def _picklable(outcome: tuple[bool, Any]) -> tuple[bool, Any]:
    """Return an outcome whose exception can be sent: as it is, or as a RuntimeError with its text."""
    done, result = outcome
    if done:
        return outcome
    try:
        pickle.loads(pickle.dumps(result))
        return outcome
    except Exception:
        return False, RuntimeError(f"{type(result).__name__}: {result}")


_used: dict[int, Communicator] = {}  # by thread


def current() -> Communicator | None:
    """Return the communicator that fits of this thread use, or None if a fit runs in one process.

    Raises
    ------
    RuntimeError
        If only another thread uses one, and it serves the process. Fits of several threads would exchange in different
        orders on each rank.
    """
    communicator = _used.get(threading.get_ident())
    if communicator is None and any(other.serves_process for other in _used.values()):
        raise RuntimeError(
            "A fit on several ranks runs in the thread that began them. Call fit there, and pass n_jobs=1 to searches."
        )
    return communicator


@contextmanager
def use(communicator: Communicator) -> Generator[Communicator, None, None]:
    """Let the fits of this thread use a communicator."""
    thread = threading.get_ident()
    if thread in _used:
        raise RuntimeError(
            "This thread uses a communicator already. End its with block before you begin another."
        )
    _used[thread] = communicator
    try:
        yield communicator
    finally:
        del _used[thread]
