"""from_onnx: a fitted estimator from an ONNX model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.model_io.files import estimator_from_manifest
from convnet.model_io.onnx.reading.assembly import describe, reader_of
from convnet.model_io.onnx.reading.errors import ClassesError, InputShapeError
from convnet.model_io.onnx.reading.protobuf.loading import load_model
from convnet.persistence.model_file import ModelFileError
from convnet.values.constraints import is_integer
from convnet.values.messages import printable, quoted, shorten, show

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def from_onnx(
    path: str | os.PathLike[str] | bytes | Any,
    classes: ArrayLike | None = None,
    *,
    input_shape: int | tuple[int, ...] | None = None,
) -> Any:
    """Return a fitted estimator from an ONNX model, such as one that PyTorch or ``to_onnx`` wrote.

    The net consists of ordinary layers, named after the nodes. It can predict, be explained, saved, trained further
    with ``partial_fit`` or `warm_start`, and give its first layers to a net with a new output layer. Needs
    ``pip install "scikit-convnet[onnx]"``. The guide on ONNX lists the operators.

    A model that ``to_onnx`` wrote comes back as the estimator that it was written from, with the same layers, classes,
    form of X and units. Of any other model, the end of the graph decides what it becomes:

    - A softmax, or labels as an output: a `ConvNetClassifier`.
    - A sigmoid: a classifier of two classes if it has one value, else one with several labels per sample.
    - Neither: a `ConvNetRegressor`, which predicts the outputs as they are. With `classes`, the outputs are logits, as
      those of most nets from PyTorch are, and the result is a classifier.

    Parameters
    ----------
    path : str, path, bytes or onnx.ModelProto
        Path of an ``.onnx`` file, its content, or a model in memory. Weights in other files are read if these are in
        the folder of the model.
    classes : array-like of shape (n_classes,), default=None
        Label of each output of the graph, in their order. ``classes_`` has them sorted, like ``predict_proba``. None
        takes the labels in the graph, else the numbers from 0.
    input_shape : int or tuple of int, default=None
        (height, width, channels), (length, channels) or (features,). Needed if the graph does not fix the size.

    Returns
    -------
    estimator : ConvNetClassifier, ConvNetRegressor or ConvNetTransformer
        Fitted estimator. X has its channels last, whatever the graph has, and is not scaled: pass the values that the
        graph takes. Its attributes about training are those of ``initialize``.

    Raises
    ------
    ModelFileError
        If layers cannot express the graph, in which case the message lists the operators and nodes; or if the file is
        damaged.
    ValueError
        If `input_shape` is needed, or it or `classes` does not fit the graph.
    OSError
        If the file does not exist or cannot be opened.
    TypeError
        If `path` is of another type.
    ImportError
        If onnx is not installed.

    Notes
    -----
    No code of the model is run, and no file outside its folder is read. Memory is bounded by the size of the file.

    Every net ends with a dense layer. If the graph does not, as in SqueezeNet, the output layer is the identity. A
    softmax of two values becomes one logit, their difference. A scale and an offset of each channel go into the layer
    before them, become a `Normalize` layer at the input, or a depthwise convolution.

    Examples
    --------
    >>> import convnet
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = convnet.ConvNetClassifier(max_iter=2).fit(X, y)
    >>> same = convnet.from_onnx(clf.to_onnx())
    >>> bool((same.predict_proba(X) == clf.predict_proba(X)).all())
    True
    """
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
            shorten(
                printable(f"from_onnx: {what} is not a model that a net can be made of: {reason}")
            )
        ) from error


def _checked_classes(classes: ArrayLike | None) -> np.ndarray | None:
    if classes is None:
        return None
    labels = np.asarray(list(classes) if isinstance(classes, range) else classes)
    if labels.ndim != 1 or labels.dtype.kind not in "biufUO" or len(labels) < 2:
        raise ClassesError(
            f"from_onnx: classes must be a list of at least two labels, one for each output; got {show(classes)}."
        )
    given = labels.tolist() if isinstance(classes, np.ndarray) else list(classes)  # type: ignore[arg-type]
    is_text = labels.dtype.kind in "UO"  # a list of strings and numbers becomes an array of strings
    if (is_text and not all(isinstance(one, str) for one in given)) or (
        labels.dtype.kind == "f" and not np.isfinite(labels).all()
    ):
        raise ClassesError(
            f"from_onnx: classes must be all strings or all finite numbers; got {show(classes)}."
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
