"""TCPCommunicator: exchanges over TCP connections between all ranks."""

from __future__ import annotations

import selectors
import socket
import struct
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

import numpy as np

from convnet.communication.communicator import Buffers, Communicator
from convnet.communication.connecting import Address, Listener, connect_all
from convnet.communication.errors import RankError
from convnet.communication.heartbeat import ALIVE, CLOSED, BeatChannel, Heartbeat
from convnet.communication.requests import MAX_REQUEST, Answer, Bytes, Requests

HEAD = struct.Struct("<QQ")  # before each message: its size, and the number of the fit
DROP = 2**16  # bytes that are dropped at a time
CHECK = 0.05  # seconds between two looks at the heartbeat

BEAT_SIZE = struct.Struct("<I")
GOODBYE = 2**32 - 1  # in place of a size: the rank ends in good order
MAX_BEAT = 2**16  # bytes of a message
CLOSING = 1.0  # seconds that a rank waits for the others' goodbyes


class TCPCommunicator(Communicator):
    """Exchanges over TCP.

    Each pair of ranks has a connection for exchanges, one for those in the background and one for heartbeats. Nothing
    is encrypted.

    Parameters
    ----------
    listener : Listener
        Of this rank. It is closed when all connections stand.
    addresses : sequence of (str, int)
        Host and port of the listeners of all ranks.
    rank : int
        Of this process.
    token : bytes
        A secret that the ranks share. Those who do not know it cannot connect.
    timeout : float
        Seconds to wait for connections, and seconds without a sign of life after which a rank counts as lost.

    Raises
    ------
    RankError
        If not all connections stand within the timeout.
    """

    def __init__(
        self,
        listener: Listener,
        addresses: Sequence[Address],
        rank: int,
        token: bytes,
        timeout: float,
    ) -> None:
        super().__init__()
        self.rank, self.size, self.timeout = rank, len(addresses), timeout
        self._host, self._token = listener.address[0], token
        exchanges, beats, background = connect_all(
            listener, addresses, rank, token, timeout, channels=3
        )
        self._links = _Links(exchanges)
        self.background = _Background(self, _Links(background))
        self._beats = Heartbeat(_TCPBeats(beats), rank, self.size, timeout)
        self.heartbeat = self._beats

    def _transfer(self, send: Buffers, receive: Buffers) -> None:
        self._links.exchange(send, receive, self)

    def open_requests(self, answer: Answer) -> Requests:
        with Listener(self._host) as listener:
            addresses = self.gather_objects(listener.address)
            pairs = connect_all(
                listener, addresses, self.rank, self._token, self.timeout, channels=2
            )
        # The first connection is for questions of the higher rank, the second for those of the lower one.
        asking = {rank: pairs[0 if rank < self.rank else 1][rank] for rank in pairs[0]}
        answering = {rank: pairs[1 if rank < self.rank else 0][rank] for rank in pairs[0]}
        return _TCPRequests(asking, answering, answer, self)

    def closed(self, rank: int) -> RankError:
        """Return the error to raise if the connection to a rank has closed. The rank may have told the reason."""
        self._beats.look()
        self.check_ranks()
        return self._beats.lose(rank, CLOSED)

    def close(self) -> None:
        super().close()
        assert self.background is not None
        self.background.close()
        self._links.close()


class _Background(Communicator):
    """Exchanges beside those of a TCPCommunicator, over connections of their own."""

    def __init__(self, front: TCPCommunicator, links: _Links) -> None:
        super().__init__()
        self.rank, self.size = front.rank, front.size
        self._front, self._links = front, links

    def _transfer(self, send: Buffers, receive: Buffers) -> None:
        self._links.exchange(send, receive, self)

    def open_requests(self, answer: Answer) -> Requests:
        return self._front.open_requests(answer)

    def check_ranks(self) -> None:
        assert self._front.heartbeat is not None
        self._front.heartbeat.check(self.fit)

    def closed(self, rank: int) -> RankError:
        """See `TCPCommunicator`."""
        return self._front.closed(rank)

    def close(self) -> None:
        super().close()
        self._links.close()


