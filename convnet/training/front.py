"""What a net with a frozen front is trained on: the front's outputs, kept from epoch to epoch."""

from dataclasses import dataclass, field
from math import prod

import numpy as np

from convnet.training.examples import Examples
from convnet.training.outputs import outputs

FRONT_BYTES = (
    2**30
)  # most memory of the outputs that are kept; where they need more, each epoch makes them anew


@dataclass(frozen=True, eq=False)
class FrontExamples(Examples):
    """Examples whose X goes through a frozen front of a net first, as in prediction, on its way into a step.

    Each row goes through it once, when it is wanted first, and its outputs are kept, unless those of all rows take
    more than `FRONT_BYTES`. The bits are the same either way.

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

    network: object = None
    front: str = ""
    n_threads: int = 1
    keeps: bool = True
    _kept: dict = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, examples, **about):
        """Return the same examples behind a front."""
        return cls(**vars(examples), **about)

    def batch(self, rows):
        """See `Examples.batch`."""
        if not self._fits():
            of_batch = (
                None if part is None else part[rows] for part in (self.targets, self.weights)
            )
            targets, weights = map(_contiguous, of_batch)
            return dict(
                X=self._outputs(rows),
                y=targets,
                rows=np.arange(len(rows)),
                sample_weight=weights,
                scale=1.0,
                names=_contiguous(rows),
            )
        return dict(
            X=self._whole(rows), y=self.targets, rows=rows, sample_weight=self.weights, scale=1.0
        )

    def _whole(self, rows):
        """Return an array with the outputs for these rows, and others, in the places of the rows of X."""
        if not self._kept:
            shape = (len(self.X), *self._shape())
            self._kept.update(
                outputs=np.empty(shape, np.float32), there=np.zeros(len(self.X), bool)
            )
        kept, there = self._kept["outputs"], self._kept["there"]
        missing = rows[~there[rows]]
        if len(missing):
            kept[missing] = self._outputs(missing)
            there[missing] = True
        return kept

    def _shape(self):
        return self.network.plan.named[self.front].output_shape

    def _fits(self):
        return self.keeps and 4 * len(self.X) * prod(self._shape()) <= FRONT_BYTES

    def _outputs(self, rows):
        return outputs(
            self.network,
            self.X,
            scale=self.scale,
            n_threads=self.n_threads,
            rows=rows,
            layer=self.front,
        )


def _contiguous(array):
    return None if array is None else np.ascontiguousarray(array)
