"""CachedFeatures: the outputs of a frozen prefix, computed once and cached for later epochs."""

from dataclasses import dataclass, field
from math import prod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from convnet.graph import Network
from convnet.training.examples import Examples
from convnet.training.prediction import predict_in_batches

MAX_CACHED_BYTES = (
    2**30
)  # of the cached outputs; if all would take more, each epoch computes them again


@dataclass(frozen=True, eq=False, kw_only=True)
class CachedFeatures(Examples):
    """Examples whose samples go through the frozen prefix of a net before a step sees them.

    The outputs of each sample are computed when a step first needs them, and cached unless those of all samples
    would take more than `MAX_CACHED_BYTES`. The bits are the same either way.

    Parameters
    ----------
    network : Network
        Its frozen prefix does not change.
    prefix : str
        Name of the last layer of the frozen prefix.
    n_threads : int
        Maximum number of threads.
    cached : bool
        False where each sample is needed only once.
    """

    network: Network
    prefix: str
    n_threads: int
    cached: bool
    _cache: dict[str, NDArray[Any]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls, examples: Examples, *, network: Network, prefix: str, n_threads: int, cached: bool
    ) -> Self:
        """Return the same examples behind a frozen prefix."""
        return cls(
            **vars(examples), network=network, prefix=prefix, n_threads=n_threads, cached=cached
        )

    def _wanted(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """See `Examples`: the rows whose outputs are not cached."""
        return rows[~self._cache["present"][rows]] if self._cache else rows

    def _batch(self, rows: NDArray[np.int64], read: NDArray[Any] | None = None) -> dict[str, Any]:
        """See `Examples`."""
        if not self._uses_cache():
            return self._alone(rows, self._outputs(rows, read), 1.0)
        return dict(
            X=self._filled(rows, read),
            y=self.targets,
            rows=rows,
            sample_weight=self.weights,
            scale=1.0,
        )

    def _filled(self, rows: NDArray[np.int64], read: NDArray[Any] | None) -> NDArray[np.float32]:
        """Return the cache, one entry per row of X, with the outputs for these rows filled in."""
        missing = self._wanted(rows)
        if not self._cache:
            shape = (len(self.X), *self._shape())
            self._cache.update(
                outputs=np.empty(shape, np.float32), present=np.zeros(len(self.X), bool)
            )
        if len(missing):
            self._cache["outputs"][missing] = self._outputs(missing, read)
            self._cache["present"][missing] = True
        return self._cache["outputs"]

    def _shape(self) -> tuple[int, ...]:
        return self.network.plan.named[self.prefix].output_shape

    def _uses_cache(self) -> bool:
        return self.cached and 4 * len(self.X) * prod(self._shape()) <= MAX_CACHED_BYTES

    def _outputs(self, rows: NDArray[np.int64], read: NDArray[Any] | None) -> NDArray[np.float32]:
        """Return the prefix's outputs for rows of X, whose samples are in `read` unless it is None."""
        return predict_in_batches(
            self.network,
            self.X if read is None else read,
            scale=self.scale,
            n_threads=self.n_threads,
            rows=rows if read is None else None,
            layer=self.prefix,
        )
