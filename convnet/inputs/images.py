"""X as images, signals or flat features.

X is never copied or converted as a whole: uint8 stays uint8, a memmap stays on disk, channels-first images become a
view, and lazy X is read when its samples are needed.
"""

from __future__ import annotations

from functools import partial
from math import isqrt, prod
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from convnet.data.arraylikes import Images, as_array, is_lazy, placeholder
from convnet.data.lazy.array import LazyArray
from convnet.inputs.nested import nested_error
from convnet.inputs.paths import refuse_paths
from convnet.layers import as_layers
from convnet.layers.geometry import cross
from convnet.values.constraints import is_integer
from convnet.values.messages import listed
from convnet.values.user_warnings import warn_user

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.layers.base import Layer


CHANNELS = (1, 3, 4)  # gray, RGB, RGBA
NATIVE = [np.dtype(code) for code in "?bBhHiIlLqQefd"]  # X keeps these dtypes
DTYPE_CODES, DTYPES = {dtype.str for dtype in NATIVE}, {dtype.name for dtype in NATIVE}


def check_rows(X: Any, estimator_name: str) -> Images:
    """Return X as an array, or as `LazyArray` if it is lazy. Raise for sparse, complex, text, object and 1-D X."""
    if type(X) is np.ndarray and X.ndim > 1 and X.size and X.dtype.str in DTYPE_CODES:
        return X  # nothing to convert or refuse; for one image, the checks below would take as long as the net
    refuse_paths(X)
    lazy = is_lazy(X)
    checked = placeholder(X.shape, X.dtype) if lazy else X
    try:
        array = as_array(
            checked, "X", ensure_all_finite=False, allow_nd=True, estimator=estimator_name
        )
    except (TypeError, ValueError):
        nested = None if lazy or issparse(X) else nested_error(X)
        if nested is None:
            raise
        raise nested from None
    dtype = np.dtype(X.dtype) if lazy else array.dtype
    if dtype.kind not in "buif":
        nested = None if lazy else nested_error(X)
        if nested is not None:
            raise nested
        raise TypeError(
            f"X has dtype {dtype}; {estimator_name} takes booleans, integers and floats."
        )
    if 0 in array.shape:
        raise ValueError(
            f"Found array with 0 feature(s) (shape={array.shape}) while a minimum of 1 is required by {estimator_name}."
        )
    dtype = np.dtype(np.float64) if dtype.itemsize > 8 else dtype.newbyteorder("=")
    with np.errstate(over="ignore"):  # what becomes infinite is refused later
        return LazyArray(X, dtype) if lazy else array.astype(dtype, copy=False)


def feature_attributes(X: Any, array: Images) -> dict[str, Any]:
    """Return ``n_features_in_`` and, for a data frame, ``feature_names_in_``."""
    if array.ndim != 2:
        return {"n_features_in_": prod(array.shape[1:])}
    probe = BaseEstimator()
    validate_data(probe, X if hasattr(X, "columns") else array, reset=True, skip_check_array=True)
    return vars(probe)


def image_attributes(X: Any, y: Any, images: Images) -> dict[str, Any]:
    """Return how files became images if X is an image folder, and the names of its classes if y is its `target`.

    ``image_form_`` is left out if the samples of the folder are not `images`.
    """
    form = getattr(X, "image_form", None)
    if form is None:
        return {}
    found: dict[str, Any] = {"_folder_classes": list(X.target_names)} if _is_target(X, y) else {}
    if (*form["size"], form["channels"]) == images.shape[1:]:
        found["image_form_"] = dict(form)
    return found


def check_folder_classes(known: list[str] | None, X: Any, y: Any, names: tuple[str, str]) -> None:
    """Raise ValueError if integers of an image folder mean other classes than in the folder of the fit.

    Parameters
    ----------
    known : list of str or None
        Names of the classes of the folder whose integers the net is or was fitted to. None if there is no such folder.
    X, y : object, array-like
        As passed. They are compared only if X is an image folder and y its `target`.
    names : tuple of str
        Names of `X` and `y`, for the error.
    """
    if known is None or not _is_target(X, y) or list(X.target_names) == known:
        return
    raise ValueError(
        f"{names[0]} is an image folder with the classes {listed(X.target_names)}, but training uses a folder with the "
        f"classes {listed(known)}, so the same integer stands for different classes. Pass class names for both "
        f"folders: {names[1]}=np.array(folder.target_names)[folder.target] for each folder."
    )


def _is_target(X: Any, y: Any) -> bool:
    """Return whether y holds the integers of an image folder X."""
    target = getattr(X, "target", None)
    return hasattr(X, "target_names") and target is not None and np.array_equal(y, target)


