"""What a net with a frozen front is trained on: the front's outputs, kept from epoch to epoch."""

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
)  # most memory of the outputs that are kept; where they need more, each epoch makes them anew


@dataclass(frozen=True, eq=False, kw_only=True)
class CachedFeatures(Examples):
    """Examples whose X goes through a frozen front of a net first, as in prediction, on its way into a step.

    Each row goes through it once, when it is wanted first, and its outputs are kept, unless those of all rows take
    more than `MAX_CACHED_BYTES`. The bits are the same either way.

    Parameters
    ----------
    network : Network
        Its front does not change.
    front : str
        Name of the front's last layer.
    n_threads : int
        Most threads.
    keeps : bool
        False where each row is wanted once.
    """

    network: Network
    front: str
    n_threads: int
    keeps: bool
    _kept: dict[str, NDArray[Any]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, examples: Examples, **about: Any) -> Self:
        """Return the same examples behind a front."""
        return cls(**vars(examples), **about)

    def _wanted(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """See `Examples`: those whose outputs are not kept."""
        return rows[~self._kept["there"][rows]] if self._kept else rows

    def _batch(self, rows: NDArray[np.int64], read: NDArray[Any] | None = None) -> dict[str, Any]:
        """See `Examples`."""
        if not self._fits():
            return self._alone(rows, self._outputs(rows, read), 1.0)
        return dict(
            X=self._whole(rows, read),
            y=self.targets,
            rows=rows,
            sample_weight=self.weights,
            scale=1.0,
        )

    def _whole(self, rows: NDArray[np.int64], read: NDArray[Any] | None) -> NDArray[np.float32]:
        """Return an array with the outputs for these rows, and others, in the places of the rows of X."""
        missing = self._wanted(rows)
        if not self._kept:
            shape = (len(self.X), *self._shape())
            self._kept.update(
                outputs=np.empty(shape, np.float32), there=np.zeros(len(self.X), bool)
            )
        if len(missing):
            self._kept["outputs"][missing] = self._outputs(missing, read)
            self._kept["there"][missing] = True
        return self._kept["outputs"]

    def _shape(self) -> tuple[int, ...]:
        return self.network.plan.named[self.front].output_shape

    def _fits(self) -> bool:
        return self.keeps and 4 * len(self.X) * prod(self._shape()) <= MAX_CACHED_BYTES

    def _outputs(self, rows: NDArray[np.int64], read: NDArray[Any] | None) -> NDArray[np.float32]:
        """Return the outputs for rows of X, which are in `read` where that is not None."""
        return predict_in_batches(
            self.network,
            self.X if read is None else read,
            scale=self.scale,
            n_threads=self.n_threads,
            rows=rows if read is None else None,
            layer=self.front,
        )
