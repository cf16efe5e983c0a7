"""One fit on several processes, which may run on several machines, with the bits of one process.

``mpi`` lets the fits inside its `with` block run on all processes that ``mpiexec`` has started. ``dask_fit`` trains on
the workers of a Dask cluster, and ``dask_predict`` predicts on them. See docs/scaling.md.
"""

from convnet.communication.errors import RankError
from convnet.distributed.dask_fitting import dask_fit
from convnet.distributed.dask_prediction import dask_predict
from convnet.distributed.mpi_ranks import mpi

__all__ = ["RankError", "dask_fit", "dask_predict", "mpi"]