def check_features(estimator: Any, X: Any, array: Images) -> None:
    """Compare X with the X of the fit.

    Raise ValueError, in scikit-learn's words, if 2-D X has other features. Warn if an image folder makes images of its
    files in another way.
    """
    form, known = getattr(X, "image_form", None), getattr(estimator, "image_form_", None)
    if form is not None and known is not None and form["fit"] != known["fit"]:
        warn_user(
            f"X is an ImageFolder with fit={form['fit']!r}, but the fit was on one with {known['fit']!r}. "
            "Pass ImageFolder(path, **image_form_).",
        )
    shape = estimator.input_shape_
    stored = stored_shape(shape, estimator._input_format.data_format == "channels_first")
    alone = {2: (stored,), 3: (stored, shape[:2])}.get(len(shape), ())
    many = (
        (prod(shape),),
        shape[:-1] if shape[-1] == 1 else stored,
    )  # flat, or gray without channels
    if array.shape in alone and array.shape[1:] not in many:
        raise ValueError(_one_image(array.shape, "signal" if len(shape) == 2 else "image"))
    if array.ndim == 2:
        validate_data(
            estimator, X if hasattr(X, "columns") else array, reset=False, skip_check_array=True
        )


def image_shapes(estimator: Any) -> tuple[tuple[int, ...], ...]:
    """Return the shapes of one image that a fitted net accepts: as stored in X, flat, and gray without channels."""
    return accepted_shapes(estimator.input_shape_, estimator._input_format.data_format)


def accepted_shapes(shape: tuple[int, ...], data_format: str) -> tuple[tuple[int, ...], ...]:
    """Return the shapes of a sample that a net with this input shape accepts."""
    stored = stored_shape(shape, data_format == "channels_first")
    return stored, (prod(shape),), *([shape[:2]] if shape[2:] == (1,) else [])


def takes_signals(spec: Any) -> bool:
    """Return whether a net takes signals. The first layer that takes only one kind of input decides."""
    layers = () if spec is None or (isinstance(spec, str) and spec == "auto") else as_layers(spec)
    return next((layer.takes for layer in layers if layer.takes != "any"), "any") == "signal"


def as_images(
    array: Images,
    shape: tuple[int, ...] | None,
    data_format: str,
    *,
    n_labels: int | None = None,
    layers: Any = None,
) -> Images:
    """Return X as a view with channels last.

    The view has shape (n, h, w, c) for images, (n, length, c) for signals, or (n, features) if X is 2-D and `shape` is
    None or has one entry.

    Parameters
    ----------
    array : ndarray or LazyArray
        As `check_rows` returns it.
    shape : tuple of int or None
        Declared or fitted shape: (h, w, c), (length, c) or (features,). None accepts the shape of X.
    data_format : str
        Order of the axes: "channels_last" or "channels_first".
    n_labels : int, default=None
        Length of y. It helps to recognize a single image that was passed without a sample axis.
    layers : list, dict, str or path, default=None
        The parameter. If `shape` is None, it decides whether 3-D X holds signals or gray images.

    Returns
    -------
    images : ndarray or LazyArray
        The view.

    Raises
    ------
    ValueError
        If the shape of X does not fit `shape`, is not a shape of images, or looks like a single image or like the other
        order of axes.
    """
    if isinstance(array, LazyArray):
        probe = placeholder(array.shape, array.dtype)
        shape = as_images(probe, shape, data_format, n_labels=n_labels, layers=layers).shape[1:]
        first = data_format == "channels_first"
        return array.seen_as(
            shape, partial(_images, stored=stored_shape(shape, first), first=first)
        )
    signals = array.ndim == 3 and (takes_signals(layers) if shape is None else len(shape) == 2)
    first = data_format == "channels_first"
    if array.ndim == 2:
        if shape is None or len(shape) == 1:
            images = array
        elif prod(shape) == array.shape[1]:
            images = _images(array, stored_shape(shape, first), first)
        else:
            raise ValueError(
                f"input_shape {stored_shape(shape, first)} needs {prod(shape)} features; X has {array.shape[1]}."
            )
    elif signals:
        images = np.moveaxis(array, 1, -1) if first else array
        _check_order(array.shape, first, shape)
    elif array.ndim == 3:
        images = array[..., None]
        if images.shape[1:] != shape and _is_one_image(array.shape, n_labels):
            raise ValueError(_one_image(array.shape))
    elif array.ndim == 4:
        images = np.moveaxis(array, 1, -1) if first else array
        if shape is not None or not takes_signals(layers):  # the first layer refuses maps
            _check_order(array.shape, first, shape)
    else:
        raise ValueError(
            f"X has shape {_shape(array.shape)}; expected (n, height, width, channels)."
        )
    if shape is not None and images.shape[1:] != shape:
        expected = _shape((0, *stored_shape(shape, first)))
        raise ValueError(
            f"X has shape {_shape(array.shape)}; expected {expected}.{_reshaping(images.shape[1:], shape)}"
        )
    return images


