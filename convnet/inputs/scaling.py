"""Units of X: what its values mean, and the scale that they are read with.

X is looked at once, in chunks of rows.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from math import isfinite, prod
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import assert_all_finite

from convnet.data.lazy.array import LazyArray
from convnet.data.lazy.chunks import chunks
from convnet.layers.rescale import rescales

if TYPE_CHECKING:
    from collections.abc import Iterable

    from convnet.inputs.hints import Images
    from convnet.layers.base import Layer


CHUNK = 2**18  # bytes that are checked at a time: they stay in cache between the passes
MAX_UNIT_RANGE = (
    1.5  # floats up to here are taken to be scaled to 0..1 already, with room for interpolation
)
MAXIMA = {"uint8": 255, "uint16": 65535}  # what "auto" divides by


@dataclass(frozen=True)
class InputFormat:
    """What a net was fitted on.

    Parameters
    ----------
    shape : tuple of int
        (h, w, c), or (features,) for a flat table.
    data_format : str
        Order of the axes of images, and of the features of flat ones.
    dtype : str
        Name of the dtype.
    scale : float
        What X is multiplied by.
    rescale : str, float or None
        The parameter.
    largest : float
        Largest magnitude in the rows of X that take part; of uint8 what it can hold.
    as_is : bool, default=False
        Whether "auto" leaves X as it is, since a layer of the net rescales it.
    """

    shape: tuple[int, ...]
    data_format: str
    dtype: str
    scale: float
    rescale: str | float | None
    largest: float
    as_is: bool = False

    def scale_for(self, images: Images, kind: str) -> float:
        """Return the scale for other X; ValueError where its values cannot be meant the same way.

        uint8 and uint16 are both taken to fill their range, so that either is read as 0..1 by a net fitted on the
        other; but uint16 that holds no more than uint8 could is refused on either side: it may be 8-bit images. Where
        X is left as it is, so are all dtypes, and what is too large to be in the units of the fit is refused, as are
        floats that seem to be scaled to 0..1 where the fit's were integers.
        """
        dtype = images.dtype.name
        alike = self.rescale != "auto" or dtype == self.dtype
        if alike and images.dtype.kind in "bui":
            return self.scale  # no need to read X: nothing to find in it
        largest = largest_value(images, kind)
        if alike:
            return self.scale
        if self.as_is:
            most = MAX_UNIT_RANGE * MAXIMA.get(
                self.dtype, 1.0 if self.largest <= MAX_UNIT_RANGE else np.inf
            )
            scaled = (
                self.dtype in MAXIMA and images.dtype.kind == "f" and 0 < largest <= MAX_UNIT_RANGE
            )
            if largest > most or scaled:
                raise ValueError(
                    f"Fitted on {self._fitted_on()} but got {dtype} with max {largest:g}."
                )
            return self.scale
        divides, divided = dtype in MAXIMA, self.dtype in MAXIMA
        same_units = not divides or (not divided and self.largest > MAX_UNIT_RANGE)
        foreign = divided and not divides and largest > MAX_UNIT_RANGE
        narrow = dtype == "uint16" and not same_units and 0 < largest <= MAXIMA["uint8"]
        if foreign or narrow:
            raise ValueError(f"Fitted on {self._fitted_on()} but got {dtype} with max {largest:g}.")
        if (self.dtype, dtype) == ("uint16", "uint8") and 0 < self.largest <= MAXIMA["uint8"]:
            raise ValueError(
                f"Fitted on {self._fitted_on()} with max {self.largest:g} but got uint8."
            )
        return 1.0 if same_units else 1 / MAXIMA[dtype]

    def _fitted_on(self) -> str:
        if self.as_is:
            return f"{self.dtype} with max {self.largest:g}, which a Rescale layer takes as it is,"
        if self.dtype in MAXIMA:
            return f"{self.dtype} images (÷{MAXIMA[self.dtype]})"
        return f"{self.dtype} with max {self.largest:g}"


def is_scale(value: Any) -> bool:
    """Return whether a number is above 0 as a float32, and finite."""
    bounds = np.finfo(np.float32)
    return float(bounds.tiny) <= value <= float(bounds.max)


def largest_value(images: Images, kind: str, rows: np.ndarray | None = None) -> float:
    """Return the largest magnitude, of some rows; ValueError in scikit-learn's wording for NaN and infinity.

    uint8 is not read: its is the largest that it can hold.
    """
    if images.dtype.name == "uint8":
        return float(MAXIMA["uint8"])
    if images.dtype.kind == "b":
        return 1.0
    fits = max(1, CHUNK // (prod(images.shape[1:]) * images.itemsize))
    step = len(images) if isinstance(images, LazyArray) else fits
    largest = 0.0
    with closing(chunks(images, step, rows)) as parts:
        for chunk in parts:
            extremes = float(chunk.min()), float(chunk.max())  # both are NaN where one value is
            if not all(map(isfinite, extremes)):
                assert_all_finite(chunk, estimator_name=kind, input_name="X")
            largest = max(largest, *map(abs, extremes))
    if largest > float(np.finfo(np.float32).max):
        raise ValueError("Input X contains infinity or a value too large for dtype('float32').")
    return largest


def fitted_format(
    images: Images,
    data_format: str,
    rescale: Any,
    kind: str,
    *,
    rows: np.ndarray | None = None,
    layers: Iterable[Layer] = (),
) -> InputFormat:
    """Return the format of the X of which a net of these layers is fitted on `rows`.

    ValueError for NaN and infinity in any row.
    """
    dtype, largest = images.dtype.name, largest_value(images, kind)
    if rows is not None and len(rows) < len(images):
        largest = largest_value(images, kind, rows)
    as_is = rescale == "auto" and rescales(layers)
    scale = rescale or 1.0
    if rescale == "auto":
        scale = 1.0 if as_is else 1 / MAXIMA.get(dtype, 1)
    return InputFormat(images.shape[1:], data_format, dtype, float(scale), rescale, largest, as_is)
