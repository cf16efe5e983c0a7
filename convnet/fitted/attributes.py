"""The fitted attributes: which there are, and their replacement, all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from convnet.inputs.hints import Fitted

Estimator = TypeVar("Estimator")


KEPT = (
    "n_features_in_",
    "feature_names_in_",
    "image_form_",
    "_input_format",
    "init_report_",
)  # by a fit that goes on
NEEDED = ("n_iter_", "best_iter_", "loss_", "loss_curve_", "history_")  # what training leaves
STRUCTURE = (  # what a net that predicts has
    *("input_shape_", "layers_", "weights_", "n_parameters_", "n_features_in_"),
    *("_holder", "_input_format"),
)
FITTED = (
    *("classes_", "n_outputs_", "_indicator_dtype", "input_shape_", "layers_", "weights_"),
    *("n_parameters_", *NEEDED, "validation_loss_curve_", "validation_scores_"),
    *("_holder", "_course_start", "_chosen_by", *KEPT),
)

# What scikit-learn notes while a fit is under way.
UNDER_WAY = ("_callback_fit_ctx", "_parent_callback_ctx", "_skl_callbacks_to_teardown")


def kept(estimator: object) -> dict[str, Any]:
    """Return the attributes that a fit which goes on takes over as they are."""
    return {name: value for name, value in vars(estimator).items() if name in KEPT}


def commit(estimator: object, fitted: Fitted) -> None:
    """Replace all fitted attributes by `fitted`, which go together, in one assignment."""
    others = {name: value for name, value in vars(estimator).items() if name not in FITTED}
    if "_holder" in fitted:
        fitted["_holder"].trained(fitted)
    estimator.__dict__ = others | fitted


def fitted_copy(estimator: Estimator, fitted: Fitted) -> Estimator:
    """Return an estimator with the same parameters and the attributes `fitted`; nothing is copied."""
    copy = object.__new__(type(estimator))
    vars(copy).update({k: v for k, v in vars(estimator).items() if k not in UNDER_WAY})
    commit(copy, fitted)
    return copy


def fit_snapshot(estimator: Estimator) -> Estimator:
    """Return an estimator with the attributes that this one has now, whatever another thread fits meanwhile.

    The two have the same ``__dict__``, in whose place `commit` puts a new one. A method that reads several begins so.
    """
    seen = object.__new__(type(estimator))
    seen.__dict__ = estimator.__dict__
    return seen
