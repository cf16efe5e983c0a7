"""Heartbeat: how ranks learn that another one has failed or stalled."""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass

from convnet.communication.errors import RankError

BEATS = 8  # that a rank sends within the timeout
MAX_INTERVAL = 0.25  # seconds between two beats at most
ALIVE = b"null"
CLOSED = "has closed its connection: its process has ended, or the network has failed"


class BeatChannel(ABC):
    """Short messages between ranks, apart from the exchanges of a fit. Used by one thread at a time."""

    @abstractmethod
    def send(self, rank: int, message: bytes) -> None:
        """Send a message to a rank, unless an earlier one is still on its way. Does not wait."""

    @abstractmethod
    def receive(self) -> list[tuple[int, bytes]]:
        """Return the messages that have arrived, with their senders. Does not wait."""

    def closed(self) -> list[int]:
        """Return the ranks whose connections have closed without a word, if the channel has connections."""
        return []

    @abstractmethod
    def close(self) -> None:
        """Free the channel."""


@dataclass(frozen=True)
class Failure:
    """What a rank says of itself, or of the rank because of which it fails.

    Parameters
    ----------
    error : RankError or None
        What the other ranks raise; None is KeyboardInterrupt.
    fit : int or None
        Number of the fit that has failed; None: the rank takes part in nothing more.
    """

    error: RankError | None
    fit: int | None

    def to_bytes(self) -> bytes:
        """Return the failure as JSON."""
        error = self.error and (self.error.rank, str(self.error), self.error.is_lost)
        return json.dumps([error, self.fit]).encode()

    @classmethod
    def from_bytes(cls, message: bytes) -> Failure:
        """Return the failure that `to_bytes` has written."""
        error, fit = json.loads(message)
        return cls(error and RankError(*error), fit)


class Heartbeat:
    """A thread that sends beats to all other ranks and notes when theirs arrive.

    A rank that is stopped, or whose machine is lost, sends no beats. One that works for long in Python or in the engine
    does. The beats of a rank that has failed hold the reason.

    Parameters
    ----------
    channel : BeatChannel
    rank, size : int
        Of this process.
    timeout : float
        Seconds without a beat after which a rank counts as lost.
    """

    def __init__(self, channel: BeatChannel, rank: int, size: int, timeout: float) -> None:
        self.timeout = timeout
        self._channel, self._rank = channel, rank
        self._others = [other for other in range(size) if other != rank]
        self._interval = min(MAX_INTERVAL, timeout / BEATS)
        self._seen = dict.fromkeys(self._others, time.monotonic())
        self._failures: dict[int, Failure] = {}
        self._lost: RankError | None = None
        self._own: Failure | None = None
        self._wake, self._looked, self._stop = threading.Event(), threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="convnet-heartbeat", daemon=True)
        self._thread.start()

    def check(self, fit: int) -> None:
        """Raise an error if another rank is lost or has failed, in this fit or for good.

        Parameters
        ----------
        fit : int
            Number of the fit under way.

        Raises
        ------
        RankError
        KeyboardInterrupt
            If that is what the other rank failed with.
        """
        if self._lost is not None:
            raise self._lost
        for failure in self._failures.values():
            if failure.fit in (fit, None):
                raise failure.error or KeyboardInterrupt

    def lose(self, rank: int, reason: str) -> RankError:
        """Note that a rank is lost, and return the error to raise."""
        self._lost = self._lost or RankError(rank, f"rank {rank} {reason}", is_lost=True)
        return self._lost

    def look(self) -> None:
        """Let the thread send a beat and read what has arrived, and wait for that, for a second at most."""
        for _ in range(2):  # it may be reading already
            self._looked.clear()
            self._wake.set()
            self._looked.wait(0.5)

    def fail(self, error: RankError | None, fit: int | None) -> None:
        """Tell the others that this rank has failed, and wait until they know.

        Parameters
        ----------
        error : RankError or None
            See `Failure`.
        fit : int or None
            Number of the fit that has failed: waits until it has failed on all ranks. None: this rank takes part in
            nothing more, and waits for one beat.
        """
        self._own = Failure(error, fit)
        self.look()
        end = time.monotonic() + (self.timeout if fit is not None else 2 * self._interval)
        while time.monotonic() < end and self._lost is None:
            known = [self._failures.get(rank) for rank in self._others]
            if all(failure and failure.fit in (fit, None) for failure in known):
                break
            time.sleep(self._interval / 10)

    def close(self) -> None:
        """End the thread and free the channel."""
        self._stop = True
        self._wake.set()
        self._thread.join()
        self._channel.close()

    def _run(self) -> None:
        last = time.monotonic()
        while not self._stop:
            now = time.monotonic()
            if (
                now - last > 4 * self._interval
            ):  # this process has been stopped, so it has missed beats
                self._seen = dict.fromkeys(self._others, now)
            last = now
            try:
                self._beat(now)
            except Exception as error:
                self.lose(self._rank, f"cannot send heartbeats: {error}")
                return
            self._looked.set()
            self._wake.wait(self._interval)
            self._wake.clear()

    def _beat(self, now: float) -> None:
        """Send and receive beats, and look for ranks that are lost."""
        for rank in self._others:
            self._channel.send(rank, ALIVE if self._own is None else self._own.to_bytes())
        for rank, message in self._channel.receive():
            self._seen[rank] = now
            if message != ALIVE:
                self._failures[rank] = Failure.from_bytes(message)
        for rank in self._channel.closed():
            self.lose(rank, CLOSED)
        for rank, seen in self._seen.items():
            if now - seen > self.timeout:
                self.lose(rank, f"has not answered for {self.timeout:g} seconds, so the fit ends")
