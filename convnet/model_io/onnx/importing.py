"""from_onnx: a fitted estimator from an ONNX model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.model_io.files import estimator_from_manifest
from convnet.model_io.onnx.reading.assembly import describe, reader_of
from convnet.model_io.onnx.reading.errors import ClassesError, InputShapeError
from convnet.model_io.onnx.reading.loading import load_model
from convnet.persistence.model_file import ModelFileError
from convnet.values.constraints import is_integer
from convnet.values.messages import printable, quoted, shorten, show

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from convnet.estimators.classifier import ConvNetClassifier
    from convnet.estimators.regressor import ConvNetRegressor


def from_onnx(
    path: str | os.PathLike[str] | bytes | Any,
    classes: ArrayLike | None = None,
    *,
    input_shape: int | tuple[int, ...] | None = None,
) -> Any:
    """TODO."""
    labels = _checked_classes(classes)
    shape = _checked_shape(input_shape)
    try:
        model = load_model(path)
        manifest, arrays = describe(model, labels, shape)
        return estimator_from_manifest(manifest, reader_of(arrays))
    except (ImportError, OSError, MemoryError, ModelFileError, InputShapeError, ClassesError):
        raise
    except Exception as error:  # a file can be wrong in as many ways as there are exceptions
        if not isinstance(path, str | bytes | os.PathLike) and isinstance(error, TypeError):
            raise
        what = quoted(os.fsdecode(path)) if isinstance(path, str | os.PathLike) else "the model"
        reason = " ".join(str(error).split())[:500] or type(error).__name__
        raise ModelFileError(
            shorten(printable(f"from_onnx: {what} is not a model that a net can be made of: {reason}"))
        ) from error


def _checked_classes(classes: ArrayLike | None) -> np.ndarray | None:
    if classes is None:
        return None
    labels = np.asarray(list(classes) if isinstance(classes, range) else classes)
    if labels.ndim != 1 or labels.dtype.kind not in "biufUSO" or len(labels) < 2:
        raise ClassesError(
            f"from_onnx: classes must be a list of at least two labels, one for each output; got {show(classes)}."
        )
    return labels


def _checked_shape(input_shape: int | tuple[int, ...] | None) -> tuple[int, ...] | None:
    if input_shape is None:
        return None
    shape = (input_shape,) if is_integer(input_shape) else input_shape
    is_shape = isinstance(shape, tuple | list) and 1 <= len(shape) <= 3
    if not is_shape or any(not is_integer(n) or n < 1 for n in shape):  # type: ignore[union-attr]
        raise InputShapeError(
            "from_onnx: input_shape must be (height, width, channels), (length, channels) or (features,); got "
            f"{show(input_shape)}."
        )
    return tuple(int(n) for n in shape)  # type: ignore[union-attr]
