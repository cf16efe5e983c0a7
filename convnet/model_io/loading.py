"""Estimators from files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from convnet.estimators.classifier import ConvNetClassifier
from convnet.estimators.regressor import ConvNetRegressor
from convnet.estimators.transformer import ConvNetTransformer
from convnet.fitted.validate import check_layer
from convnet.model_io.description import build
from convnet.persistence import model_file
from convnet.values.fields import show

if TYPE_CHECKING:
    import os

    from convnet.persistence.model_file import Fetch


NETS = {cls.__name__: cls for cls in (ConvNetClassifier, ConvNetRegressor)}
ESTIMATORS = {**NETS, ConvNetTransformer.__name__: ConvNetTransformer}


def load(path: str | os.PathLike[str]) -> ConvNetClassifier | ConvNetRegressor | ConvNetTransformer:
    """Return the fitted estimator in a file that its ``save`` wrote.

    Nothing in the file is run. Names, shapes and checksums are compared with the net that it describes before memory is
    taken for them; memory is bounded by the size of the file.

    Parameters
    ----------
    path : str or path
        Ends in ``.npz``, or in ``.safetensors``, which needs the extra of that name.

    Returns
    -------
    estimator : ConvNetClassifier, ConvNetRegressor or ConvNetTransformer
        Fitted; it predicts the same bits as the one that was saved.

    Raises
    ------
    ModelFileError
        The file is something else, truncated or altered, or of a newer release.
    OSError
        It does not exist or cannot be opened.
    ValueError
        The path has another ending.
    ImportError
        The path ends in ``.safetensors`` and safetensors is not installed.

    Examples
    --------
    >>> import convnet
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = convnet.ConvNetClassifier(max_iter=2).fit(X, y)
    >>> clf.save("digits.npz")
    >>> same = convnet.load("digits.npz")
    >>> bool((same.predict_proba(X) == clf.predict_proba(X)).all())
    True
    """
    return model_file.read(path, _estimator)


def _estimator(
    description: dict[str, Any], arrays: Fetch
) -> ConvNetClassifier | ConvNetRegressor | ConvNetTransformer:
    if description["estimator"] != ConvNetTransformer.__name__:
        return _net(description, arrays)
    net = _net(description["net"], arrays)
    layer, name = description["layer"], description["layer_"]
    check_layer(net, name)
    if not isinstance(layer, int | str):
        raise ValueError(f"layer is {show(layer)}, neither a name nor a number.")
    frozen = description["frozen"]
    transformer = ConvNetTransformer(FrozenEstimator(net) if frozen else clone(net), layer)
    transformer.estimator_ = FrozenEstimator(net) if frozen else net
    transformer.layer_ = name
    return transformer


def _net(description: dict[str, Any], arrays: Fetch) -> ConvNetClassifier | ConvNetRegressor:
    kind = description["estimator"]
    if kind not in NETS:
        raise ValueError(f"there is no estimator {kind!r}.")
    return build(NETS[kind], description, arrays)
