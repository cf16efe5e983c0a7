"""Ranks that are processes of this machine, connected by TCP, for tests."""

import multiprocessing
import os
import secrets
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from convnet.communication.connecting import Listener
from convnet.communication.tcp import TCPCommunicator

HOST = "127.0.0.1"
TIMEOUT = 60.0  # of a rank that is alive
PATIENCE = 120.0  # seconds until a test that hangs fails


def connect_threads(size, timeout=TIMEOUT):
    """Return the communicators of `size` ranks in this process."""
    listeners, token = [Listener(HOST) for _ in range(size)], secrets.token_bytes(32)
    addresses = [listener.address for listener in listeners]
    with ThreadPoolExecutor(size) as pool:
        return list(
            pool.map(
                lambda rank: TCPCommunicator(listeners[rank], addresses, rank, token, timeout),
                range(size),
            )
        )


def run_tcp_ranks(size, function, timeout=TIMEOUT):
    """Return the results of ``function(communicator)`` of `size` ranks, each in a thread."""

    def run(communicator):
        with closing(communicator):
            result = function(communicator)
            communicator.barrier()
            return result

    with ThreadPoolExecutor(size) as pool:
        futures = [
            pool.submit(run, communicator) for communicator in connect_threads(size, timeout)
        ]
        return [future.result(PATIENCE) for future in futures]


class Processes:
    """Ranks that each run ``function(communicator)`` in a process of its own.

    `function` is a function of a module.
    """

    def __init__(self, size, function, timeout):
        context = multiprocessing.get_context("fork")
        listeners, token = [Listener(HOST) for _ in range(size)], secrets.token_bytes(32)
        self._pipes, self._processes = [], []
        for rank in range(size):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_run_rank,
                args=(theirs, rank, listeners, token, function, timeout),
                daemon=True,
            )
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        for listener in listeners:
            listener.close()

    def outcome(self, rank):
        """Return what a rank has returned, or the exception that it has raised."""
        assert self._pipes[rank].poll(PATIENCE), f"rank {rank} hangs"
        return self._pipes[rank].recv()

    def signal(self, rank, number):
        os.kill(self._processes[rank].pid, number)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self._processes:
            os.kill(process.pid, signal.SIGCONT)
            process.kill()
            process.join()


def _run_rank(pipe, rank, listeners, token, function, timeout):
    try:
        addresses = [listener.address for listener in listeners]
        for other, listener in enumerate(listeners):
            if other != rank:
                listener.close()
        communicator = TCPCommunicator(listeners[rank], addresses, rank, token, timeout)
        with closing(communicator):
            pipe.send(function(communicator))
    except BaseException as error:
        pipe.send(error)
    time.sleep(PATIENCE)  # until the test ends the process
