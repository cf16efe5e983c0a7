"""FitData and ValidationSet: the arguments of ``fit``, checked and encoded."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import issparse

from convnet.augment.plan import plan_augment
from convnet.augment.spec import as_augment
from convnet.data.lazy.array import LazyArray
from convnet.fitted.state import fitted_copy, kept
from convnet.inputs import images as inputs
from convnet.inputs.scaling import fitted_format
from convnet.inputs.targets import as_target, check_lengths, check_sample_weight, count_samples
from convnet.layers.spec import layers_of
from convnet.training.examples import Examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

    from convnet.augment.plan import AugmentPlan
    from convnet.data.arraylikes import Images
    from convnet.inputs.tasks.base import Target, Task
    from convnet.layers.base import Layer


@dataclass(frozen=True, eq=False)
class FitData:
    """X, y and weights of one call of ``fit`` or ``partial_fit``.

    Parameters
    ----------
    task : Task
        What y stands for. It knows the classes or outputs of the net.
    layers : tuple of Layer
        The spec, without the output layer.
    target : Target
        y, encoded.
    examples : Examples
        X as images, with the target.
    augment : AugmentPlan or None
        Random changes of the images.
    attributes : dict
        Fitted attributes about X.
    array, y : ndarray or LazyArray, array-like
        X and y with all samples. X is an array or read when it is needed; y is as passed.
    """

    task: Task
    layers: tuple[Layer, ...]
    target: Target
    examples: Examples
    augment: AugmentPlan | None
    attributes: dict[str, Any]
    array: Images
    y: Any

    @classmethod
    def read(
        cls,
        estimator: Any,
        task: Task,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None,
        *,
        input_shape: tuple[int, ...] | None,
        resume: bool,
        classes: ArrayLike | None = None,
    ) -> FitData:
        """Check and encode what was passed to ``fit``.

        Parameters
        ----------
        estimator : BaseConvNet
            Its parameters say how to read X. With `resume`, X and y have to suit its fitted attributes.
        task : Task
            What the net learns.
        X, y, sample_weight
            As passed.
        input_shape : tuple of int or None
            The parameter, as (h, w, c), (length, c) or (features,).
        resume : bool
            Whether the fit continues from the fitted net.
        classes : array-like, default=None
            As passed to ``partial_fit``.
        """
        name = type(estimator).__name__
        array = inputs.check_rows(X, name)
        if resume:
            inputs.check_features(estimator, X, array)
            input_shape = estimator.input_shape_ if input_shape is None else input_shape
        images = inputs.as_images(
            array,
            input_shape,
            estimator.data_format,
            n_labels=count_samples(y),
            layers=estimator.layers,
        )
        check_lengths(images, y)
        weights = check_sample_weight(sample_weight, len(images))
        target = task.encode(y, weights, classes=classes)
        layers = layers_of(estimator.layers, estimator.init_weights, images.shape[1:])
        if images.ndim == 2:
            inputs.check_spatial(layers, images.shape[1], estimator.data_format)
        if resume:
            known = getattr(estimator, "_folder_classes", None)
            inputs.check_folder_classes(known, X, y, ("X", "y"))
            attributes = kept(estimator)
            scale = estimator._input_format.scale_for(images, name)
        else:
            input_format = fitted_format(
                images,
                estimator.data_format,
                estimator.rescale,
                name,
                rows=target.rows,
                layers=layers,
                sample_shape=tuple(array.shape[1:]),
            )
            scale = input_format.scale
            attributes = {
                **inputs.feature_attributes(X, array),
                **inputs.image_attributes(X, y, images),
                "_input_format": input_format,
                "init_report_": None,
            }
        input_format = attributes["_input_format"]
        largest = input_format.largest * input_format.scale
        augment = None
        if estimator.augment is not None:
            augment = plan_augment(as_augment(estimator.augment), images.shape[1:], largest)
        if augment is not None and augment.mixes and estimator.cache_augmented is not None:
            raise ValueError(
                f"cache_augmented={estimator.cache_augmented} caches versions of single images, but MixUp and CutMix "
                "mix the images of each batch. Set cache_augmented=None, or leave them out of augment."
            )
        return cls(
            task=task.fitted(target),
            layers=layers,
            target=target,
            examples=Examples(images, target.values, target.rows, target.weights, scale),
            augment=augment,
            attributes=attributes,
            array=array,
            y=y,
        )

    def check_unchanged(self, estimator: Any, method: str) -> None:
        """Raise ValueError if `method`, "warm_start" or "partial_fit", cannot resume with these layers and images."""
        input_format = estimator._input_format
        now = {
            "input_shape": self.input_shape,
            "layers": self.layers,
            "rescale": estimator.rescale,
            "data_format": estimator.data_format,
        }
        then = {
            "input_shape": estimator.input_shape_,
            "layers": estimator._network_cache.layers,
            "rescale": input_format.rescale,
            "data_format": input_format.data_format,
        }
        for name, value in now.items():
            if value != then[name]:
                raise ValueError(
                    f"{method} continues the last fit, but {name} has changed since. Use a clone."
                )

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(h, w, c), (length, c) or (features,)."""
        return self.examples.X.shape[1:]

    @property
    def largest(self) -> float:
        """Largest magnitude in the X of the first fit, as the net sees it."""
        input_format = self.attributes["_input_format"]
        return input_format.largest * input_format.scale

    def split(self, validation_fraction: float, seed: int) -> tuple[Examples, ValidationSet]:
        """Return the training examples, and the validation set of `early_stopping`."""
        data = self.examples
        try:
            parts = self.task.split(data.targets[data.rows], validation_fraction, seed)
        except ValueError as error:
            raise ValueError(
                f"early_stopping=True cannot split off validation_fraction={validation_fraction} of "
                f"{len(data.rows)} samples: {error}"
            ) from error
        train, validation = (data.take(data.rows[np.sort(part)]) for part in parts)
        return train, ValidationSet(validation, self.array, self.y)


