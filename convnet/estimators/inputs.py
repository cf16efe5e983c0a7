"""X: what is accepted, how it is seen as images, and the scale that it is read with.

X is checked once, in chunks of rows, and never copied or converted as a whole: uint8 stays uint8, a memmap stays
on disk, channels-first images are a view, rows that are read from elsewhere are read when they are wanted.
"""

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from math import isfinite, isqrt, prod

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import assert_all_finite, check_array
from sklearn.utils.validation import validate_data

from convnet.estimators.lazy import is_lazy, refuse_paths, stand_in
from convnet.layers import as_layers
from convnet.layers.rescale import rescales
from convnet.training.rows import Rows, chunks

CHUNK = 2**18  # bytes that are checked at a time: they stay in cache between the passes
CHANNELS = (1, 3, 4)  # grey, RGB, RGBA: what images usually have
UNIT = 1.5  # floats up to here are taken to be scaled to 0..1 already, with room for interpolation
READ = [np.dtype(code) for code in "?bBhHiIlLqQefd"]  # native dtypes that are read as they are
PLAIN, DTYPES = {dtype.str for dtype in READ}, {dtype.name for dtype in READ}
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

    shape: tuple
    data_format: str
    dtype: str
    scale: float
    rescale: str | float | None
    largest: float
    as_is: bool = False

    def scale_for(self, images, kind):
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
            most = UNIT * MAXIMA.get(self.dtype, 1.0 if self.largest <= UNIT else np.inf)
            scaled = self.dtype in MAXIMA and images.dtype.kind == "f" and 0 < largest <= UNIT
            if largest > most or scaled:
                raise ValueError(
                    f"Fitted on {self._fitted_on()} but got {dtype} with max {largest:g}."
                )
            return self.scale
        divides, divided = dtype in MAXIMA, self.dtype in MAXIMA
        same_units = not divides or (not divided and self.largest > UNIT)
        foreign = divided and not divides and largest > UNIT
        narrow = dtype == "uint16" and not same_units and 0 < largest <= MAXIMA["uint8"]
        if foreign or narrow:
            raise ValueError(f"Fitted on {self._fitted_on()} but got {dtype} with max {largest:g}.")
        if (self.dtype, dtype) == ("uint16", "uint8") and 0 < self.largest <= MAXIMA["uint8"]:
            raise ValueError(
                f"Fitted on {self._fitted_on()} with max {self.largest:g} but got uint8."
            )
        return 1.0 if same_units else 1 / MAXIMA[dtype]

    def _fitted_on(self):
        if self.as_is:
            return f"{self.dtype} with max {self.largest:g}, which a Rescale layer takes as it is,"
        if self.dtype in MAXIMA:
            return f"{self.dtype} images (÷{MAXIMA[self.dtype]})"
        return f"{self.dtype} with max {self.largest:g}"


def is_scale(value):
    """Return whether a number is above 0 as a float32, and finite."""
    bounds = np.finfo(np.float32)
    return float(bounds.tiny) <= value <= float(bounds.max)


def check_rows(X, kind):
    """Return X as an array, or as `Rows`: sparse, complex, text, objects and 1-D are refused."""
    if type(X) is np.ndarray and X.ndim > 1 and X.size and X.dtype.str in PLAIN:
        return X  # nothing below could change or refuse it, and for one image asking costs as much as the net
    refuse_paths(X)
    lazy = is_lazy(X)
    seen = stand_in(X.shape, X.dtype) if lazy else X
    array = check_array(
        seen, ensure_all_finite=False, allow_nd=True, estimator=kind, input_name="X"
    )
    dtype = np.dtype(X.dtype) if lazy else array.dtype
    if dtype.kind not in "buif":
        raise TypeError(f"X has dtype {dtype}; {kind} takes booleans, integers and floats.")
    if 0 in array.shape:
        raise ValueError(
            f"Found array with 0 feature(s) (shape={array.shape}) while a minimum of 1 is required by {kind}."
        )
    dtype = np.dtype(np.float64) if dtype.itemsize > 8 else dtype.newbyteorder("=")
    return Rows(X, dtype) if lazy else array.astype(dtype, copy=False)


def count_rows(y):
    """Return the rows of y, or None where that cannot be known before it is converted."""
    shape = getattr(y, "shape", None)  # a sparse matrix has no length
    if shape:
        return shape[0]
    return len(y) if hasattr(y, "__len__") and shape is None else None


def feature_attributes(X, array):
    """Return ``n_features_in_`` and, for a data frame, ``feature_names_in_``."""
    if array.ndim != 2:
        return {"n_features_in_": prod(array.shape[1:])}
    probe = BaseEstimator()
    validate_data(probe, X if hasattr(X, "columns") else array, reset=True, skip_check_array=True)
    return vars(probe)


def image_attributes(X, images):
    """Return ``image_form_`` for an image folder whose rows are the images: how its files became those."""
    form = getattr(X, "image_form", None)
    if form is None or (*form["size"], form["channels"]) != images.shape[1:]:
        return {}
    return {"image_form_": dict(form)}


def check_features(estimator, X, array):
    """Compare the features of 2-D X with those of the fit, in scikit-learn's wording."""
    shape = estimator.input_shape_
    stored = _stored(shape, estimator._input_format.data_format == "channels_first")
    alone = {2: (stored,), 3: (stored, shape[:2])}.get(len(shape), ())
    many = (
        (prod(shape),),
        shape[:-1] if shape[-1] == 1 else stored,
    )  # flat, or grey without channels
    if array.shape in alone and array.shape[1:] not in many:
        raise ValueError(_one_image(array.shape, "signal" if len(shape) == 2 else "image"))
    if array.ndim == 2:
        validate_data(
            estimator, X if hasattr(X, "columns") else array, reset=False, skip_check_array=True
        )


