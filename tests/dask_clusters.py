"""Dask clusters whose workers are processes of this machine, for tests."""

import os
import signal
from contextlib import contextmanager

import pytest

from convnet.callbacks import Callback

distributed = pytest.importorskip("distributed", reason="needs Dask: pip install 'distributed'")


@contextmanager
def dask_cluster(n_workers, threads=1, processes=True):
    """Yield the client of a cluster."""
    with (
        distributed.LocalCluster(
            n_workers=n_workers,
            threads_per_worker=threads,
            processes=processes,
            dashboard_address="127.0.0.1:0",
            memory_limit=None,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def pids(client):
    """Return the process of each worker."""
    return client.run(os.getpid)


def left_running():
    """Return what fits have left in a worker. For ``client.run``."""
    import threading

    from convnet.distributed import dask_rank

    threads = [t.name for t in threading.enumerate() if t.name.startswith("convnet")]
    return threads, len(dask_rank._listeners), len(dask_rank._running)


def kill(pid, number=signal.SIGKILL):
    os.kill(pid, number)


def fails(block):
    """Stands for reading a chunk; Dask also calls it with empty blocks."""
    if len(block) > 1:
        raise OSError("no disk")
    return block


class Failing(Callback):
    def on_epoch_end(self, run):
        raise OSError("the disk is full")
