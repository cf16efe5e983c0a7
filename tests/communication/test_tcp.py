"""TCPCommunicator: what arrives, and what happens if a rank fails, stops, or is a stranger."""

import os
import signal
import socket
import threading
import time

import numpy as np
import pytest
from tcp_ranks import HOST, Processes, connect_threads, run_tcp_ranks

from convnet.communication.connecting import CHALLENGE, HELLO, Listener, connect_all
from convnet.communication.errors import RankError
from convnet.communication.tcp import HEAD, TCPCommunicator

SHORT = 1.5  # seconds: the timeout where ranks are lost


def contents(of, to, number, size):
    """Return what a rank sends to another one in an exchange."""
    return np.random.default_rng([of, to, number]).integers(0, 256, size, np.uint8)


def sizes(size, number):
    """Return how many bytes each rank sends to each other one: from none to some MB."""
    random = np.random.default_rng(number)
    return random.choice([0, 1, 7, 100, 4096, 70_000, 3_000_001], (size, size))


def exchange(communicator, number):
    rank, size = communicator.rank, communicator.size
    table = sizes(size, number)
    send = [contents(rank, to, number, table[rank, to]) for to in range(size)]
    receive = [np.zeros(table[of, rank], np.uint8) for of in range(size)]
    communicator.exchange(send, receive)
    for of in range(size):
        if of != rank:
            expected = contents(of, rank, number, table[of, rank])
            assert np.array_equal(receive[of], expected), (of, rank, number)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_exchanges_of_random_sizes(size):
    def run(communicator):
        for number in range(6):
            exchange(communicator, number)
        return communicator.gather_objects((communicator.rank, "x" * 1000))

    expected = [(rank, "x" * 1000) for rank in range(size)]
    assert run_tcp_ranks(size, run) == [expected] * size


def test_large_messages_both_ways_do_not_block():
    def run(communicator):
        parts = [np.full(40_000_000, rank, np.uint8) for rank in range(2)]
        parts[1 - communicator.rank][:] = 9
        communicator.all_gather(parts)
        return [int(part.min()) for part in parts] + [int(part.max()) for part in parts]

    assert run_tcp_ranks(2, run) == [[0, 1, 0, 1]] * 2


def test_ranks_that_disagree_about_a_size():
    def run(communicator):
        other = 1 - communicator.rank
        send, receive = ([np.zeros(0, np.uint8)] * 2 for _ in range(2))
        if communicator.rank == 0:
            send[other] = np.zeros(24, np.uint8)
            communicator.exchange(send, receive)
        else:
            receive[other] = array = np.zeros(16, np.uint8)
            with pytest.raises(RankError, match="has sent 24 bytes, but 16 are expected") as found:
                communicator.exchange(send, receive)
            assert found.value.rank == 0
            assert not array.any()

    ranks = connect_threads(2)
    threads = [threading.Thread(target=run, args=(rank,)) for rank in ranks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for thread in [threading.Thread(target=rank.close) for rank in ranks]:
        thread.start()


def endless(communicator):
    """Exchange until another rank fails; return the error and when it came."""
    number = 0
    while True:
        try:
            exchange(communicator, number % 5)
        except RankError as error:
            return error.rank, str(error), error.is_lost, time.monotonic()
        number += 1


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("how", "text"),
    [
        (signal.SIGKILL, "has closed its connection"),
        (signal.SIGSTOP, "has not answered for 1.5 seconds"),
    ],
)
def test_a_rank_that_ends_or_stops(how, text, seed):
    with Processes(3, endless, SHORT) as ranks:
        time.sleep(np.random.default_rng(seed).uniform(0, 1.0))
        ranks.signal(1, how)
        begin = time.monotonic()
        for rank in (0, 2):
            lost, message, is_lost, when = ranks.outcome(rank)
            assert (lost, is_lost) == (1, True)
            assert f"rank 1 {text}" in message or "did not connect" in message
            assert when - begin < SHORT + 30  # far less than for ever


def failing(communicator):
    exchange(communicator, 0)
    if communicator.rank == 1:
        communicator.fail(ValueError("X is bad"))
        return None
    return endless(communicator)


def test_a_rank_that_says_why():
    with Processes(3, failing, 30.0) as ranks:
        for rank in (0, 2):
            assert ranks.outcome(rank)[:2] == (1, "rank 1 failed: ValueError: X is bad")


def test_a_fit_that_fails_in_the_middle_of_a_message_is_followed_by_another_one():
    size = 3_000_000

    def run(communicator):
        other = 1 - communicator.rank
        communicator.begin_fit()
        parts = [np.full(size, 7, np.uint8), np.full(size, 7, np.uint8)]
        if communicator.rank == 0:
            with pytest.raises(RankError, match="rank 1 failed: ValueError: no"):
                communicator.all_gather(parts)
            communicator.fail_fit(RankError(1, "ended"))
        else:
            time.sleep(0.3)  # until the sockets are full
            communicator.fail_fit(ValueError("no"))
        communicator.begin_fit()
        parts = [np.full(size, 1, np.uint8), np.full(size, 2, np.uint8)]
        parts[other][:] = 0
        communicator.all_gather(parts)
        return [int(part.min()) for part in parts] + [int(part.max()) for part in parts]

    assert run_tcp_ranks(2, run) == [[1, 2, 1, 2]] * 2


def test_interrupted_from_another_thread():
    ranks = connect_threads(2)
    threading.Timer(0.2, ranks[0].interrupt, ("was told to end",)).start()
    with pytest.raises(RankError, match="rank 0 was told to end"):
        ranks[0].barrier()
    closing = [threading.Thread(target=rank.close) for rank in ranks]
    for thread in closing:
        thread.start()
    for thread in closing:
        thread.join(30)
        assert not thread.is_alive()


