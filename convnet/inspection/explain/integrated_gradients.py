"""Integrated gradients: how each pixel contributes to the difference from a baseline."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.inspection.explain.base import Method
from convnet.values.constraints import integer
from convnet.values.user_warnings import warn_user

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from convnet.inspection.explain.base import ExplainInput


STEPS = 32
MAX_ERROR = 0.01  # of f(x) - f(baseline): a larger error of the sum gives a warning
TARGET_ERROR = MAX_ERROR / 2
FIRST_SHARE = 0.3  # part of TARGET_ERROR that the first pass may leave; each later pass gets this part of the rest
MAX_REFINEMENT = 64  # gradients per image, as a multiple of `steps`
ROUNDING = 1e-6  # of f: smaller differences are float32 rounding


@dataclass
class PathSegments:
    """Segments of the paths from the baselines to the images.

    Parameters
    ----------
    image : ndarray of int, shape (m,)
        Image of each segment.
    left, width : ndarray of shape (m,)
        Start of each segment and its length, as parts of the path, from 0 to 1.
    before, after : ndarray of shape (m,)
        f at its start and at its end.
    """

    image: np.ndarray
    left: np.ndarray
    width: np.ndarray
    before: np.ndarray
    after: np.ndarray

    def __getitem__(self, which: Any) -> PathSegments:
        return PathSegments(*(array[which] for array in vars(self).values()))


class IntegratedGradients(Method):
    """(x - x') · ∫ ∂f/∂x along the straight path from a baseline x' to x (Sundararajan, Taly and Yan, 2017).

    Values are signed and summed over the channels. Their sum over an image is f(x) - f(x').

    The midpoint rule integrates over segments of the path. The error of a segment shows without further gradients: the
    derivative along the path times its length should equal the difference of f between its ends. While the sum over
    all segments is off by more than 0.5 %, the segments with the largest errors are halved, until an image has taken
    64 · `steps` gradients. ReLUs and max-pools make the derivative jump at some points: segments get short only there.

    Parameters
    ----------
    explained : ExplainInput
        The images.
    baseline : float or ndarray of shape (1, *image shape) or (n, *image shape), default=0.0
        x', in the units of X.
    steps : int, default=32
        Segments of a path to begin with.
    """

    parameters = ("baseline", "steps")
    signed = True

    def __init__(
        self, explained: ExplainInput, baseline: ArrayLike = 0.0, steps: int = STEPS
    ) -> None:
        self.baseline = np.asarray(baseline, dtype=np.float64)
        self.steps = integer(1, inf).check("steps", steps)
        self._n_images = 0
        self._errors: list[float] = []  # relative ones, of images that need a warning

    def __call__(self, batch: ExplainInput) -> NDArray[np.float32]:
        images = batch.images.astype(np.float64)
        each = self.baseline.ndim and len(self.baseline) > 1
        start = np.broadcast_to(self.baseline[batch.rows] if each else self.baseline, images.shape)
        paths = StraightPaths(batch, start, images - start)
        integrals, errors = paths.integrate(self.steps)
        off = np.abs(errors) > MAX_ERROR * np.abs(paths.difference) + paths.rounding
        self._n_images += len(batch)
        with np.errstate(divide="ignore"):  # a difference of 0 gives an infinite relative error
            self._errors += [*np.abs(errors[off] / paths.difference[off])]
        contributions = integrals * paths.direction
        summed = contributions if contributions.ndim == 2 else contributions.sum(axis=-1)
        return summed.astype(np.float32)

    def finish(self) -> None:
        if self._errors:
            warn_user(
                f"integrated_gradients: for {len(self._errors)} of {self._n_images} images the sum over the image "
                f"differs from f(x) - f(baseline) by more than {MAX_ERROR:.0%}, at most by {max(self._errors):.1%}, "
                f"because f(x) - f(baseline) is close to 0. Raise steps (now {self.steps}), or use another baseline.",
            )


class StraightPaths:
    """The straight paths from the baselines to the images of a batch.

    Parameters
    ----------
    batch : ExplainInput
        The images.
    start, direction : ndarray of float64, shape (n, *image shape)
        The baselines, and the images minus the baselines.
    """

    def __init__(self, batch: ExplainInput, start: np.ndarray, direction: np.ndarray) -> None:
        self.batch, self.start, self.direction = batch, start, direction
        own = np.arange(len(direction))
        ends = self._values(own, np.zeros(len(own))), self._values(own, np.ones(len(own)))
        self.first, self.last = ends
        self.difference = self.last - self.first
        self.rounding = ROUNDING * np.maximum(*map(np.abs, ends))

    def integrate(self, steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Integrate the gradients along each path.

        Parameters
        ----------
        steps : int
            Segments to begin with.

        Returns
        -------
        integrals : ndarray of float64, shape (n, *image shape)
            ∫ ∂f/∂x.
        errors : ndarray of float64, shape (n,)
            Σ integrals · direction - (f(x) - f(x')).
        """
        n = len(self.direction)
        segments = self._equal(steps)
        done, errors = np.zeros(self.direction.shape), np.zeros(n)
        tolerance = FIRST_SHARE * TARGET_ERROR * np.abs(self.difference)
        spent = np.zeros(n, dtype=np.intp)
        while len(segments.image):
            counts = np.bincount(segments.image, minlength=n)
            limits = np.maximum(tolerance / np.maximum(counts, 1), self.rounding)
            spent += counts
            left_out, segment_errors = self._pass(segments, limits, done)
            off = np.abs(segment_errors) > limits[segments.image]
            whole_error = errors + np.bincount(segments.image, segment_errors, n)
            refused = np.bincount(segments.image[off], minlength=n)
            refine = (np.abs(whole_error) > TARGET_ERROR * np.abs(self.difference)) & (refused > 0)
            refine &= spent + 2 * refused <= MAX_REFINEMENT * steps
            ends = (counts > 0) & ~refine
            done[ends] += left_out[ends]
            accepted = np.bincount(segments.image[~off], segment_errors[~off], n)
            errors = np.where(ends, whole_error, errors + accepted)
            segments = self._halved(segments[off & refine[segments.image]])
            tolerance *= 1 - FIRST_SHARE
        return done, errors

    def _pass(
        self, segments: PathSegments, limits: np.ndarray, done: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Add the integrals over all segments whose error is below the limit to `done`.

        Returns
        -------
        left_out : ndarray of float64, shape (n, *image shape)
            Sum of the integrals over the other segments of each image.
        errors : ndarray of float64, shape (m,)
            Error of each segment.
        """
        left_out, errors = np.zeros(self.direction.shape), np.empty(len(segments.image))
        for i in range(0, len(errors), self.batch.batch_size):
            few = segments[i : i + self.batch.batch_size]
            points = self._points(few.image, few.left + few.width / 2)
            for j, gradient in enumerate(self.batch.gradients(points, few.image), start=i):
                image = segments.image[j]
                integral = segments.width[j] * gradient.astype(np.float64)
                rise = (integral * self.direction[image]).sum()
                errors[j] = rise - (segments.after[j] - segments.before[j])
                accurate = abs(errors[j]) <= limits[image]
                (done if accurate else left_out)[image] += integral
        return left_out, errors

    def _equal(self, steps: int) -> PathSegments:
        """Return each path cut into `steps` segments of equal length."""
        n = len(self.direction)
        image, left = np.repeat(np.arange(n), steps), np.tile(np.arange(steps) / steps, n)
        values = np.empty((n, steps + 1))
        values[:, 0], values[:, -1] = self.first, self.last
        inner = left > 0
        values[:, 1:-1] = self._values(image[inner], left[inner]).reshape(n, -1)
        ends = values[:, :-1].ravel(), values[:, 1:].ravel()
        return PathSegments(image, left, np.full(len(left), 1 / steps), *ends)

    def _halved(self, segments: PathSegments) -> PathSegments:
        """Return both halves of each segment, in the order of the path."""
        half = segments.width / 2
        middle = self._values(segments.image, segments.left + half)
        return PathSegments(
            np.repeat(segments.image, 2),
            np.stack([segments.left, segments.left + half], axis=1).ravel(),
            np.repeat(half, 2),
            np.stack([segments.before, middle], axis=1).ravel(),
            np.stack([middle, segments.after], axis=1).ravel(),
        )

    def _points(self, image: np.ndarray, place: np.ndarray) -> NDArray[np.float32]:
        """Return the images at some places of the paths, from 0 to 1."""
        place = place.reshape(-1, *[1] * (self.direction.ndim - 1))
        return (self.start[image] + place * self.direction[image]).astype(np.float32)

    def _values(self, image: np.ndarray, place: np.ndarray) -> NDArray[np.float64]:
        """Return f at some places of the paths."""
        step = self.batch.batch_size
        values = [np.empty(0)]
        for i in range(0, len(image), step):
            few = slice(i, i + step)
            values.append(self.batch.values(self._points(image[few], place[few]), image[few]))
        return np.concatenate(values)
