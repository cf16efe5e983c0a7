"""Examples: the samples that a net is trained or scored on."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from convnet.data.lazy.array import LazyArray
from convnet.data.lazy.prefetch import prefetch
from convnet.graph import Network
from convnet.training.prediction import predict_in_batches


@dataclass(frozen=True, eq=False)
class Examples:
    """Samples of X with their targets and weights.

    Parameters
    ----------
    X : ndarray or LazyArray of shape (n, h, w, c) or (n, features)
        As passed by the user, any numeric dtype.
    targets : ndarray of shape (n,) or (n, n_outputs)
        Encoded for the loss.
    rows : ndarray of int64
        The rows of X that are used.
    weights : ndarray of float32, shape (n,), or None
        Sample weights. None: all are 1.
    scale : float
        X is multiplied by it when converted.
    """

    X: NDArray[Any] | LazyArray
    targets: NDArray[Any]
    rows: NDArray[np.int64]
    weights: NDArray[np.float32] | None
    scale: float

    def weight(self, rows: NDArray[np.int64]) -> float:
        """Return the sum of the weights of `rows`."""
        return float(
            len(rows) if self.weights is None else self.weights[rows].sum(dtype=np.float64)
        )

    def outputs(self, network: Network, n_threads: int) -> NDArray[np.float32]:
        """Return the outputs of a network for all samples, as in prediction; see `predict_in_batches`."""
        return predict_in_batches(
            network, self.X, scale=self.scale, n_threads=n_threads, rows=self.rows
        )

    def batches(
        self,
        parts: Sequence[NDArray[np.int64]],
        epoch: int,
        samples: Callable[[int], tuple[int, int]] | None = None,
    ) -> Generator[dict[str, Any], None, None]:
        """Yield the arguments of `Trainer.step`, by name, for each batch. Close the generator if it is not used up.

        Parameters
        ----------
        parts : list of int64 ndarray
            The rows of each batch; no row is in two of them. `LazyArray` are read ahead.
        epoch : int
            Number of the epoch.
        samples : callable, default=None
            Given the size of a batch, it returns the samples [first, last) that this process needs. The values of the
            others in the batch's X are undefined then. None: all.
        """
        own = [slice(*(samples(len(rows)) if samples else (0, len(rows)))) for rows in parts]
        if not isinstance(self.X, LazyArray):
            for rows, part in zip(parts, own, strict=True):
                yield self._batch(rows, epoch, part)
            return
        wanted = (self._wanted(rows[part], epoch) for rows, part in zip(parts, own, strict=True))
        with closing(prefetch(self.X, wanted)) as arrays:
            for rows, part, X in zip(parts, own, arrays, strict=True):
                yield self._batch(rows, epoch, part, X)

    def _wanted(self, rows: NDArray[np.int64], epoch: int) -> NDArray[np.int64]:
        """Return those of the rows of a batch of this epoch that have to be read."""
        return rows

    def _batch(
        self,
        rows: NDArray[np.int64],
        epoch: int,
        own: slice,
        read: NDArray[Any] | None = None,
    ) -> dict[str, Any]:
        """Return a batch of an epoch, of which this process needs the samples `own`.

        `read` holds the rows of X that `_wanted` returned.
        """
        if read is not None:
            return self._alone(rows, own, read, self.scale)
        return dict(
            X=self.X, y=self.targets, rows=rows, sample_weight=self.weights, scale=self.scale
        )

    def _alone(
        self, rows: NDArray[np.int64], own: slice, X: NDArray[Any], scale: float
    ) -> dict[str, Any]:
        """Return a batch whose X holds only the rows of this batch; X, as passed, holds those of `own`."""
        if len(X) < len(rows):
            part, X = X, np.empty((len(rows), *X.shape[1:]), X.dtype)
            X[own] = part
        of_batch = (None if part is None else part[rows] for part in (self.targets, self.weights))
        targets, weights = map(_contiguous, of_batch)
        return dict(
            X=X,
            y=targets,
            rows=np.arange(len(rows)),
            sample_weight=weights,
            scale=scale,
            sample_ids=_contiguous(rows),
        )

    def labels(
        self, rows: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[Any], NDArray[np.float32] | None]:
        """Return targets and weights of some rows. None is all that are used."""
        rows = self.rows if rows is None else rows
        return self.targets[rows], None if self.weights is None else self.weights[rows]

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Return the same data with a different choice of rows."""
        return replace(self, rows=rows)


def _contiguous(array: NDArray[Any] | None) -> NDArray[Any] | None:
    return None if array is None else np.ascontiguousarray(array)


def permutation(rows: NDArray[np.int64], seed: int, epoch: int) -> NDArray[np.int64]:
    """Return `rows` shuffled; the order depends on the seed and the epoch alone."""
    generator = np.random.Generator(np.random.Philox(key=[seed, epoch]))
    return generator.permutation(rows)
