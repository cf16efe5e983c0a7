"""ConvNetTransformer: the output of a layer of a fitted net as features."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn import get_config
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import check_is_fitted

from convnet._sklearn_bases import BaseEstimator, MetaEstimatorMixin, TransformerMixin
from convnet.estimators.base import BaseConvNet
from convnet.estimators.call_checks import CallChecksMixin, checked_call
from convnet.estimators.declaration import ParameterError, check_parameters, declares_parameters
from convnet.fitted.state import fit_snapshot
from convnet.fitted.validate import validate_fitted
from convnet.graph import Plan
from convnet.layers import resolve_names
from convnet.model_io.c_source.export import CExportMixin
from convnet.model_io.description import class_name, to_manifest
from convnet.model_io.files import SavingMixin, estimator_from_manifest, register_estimator
from convnet.model_io.onnx.exporting import OnnxMixin
from convnet.model_io.torch_module.export import TorchMixin
from convnet.values.constraints import is_integer, parameter
from convnet.values.messages import did_you_mean, listed, show
from convnet.values.user_warnings import warn_user

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.utils import Tags

    from convnet.fitted.weights import Weights
    from convnet.persistence.model_file import ReadArrays


@register_estimator
@declares_parameters
class ConvNetTransformer(
    CallChecksMixin,
    SavingMixin,
    OnnxMixin,
    CExportMixin,
    TorchMixin,
    MetaEstimatorMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Transform images to embeddings: the flattened outputs of a layer of a net.

    Other estimators can use them as features.

    Parameters
    ----------
    estimator : ConvNetClassifier, ConvNetRegressor or FrozenEstimator of one
        The net. ``fit`` fits a clone of it. A fitted net in a ``sklearn.frozen.FrozenEstimator`` is used without
        further training.
    layer : int or str, default=-1
        Index or name of the layer. An index refers to the `layers` of the estimator. A negative index counts from the
        end, so that -1 is the last layer before the output layer. A name is one in ``layers_`` of the net, including
        "flatten" and "output", or that of a nested layer, such as "residual1/conv1".

    Attributes
    ----------
    estimator_ : ConvNetClassifier, ConvNetRegressor or FrozenEstimator
        The fitted net.
    layer_ : str
        Name of the layer.
    n_features_in_ : int
        Number of values per sample: height · width · channels, length · channels, or the features of flat rows.
    feature_names_in_ : ndarray of str
        Names of the columns of X in ``fit``. Defined only if X was a data frame.

    Raises
    ------
    ValueError, TypeError
        In ``fit``, before training, if `estimator` is not a net or does not have the layer.

    Examples
    --------
    >>> from convnet import ConvNetClassifier, ConvNetTransformer
    >>> from convnet.layers import Conv2D, Dense, MaxPool2D
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> digits = load_digits()
    >>> net = ConvNetClassifier(
    ...     [Conv2D(8, 3, activation="relu"), MaxPool2D(2), Dense(32, activation="relu")], random_state=0
    ... )
    >>> pipe = make_pipeline(ConvNetTransformer(net), KNeighborsClassifier())
    >>> pipe.fit(digits.images / 16, digits.target)[:-1].transform(digits.images / 16).shape
    (1797, 32)
    """

    estimator: Any = parameter(None, kw_only=False)
    layer: int | str = parameter(None, default=-1, kw_only=False)

    @checked_call
    def fit(self, X: Any, y: Any = None, **fit_params: Any) -> Self:
        """Fit the net, unless it is frozen.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat rows.
        y : array-like of shape (n,) or (n, n_outputs), default=None
            Targets. Not needed if the net is frozen.
        **fit_params : dict
            Parameters that are passed to ``fit`` of the net, such as `sample_weight`. If metadata routing is enabled,
            the net must request them.

        Returns
        -------
        self : object
            Fitted transformer.

        Raises
        ------
        ValueError, TypeError
            If `estimator` is not a net or does not have the layer, or if ``fit`` of the net raises it.
        """
        net = self._net()
        name = self._layer_name(net, X, y)
        if self.estimator is net and hasattr(net, "weights_"):
            warn_user(
                f"ConvNetTransformer: the {type(net).__name__} is fitted already, but its weights are not used: fit "
                "trains a copy from new weights. To use the fitted net, pass sklearn.frozen.FrozenEstimator(net).",
            )
        if get_config()["enable_metadata_routing"]:
            fit_params = process_routing(self, "fit", **fit_params).estimator.fit
        fitted = clone(self.estimator).fit(X, y, **fit_params)
        self.__dict__.update(estimator_=fitted, layer_=name)  # both or, after Ctrl-C, neither
        return self

    @checked_call
    def transform(self, X: Any) -> NDArray[np.float32]:
        """Return the flattened output of the layer, computed as in prediction: running statistics, no dropout.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat rows.

        Returns
        -------
        embeddings : ndarray of float32, shape (n, n_features_out)
            One row per sample. Maps are flattened as by ``reshape``: row by row, channels last. The result is a data
            frame if ``set_output`` asks for one.
        """
        features = self._fitted_net()._outputs(X, self.layer_)
        return features.reshape(len(features), -1)

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return the names of the features that ``transform`` returns.

        Parameters
        ----------
        input_features : object, default=None
            Not used, because each output depends on many features of X.

        Returns
        -------
        names : ndarray of object, shape (n_features_out,)
            The name of the layer and the position in its output, such as "dense1_0" for flat data or "conv1_2_3_0" for
            row 2, column 3, channel 0 of maps.
        """
        inside = (one for info in self._fitted_net().layers_ for one in info.walk())
        shape = next(one.output_shape for one in inside if one.name == self.layer_)
        places = product(*(range(side) for side in shape))
        names = ["_".join([self.layer_, *map(str, place)]) for place in places]
        return np.asarray(names, dtype=object)

    @property
    def n_features_in_(self) -> int:
        """Number of values per sample of X in ``fit``."""
        return self.estimator_.n_features_in_

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the columns of X in ``fit``. Defined only if X was a data frame."""
        return self.estimator_.feature_names_in_

    def _to_manifest(self) -> tuple[dict[str, Any], Weights]:
        if {*self._get_param_names()} != {"estimator", "layer"}:
            raise TypeError(
                "save takes no subclass of ConvNetTransformer with other parameters; got "
                f"{type(self).__name__}. Pickle it instead."
            )
        net, frozen = self._fitted_net(), isinstance(self.estimator_, FrozenEstimator)
        check_parameters(net)
        manifest, weights = to_manifest(net)
        layers = {"layer": self.layer, "layer_": self.layer_}
        own = {"estimator": class_name(type(self)), **layers, "frozen": frozen}
        return {**own, "net": manifest}, weights

    @classmethod
    def _from_manifest(cls, manifest: dict[str, Any], read_arrays: ReadArrays) -> Self:
        net = _unfrozen("net", estimator_from_manifest(manifest["net"], read_arrays))
        layer, frozen = manifest["layer"], manifest["frozen"]
        if not isinstance(layer, int | str):
            raise ValueError(f"layer must be a name or an integer; got {show(layer)}.")
        transformer = cls(FrozenEstimator(net) if frozen else clone(net), layer)
        estimator = FrozenEstimator(net) if frozen else net
        transformer.__dict__.update(estimator_=estimator, layer_=manifest["layer_"])
        transformer._fitted_net()
        return transformer

    def _exported(self) -> tuple[BaseConvNet, str]:
        fit = fit_snapshot(self)
        return fit_snapshot(fit._fitted_net()), fit.layer_

    def _net(self) -> BaseConvNet:
        """Return the net without its FrozenEstimator. Raise TypeError if `estimator` is not a net."""
        return _unfrozen("estimator", self.estimator)

    def _fitted_net(self) -> BaseConvNet:
        """Return the fitted net. Raise ValueError or TypeError if attributes do not match each other."""
        if "estimator_" not in vars(self):
            check_is_fitted(self, "estimator_")
        net = _unfrozen("estimator_", self.estimator_)
        validate_fitted(net)
        name = getattr(self, "layer_", None)
        known = [one.name for info in net.layers_ for one in info.walk()]
        if not isinstance(name, str) or name not in known:
            raise ValueError(
                f"ConvNetTransformer: layer_ is {show(name)}, but the net has the layers {listed(known)}."
            )
        return net

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if hasattr(self, "estimator_"):
            self._fitted_net()

    def _layer_name(self, net: BaseConvNet, X: Any, y: Any) -> str:
        """Return the name of `layer` in the net that will be fitted, or in the frozen net."""
        if self.estimator is net:
            layers, shape = net._declared(X, y)
            infos = tuple(Plan(layers, shape, 1).layers)
        else:
            check_is_fitted(net, "weights_")
            layers, infos = net._network_cache.layers, net.layers_
        known = [one.name for info in infos for one in info.walk()]
        layer, names = self.layer, resolve_names(layers)
        if isinstance(layer, str) and layer in known:
            return layer
        if is_integer(layer) and -len(names) <= layer < len(names):
            return names[layer]
        numbers = f", or an integer from {-len(names)} to {len(names) - 1}" if names else ""
        raise ParameterError(
            f"ConvNetTransformer: layer must be one of the names {listed(known)}{numbers}; got {show(layer)}."
            f"{did_you_mean(layer, known)}"
        )

    def get_metadata_routing(self) -> MetadataRouter:
        """Return the metadata that ``fit`` passes to the net.

        Returns
        -------
        routing : MetadataRouter
            See scikit-learn's user guide of metadata routing.
        """
        mapping = MethodMapping()
        # a Pipeline of scikit-learn 1.6 asks for "fit_transform"
        for caller in ("fit", "fit_transform"):
            mapping.add(caller=caller, callee="fit")
        return MetadataRouter(owner=self).add(estimator=self.estimator, method_mapping=mapping)

    def __sklearn_tags__(self) -> Tags:
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.target_tags.required = not isinstance(self.estimator, FrozenEstimator)
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _unfrozen(name: str, net: Any) -> BaseConvNet:
    inner = net.estimator if isinstance(net, FrozenEstimator) else net
    if not isinstance(inner, BaseConvNet):
        raise TypeError(
            f"ConvNetTransformer: {name} must be a ConvNetClassifier, a ConvNetRegressor or a FrozenEstimator of one; "
            f"got {show(net)}."
        )
    return inner