class _Links:
    """A connection to each other rank, for messages whose sizes both sides know.

    The size and the number of the fit go before each message. Messages of a fit that has failed are dropped; another
    size means that the ranks disagree.

    Parameters
    ----------
    sockets : dict of int to socket
    """

    def __init__(self, sockets: Mapping[int, socket.socket]) -> None:
        self._sockets = dict(sockets)
        for link in self._sockets.values():
            link.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._out = {rank: _Outgoing(link) for rank, link in self._sockets.items()}
        self._in = {rank: _Incoming(link) for rank, link in self._sockets.items()}

    def exchange(
        self, send: Buffers, receive: Buffers, communicator: TCPCommunicator | _Background
    ) -> None:
        """Send to and receive from each rank what is not empty."""
        self.transfer(
            {rank: send[rank] for rank in self._sockets if send[rank].size},
            {rank: receive[rank] for rank in self._sockets if receive[rank].size},
            communicator,
        )

    def transfer(
        self,
        send: Mapping[int, Bytes],
        receive: Mapping[int, Bytes],
        communicator: TCPCommunicator | _Background,
    ) -> None:
        """Send and receive at the same time, so that no rank waits for another one to read first."""
        sending, receiving = set(send), set(receive)
        for rank, message in send.items():
            self._out[rank].begin(message, communicator.fit)
        for rank, array in receive.items():
            self._in[rank].begin(array, communicator.fit)
        registered = sending | receiving
        for rank in registered:
            events = _events(rank in sending, rank in receiving)
            self._selector.register(self._sockets[rank], events, rank)
        checked = time.monotonic()
        try:
            while sending or receiving:
                for key, events in self._selector.select(CHECK):
                    self._serve(key.data, events, sending, receiving, communicator)
                now = time.monotonic()
                if now > checked + CHECK:
                    communicator.check_ranks()
                    checked = now
        finally:
            for rank in registered:
                with suppress(KeyError):  # all its messages are done
                    self._selector.unregister(self._sockets[rank])
            for rank in sending:
                self._out[rank].give_up()
            for rank in receiving:
                self._in[rank].give_up()

    def _serve(
        self,
        rank: int,
        events: int,
        sending: set[int],
        receiving: set[int],
        communicator: TCPCommunicator | _Background,
    ) -> None:
        """Send to and receive from a rank what its socket takes and has now."""
        was = rank in sending, rank in receiving
        try:
            if events & selectors.EVENT_WRITE and rank in sending and self._out[rank].send():
                sending.remove(rank)
            if events & selectors.EVENT_READ and rank in receiving and self._in[rank].read():
                receiving.remove(rank)
        except OSError:
            raise communicator.closed(rank) from None
        except WrongMessageError as error:
            communicator.check_ranks()
            raise RankError(rank, f"rank {rank} {error}") from None
        now = rank in sending, rank in receiving
        if not any(now):
            self._selector.unregister(self._sockets[rank])
        elif now != was:
            self._selector.modify(self._sockets[rank], _events(*now), rank)

    def close(self) -> None:
        self._selector.close()
        for link in self._sockets.values():
            link.close()


class WrongMessageError(ValueError):
    """A message is not the one that is expected."""


def _events(sends: bool, receives: bool) -> int:
    return (selectors.EVENT_WRITE if sends else 0) | (selectors.EVENT_READ if receives else 0)


class _Outgoing:
    """The messages to a rank."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._parts: list[memoryview] = []
        self._begun = False

    def begin(self, message: Bytes, fit: int) -> None:
        """Send a message next, after the rest of one that has been given up."""
        self._begun = bool(self._parts)
        head = HEAD.pack(message.size, fit)
        self._parts += [memoryview(head), np.ascontiguousarray(message).data]

    def send(self) -> bool:
        """Send what the socket takes now. Return whether that was all."""
        with suppress(BlockingIOError, InterruptedError):
            sent = self._link.sendmsg(self._parts)
            self._begun = True
            while self._parts and sent >= len(self._parts[0]):
                sent -= len(self._parts.pop(0))
            if self._parts:
                self._parts[0] = self._parts[0][sent:]
        return not self._parts

    def give_up(self) -> None:
        """Drop the message, unless a part of it has been sent. Then its rest is sent later, with other bytes."""
        if not self._begun:
            self._parts = []
        self._parts = [memoryview(bytes(part)) for part in self._parts]


class _Incoming:
    """The messages from a rank."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._head = bytearray(HEAD.size)
        self._left = memoryview(self._head)
        self._in_head = True
        self._dropped = 0  # bytes that are still to be dropped
        self._array: Bytes | None = None
        self._fit = 0

    def begin(self, array: Bytes, fit: int) -> None:
        """Receive a message into an array next."""
        self._array, self._fit = array, fit

    def read(self) -> bool:
        """Read what has arrived. Return whether the message is complete."""
        with suppress(BlockingIOError, InterruptedError):
            while True:
                if self._dropped:
                    self._dropped -= len(self._received(self._link.recv(min(self._dropped, DROP))))
                    continue
                got = self._link.recv_into(self._left)
                if not got:
                    raise ConnectionResetError
                self._left = self._left[got:]
                if len(self._left):
                    continue
                if not self._in_head:
                    self._next()
                    return True
                self._begin_body(*HEAD.unpack(self._head))
        return False

    def _received(self, part: bytes) -> bytes:
        if not part:
            raise ConnectionResetError
        return part

    def _begin_body(self, size: int, fit: int) -> None:
        assert self._array is not None
        if fit != self._fit:  # of a fit that has failed
            self._dropped = size
            self._next()
        elif size != self._array.size:
            raise WrongMessageError(
                f"has sent {size} bytes, but {self._array.size} are expected: the ranks do different things"
            )
        else:
            self._in_head, self._left = False, self._array.data

    def _next(self) -> None:
        self._in_head, self._left = True, memoryview(self._head)

    def give_up(self) -> None:
        """Drop the rest of the message, if a part of it has come."""
        if not self._in_head:
            self._dropped = len(self._left)
            self._next()
        self._array = None