def _reshaping(found: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """Return the remedy for samples of another shape, in the net's order of axes."""
    if len(found) != len(expected):
        return " Give each sample the shape that the samples in fit had."
    if found[-1] != expected[-1]:
        return f" The samples have {found[-1]} channels instead of {expected[-1]}: convert them."
    if len(expected) == 3:
        return (
            f" Resize the images to {expected[0]}×{expected[1]} pixels, for example with the method resize of Pillow's "
            "images."
        )
    return f" Pad or cut the signals to length {expected[0]}."


def check_spatial(layers: Sequence[Layer], n_features: int, data_format: str) -> None:
    """Raise ValueError if the net takes maps or signals: the first layer that takes only one kind of input decides."""
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
                f"X is 2-D with {n_features} features but layers[{i}] is {type(layer).__name__}. Pass the shape of one "
                f"sample to the estimator, such as input_shape={example}."
            )
        if layer.takes == "flat":
            return


def stored_shape(shape: tuple[int, ...], first: bool) -> tuple[int, ...]:
    """Return the shape of one image or signal as stored in X: with channels first if `first`, else unchanged."""
    return (shape[-1], *shape[:-1]) if first else shape


def _images(array: np.ndarray, stored: tuple[int, ...], first: bool) -> np.ndarray:
    """Return flat samples, or images as stored in X, with channels last: a view if possible."""
    images = array.reshape(len(array), *stored)
    return np.moveaxis(images, 1, -1) if first else images


def _is_one_image(shape: Sequence[int], n_labels: int | None) -> bool:
    h, w, c = shape
    if min(h, w) <= c or n_labels == h:
        return False
    return c in (3, 4) or (c == 1 and n_labels is not None)


def _check_order(shape: Sequence[int], first: bool, expected: tuple[int, ...] | None) -> None:
    """Raise ValueError if the axes of X seem to have another order than `data_format` says.

    If `expected` is given, X is compared with it. Otherwise the sizes of the axes decide, and the error says how to
    declare either order.

    Parameters
    ----------
    shape : tuple of int
        Shape of X: images or signals.
    first : bool
        Whether `data_format` is "channels_first".
    expected : tuple of int or None
        Declared or fitted shape of one image or signal, with channels last.
    """
    one = shape[1:]
    as_last, as_first = tuple(one), (*one[1:], one[0])  # with channels last, as read in each format
    read, other = (as_first, as_last) if first else (as_last, as_first)
    looks = "channels-last" if first else "channels-first"
    if expected is not None and read != expected == other:
        move = "np.moveaxis(X, -1, 1)" if first else "np.moveaxis(X, 1, -1)"
        raise ValueError(
            f"X has shape {_shape(shape)}; expected {_shape((0, *stored_shape(expected, first)))}. It looks {looks}: "
            f"pass {move}."
        )
    if expected is None and _seems_moved(read, other, first):
        raise ValueError(
            f"X has shape {_shape(shape)}: looks {looks}. If X holds {_reading(other)}, pass "
            f'data_format="{looks.replace("-", "_")}" to the estimator. If it holds {_reading(read)}, pass '
            f"input_shape={tuple(one)}."
        )


def _seems_moved(read: tuple[int, ...], other: tuple[int, ...], first: bool) -> bool:
    """Return whether images or signals, with channels last, are less likely to be `read` than `other`.

    Signals have more steps than channels. Images have 1, 3 or 4 channels, or two equal sides. With `first`, the user
    has chosen the order, so only what is hardly possible counts.
    """
    *sides, channels = read
    if len(sides) == 1:
        return sides[0] == 1 < channels if first else channels > sides[0]
    if channels in CHANNELS:
        return False
    middle = sides[0] if first else sides[1]  # a side in either order
    square = not first and other[0] == other[1] != sides[0]
    return (other[-1] in CHANNELS and middle > max(CHANNELS)) or square


def _reading(shape: tuple[int, ...]) -> str:
    """Return what X holds if the shape of a sample with channels last is this: "images of 28×28 with 1 channel"."""
    *sides, channels = shape
    steps = f"signals of {sides[0]} {'step' if sides[0] == 1 else 'steps'}"
    what = f"images of {cross(sides)} pixels" if len(sides) == 2 else steps
    return f"{what} with {channels} {'channel' if channels == 1 else 'channels'}"


def _one_image(shape: Sequence[int], what: str = "image") -> str:
    return f"X has shape {shape}: looks like one {what}. Pass X[None]."


def _shape(shape: Sequence[int]) -> str:
    return f"(n, {', '.join(map(str, shape[1:]))})"


def declared_shape(value: Any, data_format: str, layers: Any = None) -> tuple[int, ...] | None:
    """Return a valid `input_shape` as (h, w, c), (length, c), (features,) or None.

    The parameter has the order of `data_format`. Two numbers are (length, channels) if `layers` take signals, and
    (height, width) otherwise.
    """
    if value is None:
        return None
    shape = (int(value),) if is_integer(value) else tuple(map(int, value))
    if len(shape) == 2 and takes_signals(layers):
        return shape[::-1] if data_format == "channels_first" else shape
    if len(shape) == 3 and data_format == "channels_first":
        return (*shape[1:], shape[0])
    return (*shape, 1) if len(shape) == 2 else shape