@dataclass(frozen=True, eq=False)
class ValidationSet:
    """Samples that a net is validated on, as it reads them and as they were passed.

    Parameters
    ----------
    examples : Examples
        Images and encoded targets.
    array : ndarray or LazyArray
        X as passed, all samples.
    y : array-like
        The target as passed, all samples.
    """

    examples: Examples
    array: Images
    y: Any

    @classmethod
    def read(
        cls,
        estimator: Any,
        data: FitData,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None,
    ) -> ValidationSet | None:
        """Check and encode X_val, y_val and sample_weight_val. An error says which of them it is about.

        Parameters
        ----------
        estimator : BaseConvNet
            Being fitted.
        data : FitData
            What the net is trained on.
        X, y, sample_weight
            As passed. Without X and y, there is no validation set.
        """
        if (X is None) != (y is None):
            passed, missing = ("y_val", "X_val") if X is None else ("X_val", "y_val")
            raise ValueError(f"{passed} is passed without {missing}. Pass both, or neither.")
        if X is None:
            if sample_weight is not None:
                raise ValueError("sample_weight_val is passed without X_val and y_val.")
            return None
        name = type(estimator).__name__
        known = {"input_shape_": data.input_shape, **data.attributes}
        estimator = fitted_copy(estimator, known)
        with _about("X_val"):
            array = inputs.check_rows(X, name)
            inputs.check_features(estimator, X, array)
            images = inputs.as_images(array, data.input_shape, estimator.data_format)
            scale = estimator._input_format.scale_for(images, name)
        with _about("y_val"):
            y = as_target(y)
        classes = data.attributes.get("_folder_classes")
        inputs.check_folder_classes(classes, X, y, ("X_val", "y_val"))
        n_labels = count_samples(y)
        if n_labels not in (None, len(images)):
            raise ValueError(f"y_val has {n_labels} entries; X_val has {len(images)} samples.")
        weights = check_sample_weight(sample_weight, len(images), "sample_weight_val", "X_val")
        with _about("y_val"):
            target = data.task.encode(y, weights)
        examples = Examples(images, target.values, target.rows, target.weights, scale)
        return cls(examples, array, y)

    def __len__(self) -> int:
        return len(self.examples.rows)

    def targets(self) -> np.ndarray:
        """Return the encoded targets."""
        return self.examples.labels()[0]

    def weights(self) -> np.ndarray | None:
        """Return the weights of the samples, float32, or None if all are 1."""
        return self.examples.labels()[1]

    def passed(self) -> tuple[Images, np.ndarray]:
        """Return X, a copy or `LazyArray`, and y of the samples as passed. y is 1-D if a column stands for that."""
        data = self.examples
        y = self.y.toarray() if issparse(self.y) else self.y
        y = y.ravel() if data.targets.ndim == 1 else y
        array, rows = self.array, data.rows
        return array.part(rows) if isinstance(array, LazyArray) else array[rows], y[rows]


@contextmanager
def _about(name: str) -> Iterator[None]:
    """Begin the errors raised in this context with the name of a parameter."""
    try:
        yield
    except (TypeError, ValueError) as error:
        error_type = TypeError if isinstance(error, TypeError) else ValueError
        raise error_type(f"{name}: {error}") from error
