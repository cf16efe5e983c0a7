"""What all explanation methods share: their input, taken in batches, and their base class."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from convnet.graph.arrays import check_finite
from convnet.graph.runtime.predictor import samples_per_call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from convnet.graph import Network, Plan
    from convnet.inspection.explain.targets import TargetOutputs


GRADIENT_COST = 3  # of a gradient, in forward passes
MAX_MAP_BYTES = 2**25  # largest layer output of a batch


def images_per_batch(plan: Plan, n_threads: int, passes: int = 1) -> int:
    """Return how many images to process at once.

    Memory is bounded, and `passes` forward passes over a batch are short enough for Ctrl-C to be noticed in between.
    """
    shapes = plan.input_shape, *(info.output_shape for info in plan.named.values())
    fit = MAX_MAP_BYTES // (4 * max(map(prod, shapes)))
    return max(n_threads, min(samples_per_call(plan, n_threads) // passes, fit))


class ExplainInput:
    """Images, and for each image the output of the net to explain: f = factor · output[index].

    For a classifier f is the logit of a class. Two classes share one logit: f is that logit for the second class and
    its negative for the first. For a regressor f is an output in the units of y, without the mean of y.

    Parameters
    ----------
    network : Network
        The network, used for prediction: running statistics, no dropout.
    images : ndarray of shape (n, h, w, c), (n, length, c) or (n, features)
        Images of any numeric dtype.
    scale : float
        Factor that the images are multiplied by when the net reads them.
    targets : TargetOutputs
        The output to explain for each of the n images.
    n_threads : int
        Number of threads. It does not affect results.
    rows : ndarray of int, shape (n,), default=None
        Row of each image among all images; None is 0 to n - 1.

    Attributes
    ----------
    batch_size : int
        How many images to process at once: memory is bounded, and Ctrl-C is noticed between two calls.
    """

    def __init__(
        self,
        network: Network,
        images: Any,
        scale: float,
        targets: TargetOutputs,
        n_threads: int,
        rows: np.ndarray | None = None,
    ) -> None:
        self.network, self.images, self.scale = network, images, scale
        self.targets, self.n_threads = targets, n_threads
        self.rows = np.arange(len(images)) if rows is None else rows
        self.batch_size = images_per_batch(network.plan, n_threads, GRADIENT_COST)

    def __len__(self) -> int:
        return len(self.images)

    def batches(self) -> Iterator[ExplainInput]:
        """Yield the input in batches of at most `batch_size` images."""
        for i in range(0, len(self), self.batch_size):
            batch = slice(i, i + self.batch_size)
            yield ExplainInput(
                self.network,
                self.images[batch],
                self.scale,
                self.targets.of(batch),
                self.n_threads,
                self.rows[batch],
            )

    def values(self, images: np.ndarray, origin: np.ndarray) -> NDArray[np.float64]:
        """Return f for at most `batch_size` modified images: float64, (m,).

        Parameters
        ----------
        images : ndarray of shape (m, *image shape)
            Modified images, in the units of the original ones.
        origin : ndarray of int, shape (m,)
            For each modified image, the index of the original image, whose target is used.
        """
        outputs = self.network.forward(images, scale=self.scale, n_threads=self.n_threads)
        check_finite(outputs)
        indices = self.targets.indices[origin]
        own = outputs.reshape(len(images), -1)[np.arange(len(images)), indices]
        return self.targets.factors[origin] * own.astype(np.float64)

    def gradients(
        self, images: np.ndarray, origin: np.ndarray, layer: str | None = None
    ) -> NDArray[np.float32]:
        """Return the gradients of f with respect to images, or to a layer's output: float32, (m, *its shape).

        Parameters
        ----------
        images, origin : ndarray, ndarray of int
            See `values`.
        layer : str, default=None
            Name of a layer; None is the image.
        """
        shape = self.network.plan.output_shape
        seeds = np.zeros((len(images), prod(shape)), dtype=np.float32)
        seeds[np.arange(len(images)), self.targets.indices[origin]] = self.targets.factors[origin]
        seeds = seeds.reshape(len(images), *shape)
        found = self.network.gradient(
            images, seeds, layer, scale=self.scale, n_threads=self.n_threads
        )
        return check_finite(found, "Gradients of the net")

    def features(self, layer: str) -> NDArray[np.float32]:
        """Return the output of a layer for the images: float32, (n, *its shape)."""
        found = self.network.features(
            self.images, layer, scale=self.scale, n_threads=self.n_threads
        )
        return check_finite(found, f"The outputs of the net, at layer {layer!r},")


class Method:
    """An explanation method. It checks its parameters when built, and is then called once for each batch of the input.

    A call returns the maps of a batch: float32, (m, h, w), (m, length) or (m, features). `signed` says whether they
    may have negative values.

    Parameters
    ----------
    explained : ExplainInput
        The whole input.
    **parameters : object
        Those named in `parameters`.
    """

    parameters: ClassVar[tuple[str, ...]] = ()
    signed: ClassVar[bool] = False

    def __init__(self, explained: ExplainInput) -> None:
        pass

    def __call__(self, batch: ExplainInput) -> NDArray[np.float32]:
        raise NotImplementedError

    def finish(self) -> None:
        """Warn about problems in any batch."""
