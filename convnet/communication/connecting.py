"""Listener, connect_all: TCP connections between all ranks, which only those who know a secret can join.

The rank with the higher number connects to the other one. Then both prove that they know the token::

    lower rank      a random challenge
    higher rank     rank, channel, a challenge of its own, and the HMAC of all of these with the token
    lower rank      the HMAC of the second challenge
"""

from __future__ import annotations

import hmac
import os
import socket
import struct
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Self, TypeAlias

from convnet.communication.errors import RankError

Address: TypeAlias = tuple[str, int]

CHALLENGE = 32  # bytes
HELLO = struct.Struct(f"<16sII{CHALLENGE}s32s")  # MAGIC, rank, channel, challenge, HMAC
MAGIC = b"convnet ranks 1\n"
BACKLOG = 1024  # connections that wait to be accepted
HANDSHAKE = 5.0  # seconds that who connects has for the handshake
MAX_HANDSHAKES = 256  # at the same time; more connections wait
TICK = 0.05  # seconds between two looks at the clock


class Listener:
    """A port that other ranks connect to.

    Parameters
    ----------
    host : str
        Name or address of this machine, as others reach it.

    Attributes
    ----------
    address : (str, int)
        Host and port. The operating system chooses the port.
    """

    def __init__(self, host: str) -> None:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, place = found[0]
        self._socket = socket.create_server(place[:2], family=family, backlog=BACKLOG)
        self.address: Address = host, self._socket.getsockname()[1]

    def accept(self, seconds: float) -> socket.socket | None:
        """Return the next connection, or None if there is none for so long."""
        self._socket.settimeout(seconds)
        try:
            return self._socket.accept()[0]
        except TimeoutError:
            return None

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def connect_all(
    listener: Listener,
    addresses: Sequence[Address],
    rank: int,
    token: bytes,
    timeout: float,
    *,
    channels: int,
) -> list[dict[int, socket.socket]]:
    """Connect this rank to all others.

    Parameters
    ----------
    listener : Listener
        Of this rank. It is closed at the end.
    addresses : sequence of (str, int)
        Those of the listeners of all ranks.
    rank : int
    token : bytes
    timeout : float
        Seconds until all connections have to stand.
    channels : int
        Number of connections per pair of ranks.

    Returns
    -------
    connections : list of dict of int to socket
        For each channel, the connection to each other rank.

    Raises
    ------
    RankError
        If a rank does not connect, cannot be reached, or has another token. It names one.
    """
    end = time.monotonic() + timeout
    found: list[dict[int, socket.socket]] = [{} for _ in range(channels)]
    with ExitStack() as on_failure:
        on_failure.callback(_close_all, found)
        expected = {
            (channel, other)
            for channel in range(channels)
            for other in range(rank + 1, len(addresses))
        }
        accepting = _Accepting(listener, expected, token, end)
        on_failure.callback(accepting.stop)
        for other in range(rank):
            for channel in range(channels):
                found[channel][other] = _connect(addresses[other], rank, other, channel, token, end)
        for (channel, other), link in accepting.result(addresses, timeout).items():
            found[channel][other] = link
        on_failure.pop_all()
    for links in found:
        for link in links.values():
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return found


def _close_all(found: Sequence[dict[int, socket.socket]]) -> None:
    for links in found:
        for link in links.values():
            link.close()