def image_shapes(estimator):
    """Return the shapes in which a fitted net takes one image: as X holds it, flat, a grey one without channels."""
    shape = estimator.input_shape_
    stored = _stored(shape, estimator._input_format.data_format == "channels_first")
    return stored, (prod(shape),), *([shape[:2]] if shape[2:] == (1,) else [])


def takes_signals(spec):
    """Return whether the first of the layers that cares is one for signals."""
    layers = () if spec is None or (isinstance(spec, str) and spec == "auto") else as_layers(spec)
    return next((layer.takes for layer in layers if layer.takes != "any"), "any") == "signal"


def as_images(array, shape, data_format, *, n_labels=None, layers=None):
    """Return a view of shape (n, h, w, c), (n, length, c) of signals, or (n, features) where 2-D X has no `shape`.

    Parameters
    ----------
    array : ndarray or Rows
        As `check_rows` returns it.
    shape : tuple of int or None
        What was declared, or fitted on: (h, w, c), (length, c) or (features,).
    data_format : str
        Order of the axes.
    n_labels : int, default=None
        Length of y, which tells one image from many.
    layers : list, dict, str or path, default=None
        The parameter, which says whether 3-D X without a `shape` are signals.
    """
    if isinstance(array, Rows):
        probe = stand_in(array.shape, array.dtype)
        shape = as_images(probe, shape, data_format, n_labels=n_labels, layers=layers).shape[1:]
        first = data_format == "channels_first"
        return array.seen_as(shape, partial(_images, stored=_stored(shape, first), first=first))
    signals = array.ndim == 3 and (takes_signals(layers) if shape is None else len(shape) == 2)
    first = data_format == "channels_first"
    if array.ndim == 2:
        if shape is None or len(shape) == 1:
            images = array
        elif prod(shape) == array.shape[1]:
            images = _images(array, _stored(shape, first), first)
        else:
            raise ValueError(
                f"input_shape {_stored(shape, first)} needs {prod(shape)} features; X has {array.shape[1]}."
            )
    elif signals:
        images = np.moveaxis(array, 1, -1) if first else array
    elif array.ndim == 3:
        images = array[..., None]
        if images.shape[1:] != shape and _is_one_image(array.shape, n_labels):
            raise ValueError(_one_image(array.shape))
    elif array.ndim == 4:
        images = np.moveaxis(array, 1, -1) if first else array
        if images.shape[1:] != shape:
            _check_order(array.shape, first)
    else:
        raise ValueError(
            f"X has shape {_shape(array.shape)}; expected (n, height, width, channels)."
        )
    if shape is not None and images.shape[1:] != shape:
        expected = _shape((0, *_stored(shape, first)))
        raise ValueError(f"X has shape {_shape(array.shape)}; expected {expected}.")
    return images


def check_spatial(layers, n_features, data_format):
    """Raise ValueError if `layers` begin with one that takes maps or signals, which 2-D X is not."""
    for i, layer in enumerate(layers):
        if layer.takes in ("map", "signal"):
            sides = {c: isqrt(n_features // c) for c in CHANNELS}
            fits = [(s, s, c) for c, s in sides.items() if s * s * c == n_features]
            h, w, c = fits[0] if fits else ("height", "width", "channels")
            example = f"({c}, {h}, {w})" if data_format == "channels_first" else f"({h}, {w}, {c})"
            if layer.takes == "signal":
                one = f"({n_features}, 1)"
                example = f"(1, {n_features})" if data_format == "channels_first" else one
            raise ValueError(
                f"X is 2-D with {n_features} features but layers[{i}] is {type(layer).__name__}. "
                f"Set input_shape, e.g. {example}."
            )
        if layer.takes == "flat":
            return


def largest_value(images, kind, rows=None):
    """Return the largest magnitude, of some rows; ValueError in scikit-learn's wording for NaN and infinity.

    uint8 is not read: its is the largest that it can hold.
    """
    if images.dtype.name == "uint8":
        return float(MAXIMA["uint8"])
    if images.dtype.kind == "b":
        return 1.0
    fits = max(1, CHUNK // (prod(images.shape[1:]) * images.itemsize))
    step = len(images) if isinstance(images, Rows) else fits
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


def fitted_format(images, data_format, rescale, kind, *, rows=None, layers=()):
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


def _stored(shape, first):
    """Return the shape of one image or signal as X holds it: with the channels `first`, or as it is."""
    return (shape[-1], *shape[:-1]) if first else shape


def _images(array, stored, first):
    """Return flat rows, or images as X holds them, with the channels last: a view where that is possible."""
    images = array.reshape(len(array), *stored)
    return np.moveaxis(images, 1, -1) if first else images


def _is_one_image(shape, n_labels):
    h, w, c = shape
    if min(h, w) <= c or n_labels == h:
        return False
    return c in (3, 4) or (c == 1 and n_labels is not None)


def _check_order(shape, first):
    """Raise ValueError where the axis of 1, 3 or 4 channels is not where `data_format` says."""
    c, other = (shape[1], shape[3]) if first else (shape[3], shape[1])
    if c not in CHANNELS and other in CHANNELS and shape[2] > 4:
        looks = "channels_last" if first else "channels_first"
        words = looks.replace("_", "-")
        raise ValueError(f'X has shape {_shape(shape)}: looks {words}. Set data_format="{looks}".')


def _one_image(shape, what="image"):
    return f"X has shape {shape}: looks like one {what}. Pass X[None]."


def _shape(shape):
    return f"(n, {', '.join(map(str, shape[1:]))})"