def test_a_rank_that_does_not_connect():
    with Listener(HOST) as silent:
        begin = time.monotonic()
        with pytest.raises(
            RankError, match=r"rank 1 at 127.0.0.1:\d+ did not connect within 0.5"
        ) as found:
            connect_all(Listener(HOST), [(HOST, 1), silent.address], 0, b"token", 0.5, channels=1)
        assert found.value.rank == 1
        with pytest.raises(RankError, match=r"rank 0 at 127.0.0.1:\d+ did not connect"):
            connect_all(Listener(HOST), [silent.address, (HOST, 1)], 1, b"token", 0.5, channels=1)
        assert time.monotonic() - begin < 30


def test_a_rank_that_is_gone():
    with Listener(HOST) as gone:
        address = gone.address
    with pytest.raises(RankError, match="Connection refused"):
        connect_all(Listener(HOST), [address, (HOST, 1)], 1, b"token", 30.0, channels=1)


def test_another_token():
    listener = Listener(HOST)
    addresses = [listener.address, (HOST, 1)]
    errors = []

    def accept():
        try:
            connect_all(listener, addresses, 0, b"one", 1.0, channels=1)
        except RankError as error:
            errors.append(error)

    thread = threading.Thread(target=accept)
    thread.start()
    with pytest.raises(RankError, match="token"):
        connect_all(Listener(HOST), addresses, 1, b"two", 1.0, channels=1)
    thread.join(30)
    assert "rank 1" in str(errors[0])


@pytest.mark.parametrize(
    "words",
    [b"", b"GET / HTTP/1.1\r\n\r\n", os.urandom(HELLO.size), os.urandom(100_000)],
    ids=["nothing", "HTTP", "a random hello", "much"],
)
def test_strangers_neither_join_nor_delay(words):
    listeners = [Listener(HOST) for _ in range(2)]
    addresses = [listener.address for listener in listeners]
    strangers = [socket.create_connection(addresses[0]) for _ in range(20)]
    for stranger in strangers:
        stranger.sendall(words)
    made = {}

    def connect(rank):
        made[rank] = TCPCommunicator(listeners[rank], addresses, rank, b"token", 30.0)

    threads = [threading.Thread(target=connect, args=(rank,)) for rank in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(made) == 2
    closing = [threading.Thread(target=rank.close) for rank in made.values()]
    for thread in closing:
        thread.start()
    for thread in closing:
        thread.join(30)
    for stranger in strangers:
        stranger.close()


def test_a_listener_proves_that_it_knows_the_token():
    """A stranger that listens in place of a rank learns nothing and is refused."""
    with socket.create_server((HOST, 0)) as fake:

        def pretend():
            link, _ = fake.accept()
            with link:
                link.sendall(os.urandom(CHALLENGE))
                link.recv(HELLO.size)
                link.sendall(os.urandom(32))
                time.sleep(0.2)

        threading.Thread(target=pretend).start()
        addresses = [fake.getsockname()[:2], (HOST, 1)]
        with pytest.raises(RankError, match="another token"):
            connect_all(Listener(HOST), addresses, 1, b"token", 30.0, channels=1)


def answer(question):
    return np.frombuffer(question[::-1], np.uint8)


def test_requests_during_exchanges():
    def run(communicator):
        requests = communicator.open_requests(answer)
        others = [rank for rank in range(communicator.size) if rank != communicator.rank]
        wrong = []

        def ask():
            for number in range(30):
                questions = {r: contents(communicator.rank, r, number, 10_000) for r in others}
                answers = {r: np.zeros(10_000, np.uint8) for r in others}
                requests.ask(questions, answers)
                wrong.extend(
                    r for r in others if not np.array_equal(answers[r], questions[r][::-1])
                )

        thread = threading.Thread(target=ask)
        thread.start()
        for number in range(4):
            exchange(communicator, number)
        thread.join()
        communicator.barrier()
        requests.close()
        return wrong

    assert run_tcp_ranks(3, run) == [[]] * 3


def refuses(question):
    raise OSError("the disk is gone")


def asking(communicator):
    requests = communicator.open_requests(refuses if communicator.rank == 1 else answer)
    try:
        if communicator.rank == 0:
            requests.ask({1: np.zeros(8, np.uint8)}, {1: np.zeros(8, np.uint8)})
        communicator.barrier()
    except RankError as error:
        communicator.fail(error)
        return error.rank, str(error)
    finally:
        requests.close()


def test_an_answer_that_fails():
    with Processes(3, asking, 30.0) as ranks:
        for rank in range(3):
            lost, text = ranks.outcome(rank)
            assert lost == 1
            assert "cannot answer rank 0: OSError: the disk is gone" in text


def test_the_size_of_a_message_is_limited_by_the_receiver():
    """A peer that announces a huge message is refused before any memory is taken."""
    ranks = connect_threads(2)
    link = ranks[1]._links._sockets[0]
    link.setblocking(True)
    link.sendall(HEAD.pack(2**62, 0))
    send, receive = [np.zeros(0, np.uint8)] * 2, [np.zeros(0, np.uint8), np.zeros(8, np.uint8)]
    with pytest.raises(RankError, match="has sent 4611686018427387904 bytes"):
        ranks[0].exchange(send, receive)
    for thread in [threading.Thread(target=rank.close) for rank in ranks]:
        thread.start()


def test_exchanges_in_the_background():
    def run(communicator):
        pending = [
            communicator.start(lambda ranks, number=number: exchange(ranks, number))
            for number in range(4)
        ]
        for number in range(4, 8):
            exchange(communicator, number)
        for future in pending:
            future.result(60)
        return communicator.background.bytes_sent > 0

    assert run_tcp_ranks(3, run) == [True] * 3
