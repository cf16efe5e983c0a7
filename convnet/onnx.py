"""Pipelines and searches with convnet's estimators as ONNX models, converted by skl2onnx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convnet._extras import missing_extra
from convnet.estimators.classifier import ConvNetClassifier
from convnet.estimators.regressor import ConvNetRegressor
from convnet.estimators.transformer import ConvNetTransformer
from convnet.model_io.onnx.writing import converters

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["register"]


def register() -> None:
    """Let skl2onnx convert convnet's estimators, also inside pipelines and fitted searches.

    It needs ``pip install "scikit-convnet[onnx]"``. Subclasses that exist at the time of the call are registered too.
    Calling it again is harmless.

    For an estimator alone, ``to_onnx`` is simpler: it knows the shape and the dtype of X.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    Notes
    -----
    skl2onnx's options for a classifier are `zipmap` (True, False or "columns"), `nocl`, `raw_scores` and
    `output_class_labels`. With `raw_scores`, the scores of two classes are (-z, z), where z is the logit. X has the
    dtype and the shape of `initial_types`; it is scaled as ``predict`` scales X of that dtype. The output of a
    regressor has the shape (n, n_outputs).

    Examples
    --------
    >>> import convnet.onnx
    >>> from convnet import ConvNetClassifier
    >>> from skl2onnx import to_onnx
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_digits(return_X_y=True)
    >>> pipe = make_pipeline(StandardScaler(), ConvNetClassifier(input_shape=(8, 8), max_iter=2)).fit(X, y)
    >>> convnet.onnx.register()
    >>> model = to_onnx(pipe, X[:1].astype("float32"), options={"zipmap": False})
    >>> [output.name for output in model.graph.output]
    ['label', 'probabilities']
    """
    try:
        from skl2onnx import update_registered_converter
    except ImportError:
        raise ImportError(missing_extra("convnet.onnx.register", "skl2onnx", "onnx")) from None
    kinds = (
        (ConvNetClassifier, converters.classifier_types, converters.convert_classifier),
        (ConvNetRegressor, converters.regressor_types, converters.convert_regressor),
        (ConvNetTransformer, converters.transformer_types, converters.convert_transformer),
    )
    for base, types, convert in kinds:
        options = converters.CLASSIFIER_OPTIONS if base is ConvNetClassifier else None
        for cls in _with_subclasses(base):
            alias = f"{cls.__module__}.{cls.__qualname__}"
            update_registered_converter(cls, alias, types, convert, options=options)


def _with_subclasses(cls: type[Any]) -> Iterator[type[Any]]:
    yield cls
    for one in cls.__subclasses__():
        yield from _with_subclasses(one)
