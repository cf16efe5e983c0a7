"""BaseConvNet: what all estimators share, such as fit, nested parameters, outputs, pickling and summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from sklearn.exceptions import NotFittedError

from convnet.callbacks import Progress
from convnet.engine.threads import resolve_n_threads
from convnet.estimators.call_checks import CallChecksMixin, checked_call
from convnet.estimators.declaration import check_parameters
from convnet.estimators.explorer import ExplorerMixin
from convnet.estimators.html_repr import HTMLReprMixin
from convnet.estimators.inspection import InspectionMixin
from convnet.estimators.parameters import ParametersMixin
from convnet.estimators.shared_parameters import SharedParameters
from convnet.estimators.sklearn_callbacks import (
    CallbackSupportMixin,
    SklearnCallbacks,
    with_callbacks,
)
from convnet.fitted.attributes import FITTED, FittedAttributeTypes
from convnet.fitted.network_cache import NetworkCache
from convnet.fitted.state import commit, fit_snapshot, fitted_attributes
from convnet.fitted.validate import validate_fitted
from convnet.fitted.weights import replaced
from convnet.fitting.ranks import data_of_all_ranks, fit_on_ranks
from convnet.fitting.session import FitSession
from convnet.fitting.transfer import layers_up_to
from convnet.graph import Plan
from convnet.inputs import images as inputs
from convnet.inputs.targets import as_target, count_samples
from convnet.inspection.summary import Summary
from convnet.layers.spec import layers_of
from convnet.model_io.c_source.export import CExportMixin
from convnet.model_io.description import from_manifest, to_manifest
from convnet.model_io.files import SavingMixin, load
from convnet.model_io.onnx.exporting import OnnxMixin
from convnet.model_io.pickling import PicklingMixin
from convnet.model_io.torch_module.export import TorchMixin
from convnet.training.prediction import predict_in_batches
from convnet.values.constraints import boolean

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags

    from convnet.callbacks.callback import Callback
    from convnet.data.arraylikes import Images
    from convnet.fitted.weights import Weights
    from convnet.graph import Network
    from convnet.inputs.tasks.base import Task
    from convnet.layers.base import Layer
    from convnet.persistence.model_file import ReadArrays


# What the checks of a prediction read, besides X. The cache, which holds what is prepared, is read at each prediction.
CHECKED_IN_PREDICTIONS = (*sorted(FITTED - {"_network_cache"}), "n_jobs")


class BaseConvNet(
    CallChecksMixin,
    SavingMixin,
    OnnxMixin,
    CExportMixin,
    TorchMixin,
    PicklingMixin,
    InspectionMixin,
    ExplorerMixin,
    HTMLReprMixin,
    CallbackSupportMixin,
    ParametersMixin,
    SharedParameters,
    FittedAttributeTypes,
):
    """A convolutional net as a scikit-learn estimator.

    A subclass declares its own parameters and defines ``predict`` and two methods that say what it learns:
    ``_task(y)`` returns the `Task` of a new fit, and ``_fitted_task(fitted)`` returns the `Task` of a net with these
    fitted attributes.
    """

    if TYPE_CHECKING:

        def _task(self, y: Any) -> Task: ...

        def _fitted_task(self, fitted: Mapping[str, Any]) -> Task: ...

    @checked_call
    @with_callbacks
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train the net.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images of any numeric dtype, signals or flat rows. 3-D X holds signals if the first layer that takes only
            one kind of input is a 1-D layer. X is never copied as a whole. An ``ImageFolder``, an h5py data set or a
            zarr array is read batch by batch, ahead of training, so it may be larger than memory. So may a memmap.
        y : array-like of shape (n,) or (n, n_outputs)
            Targets.
        sample_weight : array-like of shape (n,), default=None
            Sample weights. Samples with weight 0 are not used.
        X_val : array-like of shape (m, h, w, c), (m, h, w), (m, length, c) or (m, features), default=None
            Validation set, with the same shape and units as X. The net is not trained on it. The loss and the score on
            it are computed after each epoch, and the weights of the epoch with the best score are kept. With `X_val`,
            `early_stopping` does not split a validation set off X.
        y_val : array-like of shape (m,) or (m, n_outputs), default=None
            Targets of the validation set.
        sample_weight_val : array-like of shape (m,), default=None
            Sample weights of the validation set, for the loss and the score. Samples with weight 0 are not used.

        Returns
        -------
        self : object
            Fitted estimator.

        Raises
        ------
        ValueError
            Before the first epoch, if a parameter is not valid (this error is also a TypeError), if the layers do not
            fit together or do not fit the images, if X, y or the weights are not valid, or if the machine cannot hold
            the net. The message gives the cause and the remedy. Later, during the epoch in which a loss, a weight, a
            moment of the solver or an output is not finite, or at its end.
        KeyboardInterrupt
            Within a second of Ctrl-C. As after any error, the estimator is unchanged. With `warm_start`, it keeps the
            best weights so far instead.
        """
        is_fitted = "weights_" in vars(self)
        resume = is_fitted and boolean.accepts(self.warm_start) and bool(self.warm_start)
        validation = X_val, y_val, sample_weight_val
        return self._fit(X, y, sample_weight, resume=resume, validation=validation)

    @checked_call
    def initialize(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Build the net with the weights that ``fit`` would begin with, and do not train it.

        The result can be used like a fitted net. Its weights are random, or those of `init_weights`. `Normalize` layers
        and `normalize_y` learn their statistics. A fitted net is built again. ``set_weights`` sets weights by hand.
        ``partial_fit``, and ``fit`` with `warm_start`, continue from these weights.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
            Images, signals or flat samples, as in ``fit``. One sample is enough.
        y : array-like of shape (n,) or (n, n_outputs)
            Targets, which determine the classes or the number of outputs.
        sample_weight : array-like of shape (n,), default=None
            Sample weights for the statistics. Samples with weight 0 are ignored.

        Returns
        -------
        self : object
            Estimator with all fitted attributes. ``n_iter_`` and ``best_iter_`` are 0, ``loss_`` is NaN, and the lists
            in ``history_`` are empty.

        Raises
        ------
        ValueError
            If a parameter is not valid, the layers do not fit together or the images, or X or y cannot be used. A
            TypeError is raised if a parameter has the wrong type. The estimator does not change then.

        Examples
        --------
        >>> import numpy as np
        >>> from convnet import ConvNetClassifier
        >>> from convnet.layers import Conv2D
        >>> clf = ConvNetClassifier([Conv2D(2, 3)], random_state=0)
        >>> clf = clf.initialize(np.zeros((2, 6, 6)), ["left", "right"])
        >>> clf.weights_["conv1/weights"].shape
        (3, 3, 1, 2)
        """
        session = self._session(X, y, sample_weight, resume=False, partial=False)
        commit(self, session.initialize())
        return self

    @checked_call
    def set_weights(self, weights: Mapping[str, ArrayLike]) -> Self:
        """Replace weights of a net that is fitted or initialized.

        ``fit`` with `warm_start` and ``partial_fit`` continue from the new weights, with new moments of the optimizer.
        The attributes about training, such as ``history_``, still describe the fit before.

        Parameters
        ----------
        weights : dict of str to array-like
            Arrays by the names and with the shapes in ``weights_``. They are copied. Weights that are not named do not
            change. The weights of a convolution have shape (kernel_height, kernel_width, in_channels, out_channels),
            those of a dense layer (in_features, units).

        Returns
        -------
        self : object
            The estimator. Another thread sees all of the old weights or all of the new ones.

        Raises
        ------
        NotFittedError
            Before ``fit`` and ``initialize``.
        ValueError, TypeError
            If the net has no weights of a name, a shape differs, or values are not finite numbers. No weights change
            then.

        Examples
        --------
        >>> import numpy as np
        >>> from convnet import ConvNetClassifier
        >>> from convnet.layers import Conv2D
        >>> image = np.repeat([[10.0, 10, 10, 0, 0, 0]], 6, axis=0)
        >>> clf = ConvNetClassifier([Conv2D(1, 3)]).initialize([image, image.T], [0, 1])
        >>> kernel = np.array([[1, 0, -1], [1, 0, -1], [1, 0, -1]])
        >>> clf = clf.set_weights({"conv1/weights": kernel.reshape(3, 3, 1, 1)})
        >>> clf.feature_maps(image[np.newaxis], "conv1")[0, :, :, 0]
        array([[ 0., 30., 30.,  0.],
               [ 0., 30., 30.,  0.],
               [ 0., 30., 30.,  0.],
               [ 0., 30., 30.,  0.]], dtype=float32)
        """
        net, what = fit_snapshot(self), f"{type(self).__name__}.set_weights"
        if not hasattr(net, "weights_"):
            raise NotFittedError(f"{what}: call initialize(X, y) or fit(X, y) first.")
        validate_fitted(net)
        cache = net._network_cache
        plan = Plan(cache.layers, cache.input_shape, cache.n_outputs)
        changed = {
            "weights_": replaced(net.weights_, weights, plan, what),
            "_network_cache": cache.empty_copy(),
        }
        commit(self, fitted_attributes(vars(net)) | changed)
        return self

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None,
        *,
        resume: bool,
        partial: bool = False,
        **passed: Any,
    ) -> Self:
        """Run one call of ``fit`` or ``partial_fit``; see `FitSession` for the arguments."""
        with (
            fit_on_ranks() as communicator,
            data_of_all_ranks(communicator, X, y, sample_weight) as (X, y, sample_weight),
        ):
            if resume:
                validate_fitted(self, trained=True, force=not partial)
            session = self._session(
                X,
                y,
                sample_weight,
                resume=resume,
                partial=partial,
                communicator=communicator,
                **passed,
            )
            callbacks: list[Callback] = [Progress()] if self.verbose else []
            if not partial:
                if getattr(self, "_skl_callbacks", None):
                    callbacks.append(SklearnCallbacks(X, y, sample_weight))
                callbacks += self.callbacks or ()
            try:
                commit(self, session.run(callbacks))
            except KeyboardInterrupt:
                so_far = session.interrupted() if self.warm_start and not partial else None
                if so_far:
                    commit(self, so_far)
                raise
            finally:
                session.end()
            return self

    def _session(
        self, X: Any, y: Any, sample_weight: ArrayLike | None, *, resume: bool, **passed: Any
    ) -> FitSession:
        """Check the parameters and return the `FitSession` of these arguments."""
        check_parameters(self)
        name = type(self).__name__
        if y is None:
            raise ValueError(f"{name} requires y to be passed, but the target y is None.")
        y = as_target(y)
        return FitSession(
            self,
            self._fitted_task(vars(self)) if resume else self._task(y),
            X,
            y,
            sample_weight,
            input_shape=inputs.declared_shape(self.input_shape, self.data_format, self.layers),
            load=load,
            resume=resume,
            **passed,
        )

    def _outputs(self, X: Any, layer: str | None = None) -> NDArray[np.float32]:
        """Return the outputs of the net, shape (n, n_outputs), or of a layer, shape (n, *output shape), as float32."""
        attributes = vars(self)
        cache = attributes.get("_network_cache")
        if layer is None and isinstance(cache, NetworkCache):
            known = cache.precomputed_outputs(X)  # a copy for a scorer has them
            single = cache.single
            if known is None and single is not None and single.is_for(attributes):
                known = single.outputs(X, self.n_jobs)
            if known is not None:
                return known
        network = self._network()
        n_threads = resolve_n_threads(self.n_jobs)
        images, scale = self._images(X)
        outputs = predict_in_batches(network, images, scale=scale, n_threads=n_threads, layer=layer)
        given = self._input_format
        plain = given.is_alike(images.dtype) and given.data_format == "channels_last"
        if layer is None and len(images) == 1 and plain and not hasattr(self, "feature_names_in_"):
            self._network_cache.prepare_single(
                network, images.dtype, scale, attributes, CHECKED_IN_PREDICTIONS
            )
        return outputs

    def _network(self) -> Network:
        """Return the network of the fitted net.

        Raise NotFittedError if the net is not fitted, or ValueError if its attributes do not match each other.
        """
        validate_fitted(self)
        return self._network_cache.network(self.weights_)

    def _images(self, X: Any) -> tuple[Images, float]:
        """Return X in the shape that the fitted net takes, and the factor to multiply it by."""
        kind, given = type(self).__name__, self._input_format
        array = inputs.check_rows(X, kind)
        inputs.check_features(self, X, array)
        images = inputs.as_images(array, self.input_shape_, given.data_format)
        return images, given.scale_for(images, kind)

    @checked_call
    def summary(self, X: Any = None, y: Any = None) -> Summary:
        """Return a table of the layers: shapes, parameters, multiply-adds, memory.

        Parameters
        ----------
        X : array-like, default=None
            Before ``fit``, the X that the net will be fitted to. Not needed with `input_shape` or after ``fit``.
        y : array-like, default=None
            Before ``fit``, the targets, which determine the size of the output layer. Without y, the table has no
            output layer.

        Returns
        -------
        summary : Summary
            Print it to see the table.

        Raises
        ------
        ValueError
            If the net is not fitted and there is neither X nor `input_shape`, or if the layers do not fit together. The
            message names the layer.
        """
        if X is None and hasattr(self, "weights_"):
            plan = self._network().plan
            return Summary(plan.layers, self.input_shape_, has_output=True)
        if X is None and self.input_shape is None:
            raise ValueError("summary before fit needs X or input_shape.")
        y = None if y is None else as_target(y)
        layers, shape = self._declared(X, y)
        n_outputs = None if y is None else self._task(y).count_outputs(y)
        return Summary(Plan(layers, shape, n_outputs).layers, shape, has_output=y is not None)

    @checked_call
    def layers_up_to(self, name: str) -> list[Layer]:
        """Return the layers of the fitted net up to a given layer, as the beginning of a new net.

        The layers keep their names, so that ``init_weights=FrozenEstimator(self)`` in the new net finds their weights,
        whatever other layers the new net has.

        Parameters
        ----------
        name : str
            Name of the last layer, as in ``layers_``. "flatten" is the layer that the net added itself. It is not
            among the layers returned, because the new net adds its own.

        Returns
        -------
        layers : list of Layer
            The layers, without the output layer.

        Raises
        ------
        ValueError
            If no layer has that name. The message lists the names.
        """
        validate_fitted(self)
        return layers_up_to(self._network_cache.layers, self.layers_, name)

    def _declared(self, X: Any, y: Any = None) -> tuple[tuple[Layer, ...], tuple[int, ...]]:
        """Return the layers and the input shape of the net that ``fit(X, y)`` would train; X may be None."""
        check_parameters(self)
        kind = type(self).__name__
        shape = inputs.declared_shape(self.input_shape, self.data_format, self.layers)
        if X is not None or shape is None:
            array = inputs.check_rows(X, kind)
            n_labels = count_samples(y)
            images = inputs.as_images(
                array, shape, self.data_format, n_labels=n_labels, layers=self.layers
            )
            shape = images.shape[1:]
        layers = layers_of(self.layers, self.init_weights, shape)
        if len(shape) == 1:
            inputs.check_spatial(layers, shape[0], self.data_format)
        return layers, shape

    def __sklearn_clone__(self) -> Self:
        try:
            return super().__sklearn_clone__()
        except RecursionError:
            raise ValueError(
                f"{type(self).__name__}: a parameter is nested too deeply to be cloned."
            ) from None

    def _to_manifest(self) -> tuple[dict[str, Any], Weights]:
        check_parameters(self)
        return to_manifest(self)

    @classmethod
    def _from_manifest(cls, manifest: dict[str, Any], read_arrays: ReadArrays) -> Self:
        return from_manifest(cls, manifest, read_arrays, check_parameters)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
