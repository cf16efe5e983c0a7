"""Ranks that are threads of one process, for tests."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from convnet.communication.communicator import Communicator
from convnet.communication.requests import Requests

TIMEOUT = 60.0


class Mailboxes:
    """Messages between the threads: `put` never waits, `take` waits for a message of this pair of ranks."""

    def __init__(self, size):
        self.size = size
        self._arrived = threading.Condition()
        self._messages = {}
        self.answers = {}

    def put(self, of, to, message):
        with self._arrived:
            self._messages.setdefault((of, to), []).append(message)
            self._arrived.notify_all()

    def take(self, of, to):
        with self._arrived:
            assert self._arrived.wait_for(lambda: self._messages.get((of, to)), TIMEOUT), (of, to)
            return self._messages[of, to].pop(0)


class ThreadCommunicator(Communicator):
    def __init__(self, mailboxes, rank, background=None):
        super().__init__()
        self._mailboxes, self.rank, self.size = mailboxes, rank, mailboxes.size
        self.serves_process = True
        if background is not None:
            self.background = ThreadCommunicator(background, rank)

    def _transfer(self, send, receive):
        others = [rank for rank in range(self.size) if rank != self.rank]
        for rank in others:
            self._mailboxes.put(self.rank, rank, bytes(send[rank]))
        for rank in others:
            message = self._mailboxes.take(rank, self.rank)
            assert len(message) == receive[rank].size, "sizes differ"
            receive[rank][:] = np.frombuffer(message, np.uint8)

    def fail(self, message):
        raise AssertionError(message)

    def open_requests(self, answer):
        number = self._opened = getattr(self, "_opened", 0) + 1
        self._mailboxes.answers[number, self.rank] = answer
        self.barrier()
        return ThreadRequests(self._mailboxes.answers, number)


class ThreadRequests(Requests):
    """The thread that asks calls the function that answers."""

    def __init__(self, answers, number):
        self._answers, self._number = answers, number

    def ask(self, questions, answers):
        for rank, question in questions.items():
            found = self._answers[self._number, rank](bytes(question))
            assert found.size == answers[rank].size, "sizes differ"
            answers[rank][:] = found

    def close(self):
        pass


def run_ranks(size, function):
    """Return the results of ``function(communicator)`` of `size` ranks, each in a thread."""
    mailboxes = Mailboxes(size), Mailboxes(size)
    with ThreadPoolExecutor(size) as pool:
        ranks = [ThreadCommunicator(mailboxes[0], rank, mailboxes[1]) for rank in range(size)]
        return [future.result() for future in [pool.submit(function, rank) for rank in ranks]]
