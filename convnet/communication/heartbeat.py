"""Heartbeat: how ranks learn that another one has failed or stalled."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod

from convnet.communication.communicator import RankError

BEATS = 8  # that a rank sends within the timeout
MAX_INTERVAL = 1.0  # seconds between two beats at most
ALIVE = b""


class BeatChannel(ABC):
    """Short messages between ranks, apart from the exchanges of a fit. Used by one thread at a time."""

    @abstractmethod
    def send(self, rank: int, message: bytes) -> None:
        """Send a message to a rank, unless an earlier one is still on its way. Does not wait."""

    @abstractmethod
    def receive(self) -> list[tuple[int, bytes]]:
        """Return the messages that have arrived, with their senders. Does not wait."""

    @abstractmethod
    def close(self) -> None:
        """Free the channel."""


class Heartbeat:
    """A thread that sends beats to all other ranks and notes when theirs arrive.

    A rank that is stopped, or whose machine is lost, sends no beats. One that works for long in Python or in the engine
    does. A rank that has failed sends the reason.

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
        self._failure: RankError | None = None
        self._message = ALIVE
        self._wake, self._stop = threading.Event(), False
        self._told = threading.Event()
        self._thread = threading.Thread(target=self._run, name="convnet-heartbeat", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise RankError if another rank has failed or does not answer."""
        if self._failure is not None:
            raise self._failure

    def lost(self, rank: int, reason: str) -> RankError:
        """Note that a rank is lost, and return the error to raise."""
        self._failure = self._failure or RankError(rank, f"rank {rank} {reason}")
        return self._failure

    def fail(self, message: str) -> None:
        """Tell the others that this rank has failed. Waits until the message is on its way, for a second at most."""
        self._message = message.encode()
        self._wake.set()
        self._told.wait(1.0)

    def close(self) -> None:
        """End the thread and free the channel."""
        self._stop = True
        self._wake.set()
        self._thread.join(self.timeout)
        self._channel.close()

    def _run(self) -> None:
        last = time.monotonic()
        while not self._stop:
            now = time.monotonic()
            if now - last > 3 * self._interval:  # this process was stopped, so its own clock has jumped
                self._seen = dict.fromkeys(self._others, now)
            last = now
            try:
                self._beat(now)
            except Exception as error:
                self.lost(self._rank, f"cannot send heartbeats: {error}")
                return
            if self._message is not ALIVE:
                self._told.set()
            self._wake.wait(self._interval)
            self._wake.clear()

    def _beat(self, now: float) -> None:
        """Send and receive beats, and look for ranks that are lost."""
        for rank in self._others:
            self._channel.send(rank, self._message)
        for rank, message in self._channel.receive():
            self._seen[rank] = now
            if message != ALIVE and self._failure is None:
                self._failure = RankError(rank, f"rank {rank} failed: {message.decode(errors='replace')}")
        for rank, seen in self._seen.items():
            if now - seen > self.timeout and self._failure is None:
                self.lost(rank, f"has not answered for {self.timeout:g} seconds, so the fit ends")
