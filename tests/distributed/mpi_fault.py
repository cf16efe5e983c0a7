"""A program for mpiexec: a long fit with a checkpoint, of which a rank is stopped, or makes a mistake.

Each rank writes its process number to a file in the folder, and after its first steps an empty file.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np

from convnet import ConvNetClassifier, _version
from convnet.callbacks import Callback, Checkpoint
from convnet.distributed import mpi
from convnet.layers import BatchNorm, Conv2D, Dense, MaxPool2D

FOLDER, MODE, EPOCHS, TIMEOUT = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])


class Begun(Callback):
    def on_batch_end(self, fit):
        if fit.epoch or fit.batch > 2:
            (FOLDER / "begun").touch()


class Rows:
    """X whose rows cannot be read on one rank after a while."""

    shape, dtype = (256, 24, 24, 1), np.dtype(np.uint8)

    def __init__(self, X, fails):
        self._X, self._fails = X, fails

    def read_rows(self, rows):
        if self._fails and (FOLDER / "begun").exists():
            raise OSError("the disk is gone")
        return self._X[rows]


def main():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, Rows.shape, dtype=np.uint8)
    y = np.where(X.mean(axis=(1, 2, 3)) > 127.5, "bright", "dark")
    layers = [Conv2D(32, 3), BatchNorm(), MaxPool2D(2), Conv2D(64, 3)]
    if MODE == "again":  # exchanges in the background are under way when the fit fails
        layers = [Conv2D(32, 3), MaxPool2D(2), Dense(64)]
    rank = int(os.environ["PMI_RANK"])
    if MODE == "versions" and rank == 1:
        import convnet.distributed.ranks

        convnet.distributed.ranks.__version__ = f"{_version.__version__}.other"
    with mpi(timeout=TIMEOUT):
        (FOLDER / f"{rank}.part").write_text(str(os.getpid()))
        (FOLDER / f"{rank}.part").rename(FOLDER / f"pid{rank}")
        if MODE == "leaves" and rank == 1:
            return
        if MODE == "raises" and rank == 1:
            raise ValueError("a mistake of rank 1")
        if MODE == "data" and rank == 1:
            y = y[::-1]
        clf = ConvNetClassifier(
            layers,
            max_iter=EPOCHS,
            tol=0,
            n_iter_no_change=EPOCHS,
            batch_size=16,
            random_state=0,
            callbacks=[Begun(), Checkpoint(FOLDER / "fit.npz")],
        )
        if MODE == "again":  # a fit that fails on one rank, and one that does not
            try:
                clf.fit(Rows(X, fails=rank == 1), y)
            except (OSError, RuntimeError) as error:
                sys.stdout.write(f"rank {rank} caught {error}\n")
            clf.set_params(max_iter=2, callbacks=None)
        clf.fit(Rows(X, fails=MODE == "disk" and rank == 1), y)
    if rank == 0:
        np.savez(FOLDER / "weights.npz", **clf.weights_)
    sys.stdout.write(f"rank {rank} done at {time.monotonic()}\n")


if __name__ == "__main__":
    main()
