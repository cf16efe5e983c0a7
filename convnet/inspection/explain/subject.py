"""What is explained: of each image a number that the net gives it."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.graph.arrays import check_finite
from convnet.inspection.explain.memory import rows_together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from convnet.graph import Network


PASSES = 3  # what a gradient costs, in passes forward


class Subject:
    """Images, and of each one output of the net, as it is or turned round: f = sign · output[unit].

    Of a classifier f is the logit of a class: of two classes, which have one logit between them, that logit for the
    second and its negative for the first.

    Parameters
    ----------
    network : Network
        Used for prediction: running statistics, no dropout.
    images : ndarray of shape (n, h, w, c), (n, length, c) or (n, features)
        Of any numeric dtype.
    scale : float
        What they are multiplied by on their way into the net.
    units : ndarray of int, shape (n,)
        Numbers of the outputs.
    signs : ndarray of int, shape (n,)
        1, or -1 to turn one round.
    n_threads : int
        Nothing but the time depends on it.
    rows : ndarray of int, default=None
        Their places among all images.

    Attributes
    ----------
    rows_a_call : int
        The most images that are to be taken together: memory is bounded, and Ctrl-C is heard between two calls.
    """

    def __init__(
        self,
        network: Network,
        images: Any,
        scale: float,
        units: np.ndarray,
        signs: np.ndarray,
        n_threads: int,
        rows: np.ndarray | None = None,
    ) -> None:
        self.network, self.images, self.scale = network, images, scale
        self.units, self.signs, self.n_threads = units, signs, n_threads
        self.rows = np.arange(len(images)) if rows is None else rows
        self.rows_a_call = rows_together(network.plan, n_threads, PASSES)

    def __len__(self) -> int:
        return len(self.images)

    def parts(self) -> Iterator[Subject]:
        """Yield the subject in parts of so few images that memory is bounded."""
        for i in range(0, len(self), self.rows_a_call):
            part = slice(i, i + self.rows_a_call)
            yield Subject(
                self.network,
                self.images[part],
                self.scale,
                self.units[part],
                self.signs[part],
                self.n_threads,
                self.rows[part],
            )

    def values(self, images: np.ndarray, of: np.ndarray) -> NDArray[np.float64]:
        """Return f of at most `rows_a_call` changed images: float64, (m,).

        Parameters
        ----------
        images : ndarray of shape (m, *shape of an image)
            In the units of the subject's.
        of : ndarray of int, shape (m,)
            Which of the subject's images each of them was.
        """
        outputs = self.network.forward(images, scale=self.scale, n_threads=self.n_threads)
        check_finite(outputs)
        own = outputs.reshape(len(images), -1)[np.arange(len(images)), self.units[of]]
        return self.signs[of] * own.astype(np.float64)

    def gradients(
        self, images: np.ndarray, of: np.ndarray, layer: str | None = None
    ) -> NDArray[np.float32]:
        """Return the gradients of the f of `values` by images, or a layer's output: float32, (m, *its shape)."""
        shape = self.network.plan.output_shape
        seeds = np.zeros((len(images), prod(shape)), dtype=np.float32)
        seeds[np.arange(len(images)), self.units[of]] = self.signs[of]
        seeds = seeds.reshape(len(images), *shape)
        found = self.network.gradient(
            images, seeds, layer, scale=self.scale, n_threads=self.n_threads
        )
        return check_finite(found, "Gradients of the net")

    def features(self, layer: str) -> NDArray[np.float32]:
        """Return the output of a layer for the subject's images: float32, (n, *its shape)."""
        found = self.network.features(
            self.images, layer, scale=self.scale, n_threads=self.n_threads
        )
        return check_finite(found, f"The outputs of the net, at layer {layer!r},")
