"""Occlusion: how much the output falls when part of the image is covered."""

from __future__ import annotations

from itertools import product
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from convnet.inspection.explain.base import Method
from convnet.layers.geometry import cross
from convnet.values.constraints import integer, optional, several
from convnet.values.messages import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from convnet.inspection.explain.base import ExplainInput


DEFAULT_FRACTION = 4  # a window has by default this fraction of each side: a quarter


class Occlusion(Method):
    """Fall of f when a window is covered, averaged over the windows that cover a pixel (Zeiler and Fergus, 2014).

    Windows start at the first row and column, `stride` pixels apart. If they do not reach the last row or column, one
    more window ends there.

    Parameters
    ----------
    explained : ExplainInput
        The images.
    patch : int or (height, width), default=None
        Size of a window in pixels. None is a quarter of each side; for flat rows one feature.
    stride : int or (vertical, horizontal), default=None
        Distance between windows in pixels, at most `patch`. None is half of `patch`.
    value : float or array of shape (c,) or (features,), default=None
        Value that covers a window, in the units of X: one number, or one for each channel, or for each feature of flat
        rows. None is the mean of each channel over the pixels of the image itself, and 0 for flat rows: their features
        have different units, and the mean over the rows given would make a map depend on the other rows.
    """

    parameters = ("patch", "stride", "value")
    signed = True

    def __init__(
        self,
        explained: ExplainInput,
        patch: int | Sequence[int] | None = None,
        stride: int | Sequence[int] | None = None,
        value: ArrayLike | None = None,
    ) -> None:
        shape = explained.images.shape[1:]
        size = shape[: max(1, len(shape) - 1)]
        quarter = [max(1, n // DEFAULT_FRACTION) for n in size] if len(shape) > 1 else [1]
        self.patch = _sides("patch", patch, len(size)) or quarter
        self.stride = _sides("stride", stride, len(size)) or [max(1, n // 2) for n in self.patch]
        if any(p > n for p, n in zip(self.patch, size, strict=True)):
            raise ValueError(f"patch {cross(self.patch)} is larger than the image, {cross(size)}")
        if any(s > p for s, p in zip(self.stride, self.patch, strict=True)):
            raise ValueError(
                f"stride {cross(self.stride)} is larger than the patch, {cross(self.patch)}: "
                "pixels between the windows would never be covered"
            )
        self.value = None if value is None else _checked_value(value, shape)
        self.windows = [
            (slice(None), *window)
            for window in product(*map(_axis_windows, size, self.patch, self.stride))
        ]

    def __call__(self, batch: ExplainInput) -> NDArray[np.float32]:
        # The copies are floats, so that they can hold `value`: float32 if that represents all values of the dtype of X
        # exactly, else float64.
        images = batch.images.astype(np.result_type(batch.images.dtype, np.float32), copy=False)
        cover = np.broadcast_to(self._cover(images), images.shape)
        own = np.arange(len(batch))
        before = batch.values(images, own)
        size = images.shape[: max(2, images.ndim - 1)]
        falls, count = np.zeros(size), np.zeros(size[1:])
        at_once = max(1, batch.batch_size // len(batch))
        for i in range(0, len(self.windows), at_once):
            windows = self.windows[i : i + at_once]
            covered = np.repeat(images[None], len(windows), axis=0)
            for one, window in zip(covered, windows, strict=True):
                one[window] = cover[window]
            after = batch.values(covered.reshape(-1, *images.shape[1:]), np.tile(own, len(windows)))
            for window, values in zip(windows, after.reshape(len(windows), -1), strict=True):
                falls[window] += (before - values).reshape(-1, *[1] * (len(size) - 1))
                count[window[1:]] += 1
        return (falls / count).astype(np.float32)

    def _cover(self, images: np.ndarray) -> ArrayLike:
        """Return what covers the images, to be broadcast to them."""
        if self.value is not None:
            return self.value
        if images.ndim == 2:
            return 0.0
        n, *spatial, channels = images.shape
        means = np.empty((n, *[1] * len(spatial), channels))
        for image, mean in zip(
            images, means, strict=True
        ):  # one by one: the same bits in any batch
            mean[...] = (
                np.ascontiguousarray(image).reshape(-1, channels).mean(axis=0, dtype=np.float64)
            )
        return means


def _sides(name: str, value: object, n: int) -> list[int] | None:
    """Return one integer for each of n axes, from one integer or one per axis. None stays None."""
    side = integer(1, inf)
    found = optional(side | several(side, n)).check(name, value)
    if found is None:
        return None
    return [found] * n if isinstance(found, int) else list(found)


def _axis_windows(n: int, size: int, step: int) -> list[slice]:
    """Return the windows along one axis."""
    starts = list(range(0, n - size + 1, step))
    if starts[-1] + size < n:
        starts.append(n - size)
    return [slice(start, start + size) for start in starts]


def _checked_value(value: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    """Return a number, or one for each channel or feature; ValueError for anything else."""
    array = np.asarray(value)
    fits = array.ndim == 0 or array.shape == shape[-1:]
    if not fits or array.dtype.kind not in "buif" or not np.isfinite(array).all():
        each = "channels" if len(shape) > 1 else "features"
        raise ValueError(
            f"value must be a finite number or one for each of the {shape[-1]} {each}; got {show(value)}"
        )
    return array
