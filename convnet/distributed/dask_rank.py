"""What runs on the workers of a Dask cluster during `dask_fit`: one rank on each.

::

    listen    opens a port, before the tasks are placed
    train     the task: connects to the others and fits
    end       ends what is left of a fit that has failed
"""

from __future__ import annotations

import os
import pickle
import socket
from typing import Any

import numpy as np

from convnet.communication.communicator import Communicator
from convnet.communication.connecting import Address, Listener
from convnet.communication.tcp import TCPCommunicator
from convnet.data.lazy.shared_rows import Blocks, rows_of_all_ranks
from convnet.distributed.ranks import ranks

# By the token of the fit
_listeners: dict[bytes, Listener] = {}
_running: dict[bytes, Communicator] = {}


class ChunkOfSamples:
    """Chunks of X, y and sample weights of the same samples."""

    def __init__(self, X: Any, y: Any, sample_weight: Any = None) -> None:
        self.X, self.y, self.sample_weight = X, np.asarray(y), sample_weight

    def __sizeof__(self) -> int:
        arrays = self.X, self.y, self.sample_weight
        return sum(int(getattr(array, "nbytes", 0)) for array in arrays)


def listen(token: bytes, dask_worker: Any) -> tuple[Address, tuple[str, int]]:
    """Open a port for a fit. Return its address, and what identifies this process.

    Parameters
    ----------
    token : bytes
        Of the fit.
    dask_worker : distributed.Worker
        ``Client.run`` passes it.
    """
    host = dask_worker.address.rpartition("://")[2].rpartition(":")[0].strip("[]")
    if dask_worker.address.startswith("inproc"):
        host = "127.0.0.1"
    old = _listeners.pop(token, None)
    if old is not None:
        old.close()
        raise RuntimeError("two workers share a process; start them with processes=True")
    listener = _listeners[token] = Listener(host)
    return listener.address, (socket.gethostname(), os.getpid())


def end(token: bytes) -> None:
    """Close the port of a fit that has failed, and end its task."""
    listener, running = _listeners.pop(token, None), _running.get(token)
    if listener is not None:
        listener.close()
    if running is not None:
        running.interrupt("was told to end, because the fit was cancelled")


def train(
    token: bytes,
    rank: int,
    addresses: list[Address],
    estimator: Any,
    parts: list[ChunkOfSamples],
    numbers: list[int],
    timeout: float,
) -> Any:
    """Fit with the other ranks. Return the fitted estimator on rank 0, and None on the others.

    Parameters
    ----------
    token : bytes
        Of the fit.
    rank : int
    addresses : list of (str, int)
        Ports of all ranks.
    estimator : BaseConvNet
        It is not changed.
    parts : list of ChunkOfSamples
        That this worker holds.
    numbers : list of int
        Their places among those of all workers.
    timeout : float
    """
    from distributed import get_worker

    listener = _listeners.pop(token, None)
    if listener is None:
        raise RuntimeError("the worker has restarted during the fit")
    communicator = TCPCommunicator(listener, addresses, rank, token, timeout)
    _running[token] = communicator
    try:
        with ranks(communicator):
            fitted = _fit(communicator, estimator, parts, numbers, get_worker().state.nthreads)
    finally:
        del _running[token]
        communicator.close()
    return fitted if rank == 0 else None


def _fit(
    communicator: Communicator,
    estimator: Any,
    parts: list[ChunkOfSamples],
    numbers: list[int],
    threads: int,
) -> Any:
    weights = [part.sample_weight for part in parts if part.sample_weight is not None]
    fitted = pickle.loads(pickle.dumps(estimator))  # the worker may use the estimator again
    if fitted.n_jobs is None:
        fitted.n_jobs = threads
    with rows_of_all_ranks(
        communicator,
        Blocks([part.X for part in parts], numbers),
        np.concatenate([part.y for part in parts]),
        np.concatenate(weights) if weights else None,
    ) as (X, y, sample_weight):
        fitted.fit(X, y, sample_weight)
    fitted.n_jobs = estimator.n_jobs
    return fitted
