"""One fit on several processes, which may run on several machines, with the bits of one process.

``mpi`` lets the fits inside its `with` block run on all processes that ``mpiexec`` has started. See docs/scaling.md.
"""

from convnet.communication.errors import RankError
from convnet.distributed.mpi_ranks import mpi

__all__ = ["RankError", "mpi"]
