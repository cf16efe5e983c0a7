"""Why X cannot become an array of numbers: its elements are arrays of different shapes, images, files or text."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import numpy as np

from convnet.data.arraylikes import as_objects
from convnet.data.images.pillow import EXTENSIONS
from convnet.inputs.paths import FILE_BYTES, paths_error
from convnet.values.messages import quoted

MAX_SHAPES = 3  # shapes that an error lists


def nested_error(X: Any) -> TypeError | ValueError | None:
    """Return an error that says what the elements of X are and what to do, or None if they are numbers.

    Call it when X could not be converted: it visits all elements.
    """
    try:
        objects = as_objects(X)
    except Exception:  # an array-like can raise anything
        return None
    if objects.ndim == 2 and objects.shape[1] == 1:
        objects = objects[:, 0]
    if not objects.size:
        return None
    cells = objects.ravel()
    first = next((cell for cell in cells if cell is not None), None)
    if objects.ndim == 1 and isinstance(first, str | os.PathLike):
        is_column = len(getattr(X, "columns", ())) == 1  # which may have categories
        return None if is_column and not _is_image_path(first) else paths_error(first)
    if objects.ndim == 1 and isinstance(first, bytes | bytearray):
        return TypeError(FILE_BYTES)
    if objects.ndim > 1:
        nested = next((cell for cell in cells if _is_nested(cell)), None)
        return None if nested is None else _columns_error(X, objects.shape)
    if not _is_nested(first):
        return None
    if n_missing := sum(cell is None for cell in cells):
        return ValueError(
            f"{n_missing} of the samples of X are None. Leave them out, and their labels."
        )
    shapes = Counter(_shape(cell) for cell in cells)
    if len(shapes) > 1 or "ragged" in shapes:
        return _shapes_error(shapes)
    return _stack_error(X, first, len(cells)) if np.asarray(first).dtype.kind in "buif" else None


def _is_image_path(text: str | os.PathLike[str]) -> bool:
    return os.path.splitext(os.fspath(text))[1].lower() in EXTENSIONS


def _is_nested(cell: object) -> bool:
    """Return whether an element of X has elements: an array, a list, an image of Pillow."""
    return not isinstance(cell, str | bytes | dict) and bool(_shape(cell))


def _shape(cell: Any) -> tuple[int, ...] | str:
    """Return the shape of an element of X; "ragged" if it is itself a list of lists of different lengths."""
    if isinstance(getattr(cell, "shape", None), tuple):
        return cell.shape
    size = getattr(cell, "size", None)
    if isinstance(size, tuple) and hasattr(cell, "getbands"):  # Pillow's: (width, height)
        bands = len(cell.getbands())
        return (*size[::-1], *([bands] if bands > 1 else []))
    try:
        return np.shape(cell)
    except ValueError:
        return "ragged"


def _stack_error(X: Any, first: Any, n: int) -> ValueError:
    columns: Any = getattr(X, "column_names", getattr(X, "columns", ()))  # of pyarrow; of others
    values = f"X[{quoted(columns[0])}]" if len(columns) == 1 else "X"
    return ValueError(
        f"X is a column of {n} objects of shape {_shape(first)}, not an array. Make it one: np.stack({values})."
    )


def _columns_error(X: Any, shape: tuple[int, ...]) -> ValueError:
    return ValueError(
        f"X has shape {shape}, and some of its elements are lists or arrays. Make one array of them, with a number in "
        "each element: images of shape (n, height, width, channels), signals of shape (n, length, channels), or rows "
        "of shape (n, features)."
    )


def _shapes_error(shapes: Counter[Any]) -> ValueError:
    common = shapes.most_common(MAX_SHAPES)
    listed = ", ".join(f"{shape} ({n} of them)" for shape, n in common)
    more = f" and {len(shapes) - MAX_SHAPES} more shapes" if len(shapes) > MAX_SHAPES else ""
    sides = [shape for shape in shapes if isinstance(shape, tuple) and shape]
    remedies = []
    if not sides or max(map(len, sides)) > 1:
        remedies.append(
            "Resize images to one size, such as 64×64: "
            "convnet.data.ImageReader(size=(64, 64)).transform([PIL.Image.fromarray(x) for x in X])."
        )
    if sides and max(map(len, sides)) < 3:
        longest = max(shape[:1] for shape in sides)[0]
        widths = f"(0, {longest} - len(x))"
        if max(map(len, sides)) == 2:
            widths = f"({widths}, (0, 0))"
        remedies.append(f"Pad signals to one length: np.stack([np.pad(x, {widths}) for x in X]).")
    return ValueError(
        f"X has samples of different shapes: {listed}{more}. A net takes samples of one shape. {' '.join(remedies)}"
    )
