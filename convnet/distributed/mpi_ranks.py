"""mpi: let the fits of a `with` block run on all processes of an MPI job."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from convnet._extras import install_library, missing_extra
from convnet.communication.errors import RankError
from convnet.communication.mpi import MPICommunicator
from convnet.distributed.ranks import ranks
from convnet.values.constraints import choice, number

# Number of processes, set by launchers in those that they start: MPICH's and Intel's, Open MPI's, and srun of SLURM
SIZES = "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS"


def n_launched() -> int:
    """Return how many processes a launcher such as ``mpiexec`` has started with this one; 0 without a launcher."""
    sizes = (os.environ.get(name, "") for name in SIZES)
    return max((int(size) for size in sizes if size.isdecimal()), default=0)


@contextmanager
def mpi(
    comm: Any = None, *, rows: str = "shared", timeout: float = 60.0
) -> Generator[int, None, None]:
    """Let the fits in a `with` block run on all processes of an MPI job.

    Every process runs the same program: it makes the same estimator and calls ``fit`` with the same X and y. Each
    takes some samples of each batch through the net. All end with the weights of a fit in one process, to the bit.
    Callbacks, scorers and `verbose` run on rank 0. Predictions and other methods run in each process by itself.

    Parameters
    ----------
    comm : mpi4py.MPI.Comm, default=None
        The processes. None: all of the job.
    rows : {"shared", "local"}, default="shared"
        "shared": every process passes the same X and y, such as a memmap or an ``ImageFolder`` on storage that all of
        them see, and reads the rows that it needs. "local": every process passes its own part. The data set is the
        part of the first process, then that of the second, and so on. Rows travel between the processes, as they are
        stored, two batches ahead of the step. A validation set is the same in all processes.
    timeout : float, default=60.0
        Seconds without a sign of life after which a process counts as lost.

    Yields
    ------
    rank : int
        The number of this process, from 0 on.

    Raises
    ------
    ImportError
        If mpi4py is not installed.
    RuntimeError
        If the program was not started by ``mpiexec`` or another launcher, or if the processes run different versions.
    RankError
        If another process has failed. If it does not answer, the job ends after the message.

    Examples
    --------
    In train.py, which ``mpiexec -n 4 python train.py`` starts on four processes::

        import numpy as np
        from convnet import ConvNetClassifier
        from convnet.distributed import mpi

        X, y = np.load("X.npy", mmap_mode="r"), np.load("y.npy")
        clf = ConvNetClassifier(random_state=0)
        with mpi() as rank:
            clf.fit(X, y)
        if rank == 0:
            clf.save("model.npz")
    """
    choice("shared", "local").check("rows", rows)
    number(0, closed="neither").check("timeout", timeout)
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise ImportError(missing_extra("mpi", "mpi4py", "mpi")) from error
    except RuntimeError as error:  # raised by mpi4py where it finds no MPI library
        raise ImportError(missing_extra("mpi", "an MPI library", "mpi")) from error
    if comm is None:
        comm = MPI.COMM_WORLD
        if comm.Get_size() == 1 and n_launched() != 1:
            raise RuntimeError(
                "mpi() found no other process. Start the program with: mpiexec -n 4 python "
                f"{os.path.basename(sys.argv[0]) or 'program.py'}"
            )
    if MPI.Query_thread() < MPI.THREAD_MULTIPLE:
        raise RuntimeError(
            "mpi() needs an MPI library that several threads may call (MPI_THREAD_MULTIPLE). Install one with: "
            f"{install_library('mpich')}"
        )
    if comm.Get_size() == 1:
        yield 0
        return
    communicator = MPICommunicator(comm, timeout)
    communicator.holds_parts = rows == "local"
    try:
        with ranks(communicator):
            yield communicator.rank
    except RankError as error:
        if (
            error.is_lost
        ):  # it could not take part in the end of MPI, for which all others would wait
            traceback.print_exc()
            sys.stderr.flush()
            communicator.abort()
        raise
    finally:
        communicator.close()
