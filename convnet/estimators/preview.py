"""What augmentation makes of X."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.augment.plan import plan_augment
from convnet.augment.spec import as_augment
from convnet.engine.threads import resolve_n_threads
from convnet.estimators.constraints import ParameterError, check_parameters, input_shape, integer
from convnet.fitted.validate import validate_fitted
from convnet.fitting.seed import draw_seed
from convnet.graph.arrays import check_finite
from convnet.graph.runtime.augmenter import augmented
from convnet.inputs import images as inputs
from convnet.inputs.scaling import fitted_format
from convnet.values.fields import show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from convnet.estimators.base import BaseConvNet
    from convnet.inputs.hints import Images


def preview(estimator: BaseConvNet, X: Any, n: int) -> NDArray[np.float32]:
    """Return `BaseConvNet.preview_augment`; the estimator does not change, nor does its RandomState."""
    check_parameters(estimator)
    if hasattr(estimator, "weights_"):
        validate_fitted(estimator)
    kind = type(estimator).__name__
    rule = integer(1)
    if not rule.test(n):
        raise ParameterError(f"{kind}: n of preview_augment must be {rule.phrase}; got {show(n)}.")
    shape = input_shape(estimator.input_shape, estimator.data_format, kind, estimator.layers)
    if shape is None:
        shape = getattr(estimator, "input_shape_", None)
    images = inputs.as_images(
        inputs.check_rows(X, kind), shape, estimator.data_format, layers=estimator.layers
    )
    plan = plan_augment(
        as_augment(estimator.augment), images.shape[1:], _range(estimator, images, kind)
    )
    images = np.asarray(images)  # of rows that are read: what is returned is larger
    if plan is None:
        return np.repeat(images[:, None].astype(np.float32), n, axis=1)
    seed = draw_seed(copy.deepcopy(estimator.random_state))
    n_threads = resolve_n_threads(estimator.n_jobs)
    shown = np.empty((len(images), n, *images.shape[1:]), dtype=np.float32)
    for epoch in range(n):
        shown[:, epoch] = augmented(images, plan, seed=seed, epoch=epoch, n_threads=n_threads)
    return check_finite(shown, "Images of the net, as augment changes them,")


def _range(estimator: BaseConvNet, images: Images, kind: str) -> float:
    """Return the range of values in units of X: that of the fit, or of a fit on this X."""
    fitted = getattr(estimator, "_input_format", None)
    if fitted is None:
        given = fitted_format(images, estimator.data_format, estimator.rescale, kind)
        return given.largest
    return fitted.largest * fitted.scale / fitted.scale_for(images, kind)
