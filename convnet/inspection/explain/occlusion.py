"""Occlusion: how much the output falls when part of the image is covered."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from convnet.inspection.explain.given import sides
from convnet.inspection.explain.method import Method

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from convnet.inspection.explain.base import Subject


SHARE = 4  # a window is by default this part of a side


class Occlusion(Method):
    """Drop of f when a window is covered, the mean over the windows that cover a pixel (Zeiler and Fergus, 2014).

    Windows lie `stride` apart from the first row and column on; one more ends with the last where they do not reach
    it.

    Parameters
    ----------
    subject : Subject
    patch : int or (height, width), default=None
        Size of a window in pixels; None is a quarter of each side, of flat rows a single feature.
    stride : int or (vertical, horizontal), default=None
        Step between windows, no larger than they are; None is half of `patch`.
    value : float or array of shape (c,), default=0.0
        What a window is covered with, in the units of X; one number, or one a channel.
    """

    parameters = ("patch", "stride", "value")

    def __init__(
        self,
        subject: Subject,
        patch: int | Sequence[int] | None = None,
        stride: int | Sequence[int] | None = None,
        value: ArrayLike = 0.0,
    ) -> None:
        shape = subject.images.shape[1:]
        size = shape[: max(1, len(shape) - 1)]
        quarter = [max(1, n // SHARE) for n in size] if len(shape) > 1 else [1]
        self.patch = sides("patch", patch, len(size)) or quarter
        self.stride = sides("stride", stride, len(size)) or [max(1, n // 2) for n in self.patch]
        if any(p > n for p, n in zip(self.patch, size, strict=True)):
            raise ValueError(f"patch {_cross(self.patch)} is larger than the image, {_cross(size)}")
        if any(s > p for s, p in zip(self.stride, self.patch, strict=True)):
            raise ValueError(
                f"stride {_cross(self.stride)} is larger than the patch, {_cross(self.patch)}: "
                "pixels between the windows would never be covered"
            )
        self.value = _value(value, shape)
        self.windows = [
            (slice(None), *window)
            for window in product(*map(_windows, size, self.patch, self.stride))
        ]

    def __call__(self, part: Subject) -> NDArray[np.float32]:
        # Copies hold the value whatever the dtype of X: float32 what float32 holds exactly, else float64.
        images = part.images.astype(np.result_type(part.images.dtype, np.float32), copy=False)
        own = np.arange(len(part))
        before = part.values(images, own)
        size = images.shape[: max(2, images.ndim - 1)]
        drops, count = np.zeros(size), np.zeros(size[1:])
        together = max(1, part.rows_a_call // len(part))
        for i in range(0, len(self.windows), together):
            windows = self.windows[i : i + together]
            covered = np.repeat(images[None], len(windows), axis=0)
            for one, window in zip(covered, windows, strict=True):
                one[window] = self.value
            after = part.values(covered.reshape(-1, *images.shape[1:]), np.tile(own, len(windows)))
            for window, values in zip(windows, after.reshape(len(windows), -1), strict=True):
                drop = (before - values).reshape(-1, *[1] * (len(size) - 1))
                drops[window] += drop
                count[window[1:]] += 1
        return (drops / count).astype(np.float32)


def _windows(n: int, size: int, step: int) -> list[slice]:
    """Return the slices of one axis."""
    starts = list(range(0, n - size + 1, step))
    if starts[-1] + size < n:
        starts.append(n - size)
    return [slice(start, start + size) for start in starts]


def _value(value: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    array = np.asarray(value)
    fits = array.ndim == 0 or (len(shape) > 1 and array.shape == shape[-1:])
    if not fits or array.dtype.kind not in "buif" or not np.isfinite(array).all():
        many = f" or one for each of the {shape[-1]} channels" if len(shape) > 1 else ""
        raise ValueError(f"value must be a finite number{many}; got {value!r}")
    return array


def _cross(size: Iterable[int]) -> str:
    return "×".join(map(str, size))