class _Accepting:
    """Accepts the connections of higher ranks in a thread, and each handshake in one of its own.

    A stranger who connects and says nothing delays no other.
    """

    def __init__(
        self, listener: Listener, expected: set[tuple[int, int]], token: bytes, end: float
    ) -> None:
        self._listener, self._expected, self._token, self._end = listener, expected, token, end
        self._found: dict[tuple[int, int], socket.socket] = {}
        self._lock, self._complete = threading.Lock(), threading.Event()
        self._slots = threading.Semaphore(MAX_HANDSHAKES)
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="convnet-accept", daemon=True)
        self._thread.start()

    def result(
        self, addresses: Sequence[Address], timeout: float
    ) -> dict[tuple[int, int], socket.socket]:
        """Wait for all connections and return them."""
        self._complete.wait(max(0.0, self._end - time.monotonic()))
        self._end_thread()
        missing = sorted(other for _, other in self._expected - self._found.keys())
        if missing:
            self._close_found()
            raise _not_connected(missing[0], addresses[missing[0]], f"within {timeout:g} seconds")
        return self._found

    def stop(self) -> None:
        """End without a result."""
        self._end_thread()
        self._close_found()

    def _end_thread(self) -> None:
        with self._lock:
            self._stop = True
        self._thread.join()
        self._listener.close()

    def _close_found(self) -> None:
        for link in self._found.values():
            link.close()

    def _run(self) -> None:
        while not self._is_over() and self._expected != self._found.keys():
            link = self._listener.accept(TICK)
            if link is None:
                continue
            while not self._slots.acquire(timeout=TICK):
                if self._is_over():
                    link.close()
                    return
            threading.Thread(target=self._greet, args=(link,), daemon=True).start()
        if not self._stop:
            self._complete.set()

    def _is_over(self) -> bool:
        return self._stop

    def _greet(self, link: socket.socket) -> None:
        try:
            place = _answer_hello(link, self._token, self._end)
            with self._lock:
                if not self._stop and place in self._expected - self._found.keys():
                    self._found[place] = link
                    return
        except (OSError, PermissionError, struct.error):
            pass
        finally:
            self._slots.release()
        with suppress(OSError):
            link.close()


def _connect(
    address: Address, rank: int, other: int, channel: int, token: bytes, end: float
) -> socket.socket:
    """Return a connection to another rank, after the handshake."""
    try:
        link = socket.create_connection(address, max(TICK, end - time.monotonic()))
    except TimeoutError:
        raise _not_connected(other, address, "in time") from None
    except OSError as error:
        raise _not_connected(other, address, f"({error.strerror or error})") from None
    try:
        challenge = _read(link, CHALLENGE, end)
        mine = os.urandom(CHALLENGE)
        proof = _proof(token, challenge, rank, channel, mine)
        link.sendall(HELLO.pack(MAGIC, rank, channel, mine, proof))
        if not hmac.compare_digest(_read(link, 32, end), _proof(token, mine)):
            raise PermissionError("it has another token")
        return link
    except TimeoutError:
        link.close()
        raise _not_connected(other, address, "in time") from None
    except OSError as error:  # with PermissionError
        link.close()
        raise _not_connected(other, address, f"({error.strerror or error})") from None


def _answer_hello(link: socket.socket, token: bytes, end: float) -> tuple[int, int]:
    """Return the channel and the rank of who has connected, after the handshake."""
    challenge = os.urandom(CHALLENGE)
    end = min(end, time.monotonic() + HANDSHAKE)
    link.settimeout(max(TICK, end - time.monotonic()))
    link.sendall(challenge)
    magic, rank, channel, theirs, proof = HELLO.unpack(_read(link, HELLO.size, end))
    if magic != MAGIC or not hmac.compare_digest(
        proof, _proof(token, challenge, rank, channel, theirs)
    ):
        raise PermissionError("it has another token")
    link.sendall(_proof(token, theirs))
    return channel, rank


def _proof(token: bytes, *parts: bytes | int) -> bytes:
    message = b"".join(
        part if isinstance(part, bytes) else struct.pack("<I", part) for part in parts
    )
    return hmac.digest(token, message, "sha256")


def _read(link: socket.socket, size: int, end: float) -> bytes:
    """Return the next bytes of a connection, or raise OSError, TimeoutError if they do not come in time."""
    got = b""
    while len(got) < size:
        link.settimeout(max(0.001, end - time.monotonic()))
        if time.monotonic() > end:
            raise TimeoutError
        part = link.recv(size - len(got))
        if not part:
            raise ConnectionResetError(
                "it refused the connection: its token differs, or it has ended"
            )
        got += part
    return got


def _not_connected(rank: int, address: Address, why: str) -> RankError:
    return RankError(
        rank,
        f"rank {rank} at {address[0]}:{address[1]} did not connect {why}. Check that its process runs, that it is not "
        "busy with other work, and that a firewall lets ranks reach each other.",
    )
