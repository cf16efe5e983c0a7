"""ranks: let the fits of a `with` block run on all ranks of a communicator."""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Generator
from contextlib import contextmanager

import numpy as np
import sklearn

from convnet._version import __version__
from convnet.communication.communicator import Communicator, use
from convnet.engine import available_isas, default_isa
from convnet.engine.threads import share_cores

SETTINGS = "CONVNET_ISA", "CONVNET_WINOGRAD"  # environment variables on which bits depend


@contextmanager
def ranks(communicator: Communicator) -> Generator[Communicator, None, None]:
    """Let the fits of this thread run on all ranks of a communicator.

    All ranks use the newest instruction set that every rank has, and Winograd's algorithm unless one of them turns it
    off. ``n_jobs=None`` divides the cores of a machine among its ranks. Rank 0 alone shows warnings.

    Parameters
    ----------
    communicator : Communicator
        It is not closed.

    Raises
    ------
    RuntimeError
        If the ranks have different versions of convnet, NumPy or scikit-learn.
    RankError
        If another rank fails, or leaves the block while this one fits.
    """
    before = {name: os.environ.get(name) for name in SETTINGS}
    try:
        _agree(communicator)
        sharers = _count_sharers(communicator)
        with use(communicator), share_cores(sharers), warnings.catch_warnings():
            if communicator.rank:
                warnings.simplefilter("ignore")
            yield communicator
            communicator.end()
    except BaseException as error:
        communicator.fail(error)
        raise
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _agree(communicator: Communicator) -> None:
    """Check that all ranks run the same versions, and set the instruction set and Winograd's algorithm."""
    versions = {
        "convnet": __version__,
        "NumPy": np.__version__,
        "scikit-learn": sklearn.__version__,
    }
    isas, winograd = available_isas(), os.environ.get("CONVNET_WINOGRAD", "1") != "0"
    own = isas[: isas.index(default_isa()) + 1]
    found = communicator.gather_objects((versions, own, winograd))
    for rank, (others, _, _) in enumerate(found):
        for name, version in others.items():
            first = found[0][0][name]
            if version != first:
                raise RuntimeError(
                    f"All ranks must run the same versions. Rank {rank} has {name} {version}, but rank 0 has {first}."
                )
    common = [isa for isa in own if all(isa in isas for _, isas, _ in found)]
    os.environ["CONVNET_ISA"] = common[-1]
    os.environ["CONVNET_WINOGRAD"] = str(int(all(allowed for _, _, allowed in found)))


def _count_sharers(communicator: Communicator) -> int:
    """Return how many ranks run on the same cores as this one, itself included."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = socket.gethostname(), sorted(affinity(0)) if affinity else None
    return communicator.gather_objects(cores).count(cores)
