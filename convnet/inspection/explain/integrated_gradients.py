"""Integrated gradients: the difference from a baseline, shared out among the pixels."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.inspection.explain.given import whole
from convnet.inspection.explain.method import Method

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from convnet.inspection.explain.base import Subject


STEPS = 32
ALLOWED = 0.01  # what the sum may miss of f(x) - f(baseline) without a warning
WANTED = ALLOWED / 2
FIRST = 0.3  # of the error wanted, the share that the first pass may leave; each later one has that of the rest
MOST = 64  # gradients an image, in times `steps`
ROUNDING = 1e-6  # of f, below which differences mean nothing in float32


@dataclass
class Pieces:
    """Parts of the paths from the baseline to each image.

    Parameters
    ----------
    image : ndarray of int, shape (m,)
    left, width : ndarray of shape (m,)
        Where each begins, 0 to 1, and how long it is.
    before, after : ndarray of shape (m,)
        f where it begins and ends.
    """

    image: np.ndarray
    left: np.ndarray
    width: np.ndarray
    before: np.ndarray
    after: np.ndarray

    def __getitem__(self, which: Any) -> Pieces:
        return Pieces(*(array[which] for array in vars(self).values()))


class IntegratedGradients(Method):
    """(x - x') · ∫ ∂f/∂x along the straight path from a baseline x' to x (Sundararajan, Taly and Yan, 2017).

    It is signed, and summed over the channels. The sum over an image is f(x) - f(x').

    The integral is taken by the midpoint rule in pieces of the path. How far a piece is off shows without further
    gradients: the derivative along the path, times its length, is to be the difference of f between its ends. Where the
    sum over all pieces misses by more than 0.5 %, those that are off most are halved, and so on up to 64 · `steps`
    gradients an image; the rest of the path stays as it is. With a rectifier or a max-pool the derivative jumps where
    one switches: the pieces get short there and there alone.

    Parameters
    ----------
    subject : Subject
    baseline : float or ndarray of shape (1, *shape of an image) or (n, *shape of an image), default=0.0
        x', in the units of X.
    steps : int, default=32
        Pieces of the path to begin with.
    """

    parameters = ("baseline", "steps")

    def __init__(self, subject: Subject, baseline: ArrayLike = 0.0, steps: int = STEPS) -> None:
        self.baseline, self.steps = np.asarray(baseline, dtype=np.float64), whole("steps", steps)
        self._images = 0
        self._missed: list[float] = []

    def __call__(self, part: Subject) -> NDArray[np.float32]:
        images = part.images.astype(np.float64)
        each = self.baseline.ndim and len(self.baseline) > 1
        start = np.broadcast_to(self.baseline[part.rows] if each else self.baseline, images.shape)
        path = Path(part, start, images - start)
        sums, misses = path.integrate(self.steps)
        off = np.abs(misses) > ALLOWED * np.abs(path.difference) + path.floor
        self._images += len(part)
        with np.errstate(divide="ignore"):  # of a difference of 0 it misses by infinity
            self._missed += [*np.abs(misses[off] / path.difference[off])]
        shares = sums * path.way
        return (shares if shares.ndim == 2 else shares.sum(axis=-1)).astype(np.float32)

    def finish(self) -> None:
        if self._missed:
            warnings.warn(
                f"integrated_gradients: for {len(self._missed)} of {self._images} images the sum over the image "
                f"misses f(x) - f(baseline) by more than {ALLOWED:.0%}, at worst by {max(self._missed):.1%}: the "
                f"difference is close to 0. Raise steps, which is {self.steps}, or take another baseline.",
                stacklevel=5,  # whoever called the estimator
            )


class Path:
    """The straight paths from baselines to the images of a subject.

    Parameters
    ----------
    subject : Subject
    start, way : ndarray of float64, shape (n, *shape of an image)
        Where they begin, and from there to the images.
    """

    def __init__(self, subject: Subject, start: np.ndarray, way: np.ndarray) -> None:
        self.subject, self.start, self.way = subject, start, way
        own = np.arange(len(way))
        ends = self._values(own, np.zeros(len(own))), self._values(own, np.ones(len(own)))
        self.first, self.last = ends
        self.difference = self.last - self.first
        self.floor = ROUNDING * np.maximum(*map(np.abs, ends))

    def integrate(self, steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return ∫ ∂f/∂x, float64 (n, *shape), and what its product with the way misses of f(x) - f(x')."""
        n = len(self.way)
        pieces = self._equal(steps)
        done, missed = np.zeros(self.way.shape), np.zeros(n)
        allowed, spent = FIRST * WANTED * np.abs(self.difference), np.zeros(n, dtype=np.intp)
        while len(pieces.image):
            counts = np.bincount(pieces.image, minlength=n)
            limits = np.maximum(allowed / np.maximum(counts, 1), self.floor)
            spent += counts
            left_out, misses = self._pass(pieces, limits, done)
            off = np.abs(misses) > limits[pieces.image]
            whole_miss = missed + np.bincount(pieces.image, misses, n)
            refused = np.bincount(pieces.image[off], minlength=n)
            resume = (np.abs(whole_miss) > WANTED * np.abs(self.difference)) & (refused > 0)
            resume &= spent + 2 * refused <= MOST * steps
            ends = (counts > 0) & ~resume
            done[ends] += left_out[ends]
            accepted = np.bincount(pieces.image[~off], misses[~off], n)
            missed = np.where(ends, whole_miss, missed + accepted)
            pieces = self._halved(pieces[off & resume[pieces.image]])
            allowed *= 1 - FIRST
        return done, missed

    def _pass(
        self, pieces: Pieces, limits: np.ndarray, done: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Add to `done` the integrals over the pieces that are near enough.

        Returns
        -------
        left_out : ndarray of float64
            The sum of the others of each image.
        misses : ndarray of shape (m,)
            How far each piece is off.
        """
        left_out, misses = np.zeros(self.way.shape), np.empty(len(pieces.image))
        for i in range(0, len(misses), self.subject.rows_a_call):
            block = slice(i, i + self.subject.rows_a_call)
            few = pieces[block]
            points = self._points(few.image, few.left + few.width / 2)
            for j, gradient in enumerate(self.subject.gradients(points, few.image), start=i):
                image = pieces.image[j]
                integral = pieces.width[j] * gradient.astype(np.float64)
                rise = (integral * self.way[image]).sum()
                misses[j] = rise - (pieces.after[j] - pieces.before[j])
                near = abs(misses[j]) <= limits[image]
                (done if near else left_out)[image] += integral
        return left_out, misses

    def _equal(self, steps: int) -> Pieces:
        """Return so many pieces of each path, of one length."""
        n = len(self.way)
        image, left = np.repeat(np.arange(n), steps), np.tile(np.arange(steps) / steps, n)
        values = np.empty((n, steps + 1))
        values[:, 0], values[:, -1] = self.first, self.last
        inner = left > 0
        values[:, 1:-1] = self._values(image[inner], left[inner]).reshape(n, -1)
        ends = values[:, :-1].ravel(), values[:, 1:].ravel()
        return Pieces(image, left, np.full(len(left), 1 / steps), *ends)

    def _halved(self, pieces: Pieces) -> Pieces:
        """Return both halves of each piece, in the order of the path."""
        half = pieces.width / 2
        middle = self._values(pieces.image, pieces.left + half)
        return Pieces(
            np.repeat(pieces.image, 2),
            np.stack([pieces.left, pieces.left + half], axis=1).ravel(),
            np.repeat(half, 2),
            np.stack([pieces.before, middle], axis=1).ravel(),
            np.stack([middle, pieces.after], axis=1).ravel(),
        )

    def _points(self, image: np.ndarray, place: np.ndarray) -> NDArray[np.float32]:
        place = place.reshape(-1, *[1] * (self.way.ndim - 1))
        return (self.start[image] + place * self.way[image]).astype(np.float32)

    def _values(self, image: np.ndarray, place: np.ndarray) -> NDArray[np.float64]:
        """Return f at some places of the paths."""
        step = self.subject.rows_a_call
        values = [np.empty(0)]
        for i in range(0, len(image), step):
            few = slice(i, i + step)
            values.append(self.subject.values(self._points(image[few], place[few]), image[few]))
        return np.concatenate(values)
