"""to_onnx: a method of the estimators that returns an ONNX model, and writes it to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convnet.model_io.exported import ExportsNet
from convnet.model_io.onnx.library import onnx_library
from convnet.model_io.onnx.writing.model import FORMS, MIN_OPSET, ClassifierOutputs, to_model
from convnet.persistence.files import atomic_write, check_path
from convnet.values.constraints import boolean, choice, is_integer
from convnet.values.messages import show

if TYPE_CHECKING:
    import os
    from types import ModuleType

DEFAULT_OPSET = 17

_form = choice(*FORMS)


class OnnxMixin(ExportsNet):
    """Adds ``to_onnx`` to an estimator."""

    def to_onnx(
        self, path: str | os.PathLike[str] | None = None, *, opset: int = DEFAULT_OPSET
    ) -> Any:
        """Return the fitted estimator as an ONNX model, which other programs can predict with.

        The model takes X as ``predict`` does: raw samples, in the dtype and the shape of X in ``fit``, any number of
        them. Needs ``pip install "scikit-convnet[onnx]"``.

        Parameters
        ----------
        path : str or path, default=None
            File to write the model to, such as ``"model.onnx"``. An existing file is replaced as a whole. None writes
            no file.
        opset : int, default=17
            Version of ONNX's operators, from 13 to the newest one that the installed onnx knows. Older runtimes need
            an older one.

        Returns
        -------
        model : onnx.ModelProto
            Its input is "X". The output of a regressor is "prediction": float64, of shape (n,) or (n, n_outputs), in
            the units of y. That of a transformer is "embeddings": float32, of shape (n, n_features_out).

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError
            If `opset` is not known, no file can be written at `path`, or the weights take more than 2 GiB.
        ImportError
            If onnx is not installed.
        """
        return _export(self, path, opset, None)


class ClassifierOnnxMixin(OnnxMixin):
    """Adds ``to_onnx`` to a classifier."""

    def to_onnx(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        opset: int = DEFAULT_OPSET,
        proba: str = "tensor",
        labels: bool = True,
    ) -> Any:
        """Return the fitted classifier as an ONNX model, which other programs can predict with.

        The model takes X as ``predict`` does: raw samples, in the dtype and the shape of X in ``fit``, any number of
        them. Needs ``pip install "scikit-convnet[onnx]"``.

        Parameters
        ----------
        path : str or path, default=None
            File to write the model to, such as ``"model.onnx"``. An existing file is replaced as a whole. None writes
            no file.
        opset : int, default=17
            Version of ONNX's operators, from 13 to the newest one that the installed onnx knows. Older runtimes need
            an older one.
        proba : {"tensor", "zipmap", "columns"}, default="tensor"
            Form of the probabilities:

            - "tensor": one output, "probabilities", float32 of shape (n, n_classes).
            - "zipmap": one output, "probabilities", a list with a dict from class to probability for each sample, as
              skl2onnx makes them. Needs a runtime with the operators of ai.onnx.ml.
            - "columns": an output of shape (n,) for each class: "probability_cat", "probability_dog".
        labels : bool, default=True
            Whether the first output is "label": what ``predict`` returns, as strings or int64.

        Returns
        -------
        model : onnx.ModelProto
            Its input is "X". Its outputs are those that `labels` and `proba` choose.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError
            If a parameter is not valid, no file can be written at `path`, the weights take more than 2 GiB, or the
            classes are neither strings nor integers.
        ImportError
            If onnx is not installed.

        Examples
        --------
        >>> from convnet import ConvNetClassifier
        >>> from sklearn.datasets import load_digits
        >>> X, y = load_digits(return_X_y=True)
        >>> clf = ConvNetClassifier(max_iter=2).fit(X, y)
        >>> model = clf.to_onnx("digits.onnx")
        >>> [output.name for output in model.graph.output]
        ['label', 'probabilities']
        """
        outputs = ClassifierOutputs(
            _form.check("to_onnx: proba", proba), boolean.check("to_onnx: labels", labels)
        )
        return _export(self, path, opset, outputs)


def _export(
    estimator: Any,
    path: str | os.PathLike[str] | None,
    opset: Any,
    outputs: ClassifierOutputs | None,
) -> Any:
    """Return the model of an estimator, and write it unless `path` is None."""
    net, layer = estimator._exported()
    onnx = onnx_library("to_onnx")
    opset = check_opset(onnx, opset)
    path = None if path is None else check_path("to_onnx", path)
    model = to_model(onnx, estimator, net, opset=opset, layer=layer, outputs=outputs)
    if path is not None:
        with atomic_write(path) as file:
            file.write(model.SerializeToString())
    return model


def check_opset(onnx: ModuleType, opset: Any) -> int:
    """Return a version of the operators. Raise ValueError unless convnet and the library know it."""
    newest = onnx.defs.onnx_opset_version()
    if not is_integer(opset) or not MIN_OPSET <= opset <= newest:
        raise ValueError(
            f"to_onnx: opset must be an integer from {MIN_OPSET} to {newest}, the newest of onnx "
            f"{onnx.__version__}; got {show(opset)}."
        )
    return int(opset)
