"""What was passed to ``fit``: checked, and turned into what a net is trained and validated on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import check_consistent_length

from convnet.augment.plan import plan_augment
from convnet.augment.spec import as_augment
from convnet.estimators.constraints import input_shape
from convnet.fitted.attributes import fitted_copy, kept
from convnet.fitting.transfer import initial, warn_of_units
from convnet.fitting.validation_set import ValidationSet
from convnet.inputs import images as inputs
from convnet.inputs.sample_weight import check_sample_weight
from convnet.inputs.scaling import fitted_format
from convnet.layers import as_layers
from convnet.training.examples import Examples

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import ArrayLike

    from convnet.estimators.base import BaseConvNet
    from convnet.inputs.scaling import InputFormat


class FitData:
    """X, y and weights of one call of ``fit`` or ``partial_fit``.

    Parameters
    ----------
    estimator : BaseConvNet
        Whose parameters say how to read them.
    X, y, sample_weight
        As passed.
    resume : bool
        Whether they have to suit the fitted net.
    classes : array-like, default=None
        As passed to ``partial_fit``.

    Attributes
    ----------
    layers : tuple of Layer
        The spec, without the head.
    augment : AugmentPlan or None
        How the images are changed at random.
    target : Target
        What is learnt.
    examples : Examples
        X as images, with the target.
    initial : mapping of str to array, or None
        The arrays that `init_weights` stands for, where the net begins with them.
    attributes : dict
        Fitted attributes about X.
    largest : float
        Largest magnitude of the values of X that the net was fitted to, as it sees them.
    """

    def __init__(
        self,
        estimator: BaseConvNet,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None,
        *,
        resume: bool,
        classes: ArrayLike | None = None,
    ) -> None:
        est, self.estimator, self.kind = estimator, estimator, type(estimator).__name__
        if y is None:
            raise ValueError(f"{self.kind} requires y to be passed, but the target y is None.")
        self.array, self.y = inputs.check_rows(X, self.kind), y
        shape = input_shape(est.input_shape, est.data_format, self.kind, est.layers)
        if resume:
            inputs.check_features(est, X, self.array)
            shape = est.input_shape_ if shape is None else shape
        n_labels = inputs.count_rows(y)
        images = inputs.as_images(
            self.array, shape, est.data_format, n_labels=n_labels, layers=est.layers
        )
        check_consistent_length(images, y)
        weights = check_sample_weight(sample_weight, len(images))
        self.target = est._encode(y, weights, classes=classes, resume=resume)
        self.layers = as_layers(est.layers, images.shape[1:])
        if images.ndim == 2:
            inputs.check_spatial(self.layers, images.shape[1], est.data_format)
        if resume:
            self.attributes = kept(est)
            scale = est._input_format.scale_for(images, self.kind)
        else:
            given = fitted_format(
                images,
                est.data_format,
                est.rescale,
                self.kind,
                rows=self.target.rows,
                layers=self.layers,
            )
            self.attributes = {
                **inputs.feature_attributes(X, self.array),
                **inputs.image_attributes(X, images),
                "_input_format": given,
            }
            self.attributes["init_report_"] = None
            scale = given.scale
        fresh = est.init_weights is not None and not resume
        self.initial: Mapping[str, np.ndarray] | None = None
        units: InputFormat | None = None
        if fresh:
            self.initial, units = initial(est.init_weights, self.kind)
        known = self.attributes["_input_format"]
        chosen = est.rescale != "auto" or known.as_is  # by the user, who may mean the same
        if units is not None and not chosen:
            warn_of_units(units, images, scale, self.kind)
        self.largest = known.largest * known.scale
        self.augment = plan_augment(as_augment(est.augment), images.shape[1:], self.largest)
        target = self.target
        self.examples = Examples(images, target.values, target.rows, target.weights, scale)

    def check_unchanged(self, how: str) -> None:
        """Raise ValueError if `how`, "warm_start" or "partial_fit", cannot go on with these layers and images."""
        est = self.estimator
        given = est._input_format
        now = {
            "input_shape": self.examples.X.shape[1:],
            "layers": self.layers,
            "rescale": est.rescale,
            "data_format": est.data_format,
        }
        then = {
            "input_shape": est.input_shape_,
            "layers": est._network_cache.layers,
            "rescale": given.rescale,
            "data_format": given.data_format,
        }
        for name, value in now.items():
            if value != then[name]:
                raise ValueError(
                    f"{how} goes on from the last fit, but {name} has changed since. Use a clone."
                )

    def split(self, seed: int) -> tuple[Examples, ValidationSet]:
        """Return the examples to train on and those held out by `early_stopping`."""
        est, data = self.estimator, self.examples
        try:
            train, held = est._split(data.targets[data.rows], seed)
        except ValueError as error:
            raise ValueError(
                f"early_stopping=True cannot hold out validation_fraction={est.validation_fraction} of "
                f"{len(data.rows)} rows: {error}"
            ) from error
        train, held = (data.rows[np.sort(part)] for part in (train, held))
        return data.take(train), ValidationSet(data.take(held), self.array, self.y)

    def held_out(self, X: Any, y: Any, sample_weight: ArrayLike | None) -> ValidationSet:
        """Return X_val, y_val and sample_weight_val as `ValidationSet`; an error says which of them it is about."""
        est = self.estimator
        probe = fitted_copy(est, {**self.attributes, **self.target.attributes})
        probe.input_shape_ = shape = self.examples.X.shape[1:]
        if hasattr(est, "class_weight"):
            probe.class_weight = self.target.class_weight
        with _about("X_val"):
            array = inputs.check_rows(X, self.kind)
            inputs.check_features(probe, X, array)
            images = inputs.as_images(array, shape, est.data_format)
            scale = probe._input_format.scale_for(images, self.kind)
        n_labels = inputs.count_rows(y)
        if n_labels not in (None, len(images)):
            raise ValueError(f"y_val has {n_labels} entries; X_val has {len(images)} rows.")
        weights = check_sample_weight(sample_weight, len(images), "sample_weight_val", "X_val")
        with _about("y_val"):
            target = probe._encode(y, weights, classes=None, resume=True)
        examples = Examples(images, target.values, target.rows, target.weights, scale)
        return ValidationSet(examples, array, y)


@contextmanager
def _about(name: str) -> Iterator[None]:
    """Put a parameter's name in front of the errors of what is done in this context."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name}: {error}") from error
