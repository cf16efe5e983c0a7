"""The dtype and range of X, and the scale that the net reads it with.

X is read once, in chunks of samples.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from math import isfinite, isnan, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.data.lazy.array import LazyArray
from convnet.data.lazy.chunks import chunks
from convnet.inputs.images import stored_shape
from convnet.layers import Rescale
from convnet.values.constraints import Constraint, is_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from convnet.data.arraylikes import Images
    from convnet.layers.base import Layer


CHUNK_BYTES = 2**18  # checked at a time, to stay in cache between the passes
# Floats whose largest value is at most this count as scaled to 0..1 already. Interpolation may exceed 1.
MAX_UNIT_RANGE = 1.5
DIVISORS = {"uint8": 255, "uint16": 65535}  # of rescale="auto"


@dataclass(frozen=True)
class InputFormat:
    """The images that a net was fitted on.

    Parameters
    ----------
    shape : tuple of int
        (h, w, c), (length, c), or (features,).
    data_format : str
        Order of the axes of images, flat or not.
    dtype : str
        Name of the dtype.
    scale : float
        Factor that X is multiplied by.
    rescale : str, float or None
        The parameter.
    largest : float
        Largest magnitude in the samples of positive weight. 255 for uint8.
    as_is : bool, default=False
        Whether "auto" leaves X unchanged because a layer of the net rescales it.
    sample_shape : tuple of int, default=None
        Shape of a sample of X as passed to ``fit``: (28, 28), (28, 28, 1), (1, 28, 28) or (784,), for example. None, in
        files that were written without it, is `shape` in the order of `data_format`.
    """

    shape: tuple[int, ...]
    data_format: str
    dtype: str
    scale: float
    rescale: str | float | None
    largest: float
    as_is: bool = False
    sample_shape: tuple[int, ...] | None = None

    @property
    def shape_in_fit(self) -> tuple[int, ...]:
        """Shape of a sample of X as passed to ``fit``."""
        if self.sample_shape is None:
            return stored_shape(self.shape, self.data_format == "channels_first")
        return self.sample_shape

    def is_alike(self, dtype: np.dtype[Any]) -> bool:
        """Return whether finite X of this dtype has the scale of the fit, whatever its values."""
        return self.rescale != "auto" or dtype.name == self.dtype

    def scale_for(self, images: Images, estimator_name: str) -> float:
        """Return the scale for other X, as `scale_of` does.

        Parameters
        ----------
        images : ndarray or LazyArray
            As `as_images` returns it.
        estimator_name : str
            For errors.

        Raises
        ------
        ValueError
            As `scale_of`. Also for NaN and infinity.
        """
        alike = self.is_alike(images.dtype)
        if alike and images.dtype.kind in "bui":
            return self.scale  # integers are finite: no need to read X
        largest = largest_value(images, estimator_name)
        return self.scale if alike else self.scale_of(images.dtype.name, largest)

    def scale_of(self, dtype: str, largest: float) -> float:
        """Return the scale for X of another dtype than in the fit.

        uint8 and uint16 images fill their range, so a net fitted on one reads the other as 0..1 too. With `as_is`, X
        of any dtype stays unchanged.

        Parameters
        ----------
        dtype : str
            Name of the dtype of X.
        largest : float
            Largest magnitude in X. NaN if it is not known: then nothing is refused.

        Raises
        ------
        ValueError
            If X seems to be in other units: its values exceed the range of the fit; or one of both is uint16 without a
            value above 255, which may be 8-bit images; or, with `as_is`, the net was fitted on integers and X has
            floats within 0..1.
        """
        if self.as_is:
            limit = MAX_UNIT_RANGE * DIVISORS.get(
                self.dtype, 1.0 if self.largest <= MAX_UNIT_RANGE else np.inf
            )
            scaled = self.dtype in DIVISORS and "float" in dtype and 0 < largest <= MAX_UNIT_RANGE
            if largest > limit or scaled:
                raise ValueError(
                    f"Fitted on {self._fitted_on()} but got {dtype} with max {largest:g}."
                )
            return self.scale
        divides, divided = dtype in DIVISORS, self.dtype in DIVISORS
        same_units = self._has_units_of_fit(dtype)
        foreign = divided and not divides and largest > MAX_UNIT_RANGE
        narrow = dtype == "uint16" and not same_units and 0 < largest <= DIVISORS["uint8"]
        if foreign or narrow:
            raise ValueError(f"Fitted on {self._fitted_on()} but got {dtype} with max {largest:g}.")
        if (self.dtype, dtype) == ("uint16", "uint8") and 0 < self.largest <= DIVISORS["uint8"]:
            raise ValueError(
                f"Fitted on {self._fitted_on()} with max {self.largest:g} but got uint8."
            )
        return 1.0 if same_units else 1 / DIVISORS[dtype]

    def _has_units_of_fit(self, dtype: str) -> bool:
        """Return whether X of another dtype than in the fit is not divided."""
        return dtype not in DIVISORS or (
            self.dtype not in DIVISORS and self.largest > MAX_UNIT_RANGE
        )

    def _fitted_on(self) -> str:
        if self.as_is:
            return f"{self.dtype} with max {self.largest:g}, which a Rescale layer takes unscaled,"
        if self.dtype in DIVISORS:
            return f"{self.dtype} images (÷{DIVISORS[self.dtype]})"
        return f"{self.dtype} with max {self.largest:g}"


def is_scale(value: Any) -> bool:
    """Return whether a number is positive and finite as a float32."""
    bounds = np.finfo(np.float32)
    return float(bounds.tiny) <= value <= float(bounds.max)


def _scale(value: Any) -> float:
    if not is_number(value):
        raise TypeError
    if not is_scale(value):
        raise ValueError
    return float(value)


float32_scale = Constraint("a number above 0 in the range of float32", _scale)


def largest_value(images: Images, estimator_name: str, rows: np.ndarray | None = None) -> float:
    """Return the largest magnitude in X. Raise ValueError, in scikit-learn's words, for NaN and infinity.

    For uint8 it is 255: X is not read.

    Parameters
    ----------
    images : ndarray or LazyArray
        X.
    estimator_name : str
        For errors.
    rows : ndarray of int, default=None
        Indices of the samples to read. None is all.
    """
    if images.dtype.name == "uint8":
        return float(DIVISORS["uint8"])
    if images.dtype.kind == "b":
        return 1.0
    fits = max(1, CHUNK_BYTES // (prod(images.shape[1:]) * images.itemsize))
    step = len(images) if isinstance(images, LazyArray) else fits
    largest, read = 0.0, 0
    with closing(chunks(images, step, rows)) as parts:
        for chunk in parts:
            extremes = float(chunk.min()), float(chunk.max())  # NaN if one value is
            if any(map(isnan, extremes)):
                i = read + int(np.isnan(chunk).reshape(len(chunk), -1).any(axis=1).argmax())
                first = i if rows is None else rows[i]
                raise ValueError(
                    f"Input X contains NaN, first in sample {first}. {estimator_name} does not accept missing values: "
                    "remove such samples, or fill the values in."
                )
            if not all(map(isfinite, extremes)):
                raise ValueError(
                    f"Input X contains infinity or a value too large for {chunk.dtype!r}."
                )
            largest, read = max(largest, *map(abs, extremes)), read + len(chunk)
    if largest > float(np.finfo(np.float32).max):
        raise ValueError("Input X contains infinity or a value too large for dtype('float32').")
    return largest


def fitted_format(
    images: Images,
    data_format: str,
    rescale: Any,
    estimator_name: str,
    *,
    rows: np.ndarray | None = None,
    layers: Iterable[Layer] = (),
    sample_shape: tuple[int, ...] | None = None,
) -> InputFormat:
    """Return the format of the X that a net is fitted on. Raise ValueError for NaN and infinity in any sample.

    Parameters
    ----------
    images : ndarray or LazyArray
        X.
    data_format : str
        The parameter.
    rescale : "auto", float or None
        The parameter.
    estimator_name : str
        For errors.
    rows : ndarray of int, default=None
        Indices of the samples of positive weight. None is all.
    layers : iterable of Layer, default=()
        Layers of the net. If one of them rescales X, "auto" does not.
    sample_shape : tuple of int, default=None
        Shape of a sample of X as passed.
    """
    dtype, largest = images.dtype.name, largest_value(images, estimator_name)
    if rows is not None and len(rows) < len(images):
        largest = largest_value(images, estimator_name, rows)
    as_is = rescale == "auto" and _rescales(layers)
    scale = rescale or 1.0
    if rescale == "auto":
        scale = 1.0 if as_is else 1 / DIVISORS.get(dtype, 1)
    return InputFormat(
        images.shape[1:], data_format, dtype, float(scale), rescale, largest, as_is, sample_shape
    )


def _rescales(layers: Iterable[Layer]) -> bool:
    """Return whether a `Rescale` is among layers or inside one of them."""
    return any(isinstance(layer, Rescale) or _rescales(layer.inner_layers) for layer in layers)
