"""What all estimators share: fit, nested parameters, outputs, pickling, summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from convnet.engine.threads import resolve_n_threads
from convnet.estimators.constraints import BOOLEAN, check_parameters, input_shape
from convnet.estimators.html_repr import HTMLReprMixin
from convnet.estimators.inspection import InspectionMixin
from convnet.estimators.parameters import ParametersMixin
from convnet.estimators.sklearn_callbacks import CallbackSupportMixin, with_callbacks
from convnet.fitted.attributes import commit
from convnet.fitted.validate import validate_fitted
from convnet.fitting.session import Fit
from convnet.fitting.transfer import layers_up_to
from convnet.graph import Plan
from convnet.inputs import images as inputs
from convnet.inspection.summary import Summary
from convnet.layers import as_layers
from convnet.model_io.description import describe
from convnet.model_io.files import SavingMixin
from convnet.model_io.pickling import PicklingMixin
from convnet.training.prediction import predict_in_batches

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags

    from convnet.fitted.network_cache import NetworkCache
    from convnet.fitted.weights import Weights
    from convnet.graph import LayerInfo, Network
    from convnet.inputs.hints import Images, Report
    from convnet.layers.base import Layer


class BaseConvNet(
    SavingMixin,
    PicklingMixin,
    InspectionMixin,
    HTMLReprMixin,
    CallbackSupportMixin,
    ParametersMixin,
):
    """A convolutional net as a scikit-learn estimator.

    A subclass has the parameters and gives ``_encode`` (y and weights → `Target`), ``_split`` (rows to train
    on and to hold out), ``_validation_metrics`` (outputs → validation loss and score), ``_count_outputs``,
    ``_check_outputs`` (attributes about y against the outputs of a net, those from a file), ``_target_outputs``
    (which outputs are explained) and its own ``predict``.
    """

    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
    image_form_: dict[str, Any]
    layers_: tuple[LayerInfo, ...]
    weights_: Weights
    n_parameters_: int
    init_report_: Report | None
    n_iter_: int
    best_iter_: int
    loss_: float
    loss_curve_: list[float]
    validation_loss_curve_: list[float]
    validation_scores_: list[float]
    history_: dict[str, list[float]]
    _holder: NetworkCache

    _fewest_held_out = 1  # rows that the score of ``score`` needs

    def _store(self, arguments: dict[str, Any]) -> None:
        """Set the parameters: what ``locals()`` is at the beginning of a subclass's ``__init__``."""
        self.__dict__.update({k: v for k, v in arguments.items() if k not in ("self", "__class__")})

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
            Images of any numeric dtype, signals where the first layer that cares is a 1-D one, or flat rows; never
            copied as a whole. An ``ImageFolder``, a data set of h5py or an array of zarr is read batch by batch, ahead
            of the training, and may be larger than memory; so may a memmap.
        y : array-like of shape (n,) or (n, n_outputs)
            Targets.
        sample_weight : array-like of shape (n,), default=None
            Weights of the rows; those of weight 0 are left out.
        X_val : array-like of shape (m, h, w, c), (m, h, w) or (m, features), default=None
            Images or flat rows to validate on, of the shape and in the units of those of X. They are never trained
            on; the loss and the score on them are computed after each epoch, and the weights of the epoch with
            the best score are kept. `early_stopping` then splits nothing off X.
        y_val : array-like of shape (m,) or (m, n_outputs), default=None
            Their targets.
        sample_weight_val : array-like of shape (m,), default=None
            Their weights, in the loss and in the score; those of weight 0 are left out.

        Returns
        -------
        self : object
            Fitted estimator.

        Raises
        ------
        ValueError
            Before the first epoch, with what it is about, the cause and the remedy: a parameter that cannot be used
            (a TypeError as well), layers that do not fit together or the images, X, y or weights that cannot be
            used, a net that the machine cannot hold. In the epoch where it appears: a loss, a weight, a moment of the
            solver or an output of the net that is not finite.
        KeyboardInterrupt
            Within a second of Ctrl-C. As after any error, the estimator is as it was before; only with `warm_start`
            it keeps the best weights so far.
        """
        validation = X_val, y_val, sample_weight_val
        resume = hasattr(self, "weights_") and bool(
            BOOLEAN.test(self.warm_start) and self.warm_start
        )
        return self._fit(X, y, sample_weight, resume=resume, validation=validation)

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
        if resume:
            validate_fitted(self, whole=True, anew=not partial)
        fit = Fit(self, resume=resume, partial=partial)
        fit.read(X, y, sample_weight, **passed)
        try:
            commit(self, fit.run())
        except KeyboardInterrupt:
            so_far = fit.interrupted() if self.warm_start and not partial else None
            if so_far:
                commit(self, so_far)
            raise
        finally:
            fit.end()
        return self

    def _outputs(self, X: Any, layer: str | None = None) -> NDArray[np.float32]:
        """Return the outputs of the net for X, or those of a layer: float32, (n, n_outputs) or (n, *its shape)."""
        known: Any
        out: Any
        known, out = getattr(self, "_known_outputs", (None, None))
        if X is known and X is not None and layer is None:  # a copy that a scorer was given
            return out
        network = self._network()
        n_threads = resolve_n_threads(self.n_jobs)
        images, scale = self._images(X)
        return predict_in_batches(network, images, scale=scale, n_threads=n_threads, layer=layer)

    def _network(self) -> Network:
        """Return the network of the fitted net; NotFittedError, or ValueError where attributes do not go together."""
        validate_fitted(self)
        return self._holder.network(self.weights_)

    def _images(self, X: Any) -> tuple[Images, float]:
        """Return X as the fitted net takes it, and what it is to be multiplied by."""
        kind, given = type(self).__name__, self._input_format
        array = inputs.check_rows(X, kind)
        inputs.check_features(self, X, array)
        images = inputs.as_images(array, self.input_shape_, given.data_format)
        return images, given.scale_for(images, kind)

    def summary(self, X: Any = None, y: Any = None) -> Summary:
        """Return a table of the layers: shapes, parameters, multiply-adds, memory.

        Parameters
        ----------
        X : array-like, default=None
            Before ``fit``: what the net is to take. Not needed with `input_shape`, nor after ``fit``.
        y : array-like, default=None
            Before ``fit``: the targets, which decide the size of the output layer. Without them it is left out.

        Returns
        -------
        summary : Summary
            To be printed.

        Raises
        ------
        ValueError
            Before ``fit`` without X and `input_shape`; layers that do not fit together, by name.
        """
        if X is None and hasattr(self, "weights_"):
            plan = self._network().plan
            return Summary(plan.layers, self.input_shape_, has_output=True)
        if X is None and self.input_shape is None:
            raise ValueError("summary before fit needs X or input_shape.")
        layers, shape = self._declared(X, y)
        n_outputs = None if y is None else self._count_outputs(y)
        return Summary(Plan(layers, shape, n_outputs).layers, shape, has_output=y is not None)

    def layers_up_to(self, name: str) -> list[Layer]:
        """Return the layers of the fitted net up to one of them, to build another net on.

        Each layer has the name that it has here, so that ``init_weights=FrozenEstimator(self)`` finds it in the new
        net whatever else that has.

        Parameters
        ----------
        name : str
            The last layer wanted; "flatten" is that which was put in, as it will be again where it is needed.

        Returns
        -------
        layers : list of Layer
            Without the output layer.

        Raises
        ------
        ValueError
            If there is no such layer, with the names that exist.
        """
        validate_fitted(self)
        return layers_up_to(self._holder.layers, self.layers_, name)

    def _declared(self, X: Any, y: Any = None) -> tuple[tuple[Layer, ...], tuple[int, ...]]:
        """Return the layers and the input shape of a net that would be fitted to X, or of `input_shape`."""
        check_parameters(self)
        kind = type(self).__name__
        shape = input_shape(self.input_shape, self.data_format, kind, self.layers)
        if X is not None or shape is None:
            array = inputs.check_rows(X, kind)
            n_labels = inputs.count_rows(y)
            images = inputs.as_images(
                array, shape, self.data_format, n_labels=n_labels, layers=self.layers
            )
            shape = images.shape[1:]
        layers = as_layers(self.layers, shape)
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

    def _describe(self) -> tuple[dict[str, Any], Weights]:
        return describe(self)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