class _TCPBeats(BeatChannel):
    """Beats over connections of their own.

    A rank that ends in good order says goodbye; from then on, it counts as alive. One whose connection closes without a
    goodbye has failed.
    """

    def __init__(self, sockets: Mapping[int, socket.socket]) -> None:
        self._sockets = dict(sockets)
        self._unsent = dict.fromkeys(sockets, b"")
        self._unread = dict.fromkeys(sockets, b"")
        self._done: set[int] = set()
        self._ended: set[int] = set()
        for link in self._sockets.values():
            link.setblocking(False)

    def send(self, rank: int, message: bytes) -> None:
        if rank in self._done or rank in self._ended:
            return
        if not self._unsent[rank] and len(message) <= MAX_BEAT:
            self._unsent[rank] = BEAT_SIZE.pack(len(message)) + message
        self._flush(rank)

    def _flush(self, rank: int) -> None:
        with suppress(OSError):  # `receive` finds closed connections
            sent = self._sockets[rank].send(self._unsent[rank])
            self._unsent[rank] = self._unsent[rank][sent:]

    def receive(self) -> list[tuple[int, bytes]]:
        messages = [(rank, ALIVE) for rank in self._done]
        for rank in self._sockets.keys() - self._done - self._ended:
            is_open = self._read(rank)
            messages += self._complete(rank)
            if not is_open and rank not in self._done:
                self._ended.add(rank)
        return messages

    def closed(self) -> list[int]:
        return sorted(self._ended)

    def _read(self, rank: int) -> bool:
        """Read what has arrived. Return whether the connection is open."""
        try:
            while True:
                part = self._sockets[rank].recv(MAX_BEAT)
                if not part:
                    return False
                self._unread[rank] += part
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return False

    def _complete(self, rank: int) -> list[tuple[int, bytes]]:
        """Return the messages of a rank that have arrived in full."""
        messages, unread = [], self._unread[rank]
        while len(unread) >= BEAT_SIZE.size:
            (size,) = BEAT_SIZE.unpack_from(unread)
            if size == GOODBYE:
                self._done.add(rank)
                break
            if size > MAX_BEAT:
                self._ended.add(rank)
                break
            end = BEAT_SIZE.size + size
            if len(unread) < end:
                break
            messages.append((rank, unread[BEAT_SIZE.size : end]))
            unread = unread[end:]
        self._unread[rank] = unread
        return messages

    def close(self) -> None:
        """Say goodbye. Wait for the others' goodbyes: closing earlier may destroy what is on its way."""
        for rank, link in self._sockets.items():
            self._unsent[rank] += BEAT_SIZE.pack(GOODBYE)
            self._flush(rank)
            with suppress(OSError):
                link.shutdown(socket.SHUT_WR)
        end = time.monotonic() + CLOSING
        while self._sockets.keys() - self._done - self._ended and time.monotonic() < end:
            self.receive()
            time.sleep(0.002)
        for link in self._sockets.values():
            link.close()


class _TCPRequests(Requests):
    """Requests over connections of their own."""

    def __init__(
        self,
        asking: Mapping[int, socket.socket],
        answering: Mapping[int, socket.socket],
        answer: Answer,
        communicator: TCPCommunicator,
    ) -> None:
        self._links, self._answering, self._answer = _Links(asking), answering, answer
        self._communicator = communicator
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="convnet-rows", daemon=True)
        self._thread.start()

    def ask(self, questions: Mapping[int, Bytes], answers: Mapping[int, Bytes]) -> None:
        self._links.transfer(questions, answers, self._communicator)

    def close(self) -> None:
        self._stop = True
        self._thread.join()
        self._links.close()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for rank, link in self._answering.items():
                link.settimeout(self._communicator.timeout)
                selector.register(link, selectors.EVENT_READ, rank)
            while not self._stop:
                for key, _ in selector.select(CHECK):
                    if not self._answer_one(key.data, self._answering[key.data]):
                        selector.unregister(key.fileobj)
                        self._answering[key.data].close()
        for link in self._answering.values():
            link.close()

    def _answer_one(self, rank: int, link: socket.socket) -> bool:
        """Answer a question. Return False if the connection is of no more use."""
        try:
            size, _ = HEAD.unpack(receive_exactly(link, HEAD.size))
            if size > MAX_REQUEST:
                return False
            question = receive_exactly(link, size)
        except OSError:  # the other rank has ended; if it has failed, the heartbeat finds it
            return False
        try:
            answer = self._answer(question)
        except Exception as error:
            self._communicator.interrupt(
                f"cannot answer rank {rank}: {type(error).__name__}: {error}"
            )
            return False
        try:
            link.sendall(HEAD.pack(answer.size, self._communicator.fit))
            link.sendall(answer.data)
        except OSError:
            return False
        return True


def receive_exactly(link: socket.socket, size: int) -> bytes:
    """Return the next bytes of a connection. Raise ConnectionResetError if it ends before."""
    buffer = bytearray(size)
    left = memoryview(buffer)
    while len(left):
        got = link.recv_into(left)
        if not got:
            raise ConnectionResetError
        left = left[got:]
    return bytes(buffer)
