"""MPICommunicator: exchanges over MPI, by mpi4py."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from convnet.communication.communicator import Buffers, Communicator
from convnet.communication.errors import RankError
from convnet.communication.heartbeat import BeatChannel, Heartbeat
from convnet.communication.requests import MAX_REQUEST, Answer, Bytes, Requests

TAGS = 30000  # of exchanges, one per fit; MPI guarantees 32,767
QUESTION, ANSWER = 1, 2  # tags of requests, which have a communicator of their own
BEAT = 1  # tag of beats, which have a communicator of their own
SPINS = 200  # tests of the requests before the first pause
PAUSE = 2e-5, 1e-3  # seconds of the first pause and of the longest one
CHECK = 0.05  # seconds between two looks at the heartbeat


class MPICommunicator(Communicator):
    """Exchanges over MPI.

    Parameters
    ----------
    comm : mpi4py.MPI.Comm
        It is duplicated, so that no message of the caller meets one of ours.
    timeout : float
        Seconds without a sign of life after which a rank counts as lost.
    front : MPICommunicator, default=None
        The communicator whose background this one is.
    """

    def __init__(self, comm: Any, timeout: float, front: MPICommunicator | None = None) -> None:
        super().__init__()
        from mpi4py import MPI

        self._mpi, self._comm = MPI, comm.Dup()
        self.rank, self.size = comm.Get_rank(), comm.Get_size()
        self._front = front
        if front is None:
            beats = _MPIBeats(MPI, comm.Dup())
            self.heartbeat = Heartbeat(beats, self.rank, self.size, timeout)
            self.background = MPICommunicator(comm, timeout, self)
        self._abandoned: list[Any] = []  # requests of fits that have failed, with their memory

        self.serves_process = True

    def check_ranks(self) -> None:
        beats = self.heartbeat if self._front is None else self._front.heartbeat
        if beats is not None:
            beats.check(self.fit)

    def _transfer(self, send: Buffers, receive: Buffers) -> None:
        byte, comm, tag = self._mpi.BYTE, self._comm, 1 + self.fit % TAGS
        others = [rank for rank in range(self.size) if rank != self.rank]
        sources = [rank for rank in others if receive[rank].size]
        requests = [comm.Irecv([receive[rank], byte], rank, tag) for rank in sources]
        requests += [
            comm.Isend([np.ascontiguousarray(send[rank]), byte], rank, tag)
            for rank in others
            if send[rank].size
        ]
        statuses = [self._mpi.Status() for _ in requests]
        try:
            _wait(lambda: bool(self._mpi.Request.Testall(requests, statuses)), self.check_ranks)
        except BaseException:
            self._abandoned.append((requests, send, receive))
            raise
        for rank, status in zip(sources, statuses, strict=False):
            found, expected = status.Get_count(byte), receive[rank].size
            if found != expected:
                raise RankError(
                    rank, f"rank {rank} has sent {found} bytes, but {expected} are expected"
                )

    def open_requests(self, answer: Answer) -> Requests:
        return _MPIRequests(self._mpi, self._comm.Dup(), answer, self)

    def close(self) -> None:
        super().close()
        if self.background is not None:
            self.background.close()
        if not self._abandoned:
            self._comm.Free()

    def abort(self) -> None:
        """End all processes of the job."""
        self._comm.Abort(1)


class _MPIBeats(BeatChannel):
    """Beats over a communicator of their own."""

    def __init__(self, mpi: Any, comm: Any) -> None:
        self._mpi, self._comm = mpi, comm
        self._on_the_way: dict[int, Any] = {}

    def send(self, rank: int, message: bytes) -> None:
        before = self._on_the_way.get(rank)
        if before is None or before.Test():
            self._on_the_way[rank] = self._comm.isend(message, rank, BEAT)

    def receive(self) -> list[tuple[int, bytes]]:
        messages, status = [], self._mpi.Status()
        while self._comm.iprobe(self._mpi.ANY_SOURCE, BEAT, status):
            source = status.Get_source()
            messages.append((source, self._comm.recv(source=source, tag=BEAT)))
        return messages

    def close(self) -> None:
        while self.receive():
            pass
        self._comm.Free()


class _MPIRequests(Requests):
    """Requests over a communicator of their own."""

    def __init__(self, mpi: Any, comm: Any, answer: Answer, communicator: MPICommunicator) -> None:
        self._mpi, self._comm, self._answer = mpi, comm, answer
        self._communicator = communicator
        self._abandoned: list[Any] = []  # requests of fits that have failed, with their memory
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="convnet-rows", daemon=True)
        self._thread.start()

    def ask(self, questions: Mapping[int, Bytes], answers: Mapping[int, Bytes]) -> None:
        byte = self._mpi.BYTE
        requests = [
            self._comm.Irecv([array, byte], rank, ANSWER) for rank, array in answers.items()
        ]
        requests += [
            self._comm.Isend([question, byte], rank, QUESTION)
            for rank, question in questions.items()
        ]
        try:
            _wait(lambda: bool(self._mpi.Request.Testall(requests)), self._communicator.check_ranks)
        except BaseException:
            self._abandoned.append((requests, questions, answers))
            raise

    def close(self) -> None:
        self._stop = True
        self._thread.join()
        if not self._abandoned:
            self._comm.Free()

    def _is_sent(self, sending: Any) -> bool:
        return self._stop or bool(sending.Test())

    def _run(self) -> None:
        status, pause = self._mpi.Status(), PAUSE[0]
        while not self._stop:
            if not self._comm.Iprobe(self._mpi.ANY_SOURCE, QUESTION, status):
                time.sleep(pause)
                pause = min(2 * pause, PAUSE[1])
                continue
            pause = PAUSE[0]
            rank, size = status.Get_source(), status.Get_count(self._mpi.BYTE)
            question = bytearray(size)
            self._comm.Recv([question, self._mpi.BYTE], rank, QUESTION)
            try:
                if size > MAX_REQUEST:
                    raise ValueError(f"a question has {size} bytes")
                answer = self._answer(bytes(question))
            except Exception as error:
                self._communicator.interrupt(f"cannot answer rank {rank}: {error}")
                return
            sending = self._comm.Isend([answer, self._mpi.BYTE], rank, ANSWER)
            _wait(partial(self._is_sent, sending))


def _wait(is_done: Callable[[], bool], check: Callable[[], None] = lambda: None) -> None:
    """Wait for requests, and look at the heartbeat now and then."""
    tests, pause, checked = 0, PAUSE[0], time.monotonic()
    while not is_done():
        tests += 1
        if tests > SPINS:
            time.sleep(pause)
            pause = min(2 * pause, PAUSE[1])
        now = time.monotonic()
        if now > checked + CHECK:
            check()
            checked = now
