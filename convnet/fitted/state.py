"""The fitted attributes of an estimator: replaced all at once, copied, and read as those of one fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from convnet.fitted.attributes import ATTRIBUTES, FITTED, Fitted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

Estimator = TypeVar("Estimator")

# What scikit-learn sets on an estimator while a fit is under way.
TEMPORARY = ("_callback_fit_ctx", "_parent_callback_ctx", "_skl_callbacks_to_teardown")


def fitted_attributes(attributes: Mapping[str, Any]) -> Fitted:
    """Return the fitted attributes among the attributes of an estimator."""
    return {name: value for name, value in attributes.items() if name in FITTED}


def kept(estimator: object) -> Fitted:
    """Return the fitted attributes that a resumed fit keeps."""
    return {
        a.name: vars(estimator)[a.name] for a in ATTRIBUTES if a.kept and a.name in vars(estimator)
    }


def commit(estimator: object, fitted: Fitted) -> None:
    """Replace all fitted attributes by `fitted` in a single assignment."""
    others = {name: value for name, value in vars(estimator).items() if name not in FITTED}
    if "_network_cache" in fitted:
        fitted["_network_cache"].bind(fitted)
    estimator.__dict__ = others | fitted


def fitted_copy(estimator: Estimator, fitted: Fitted) -> Estimator:
    """Return an estimator with the same parameters and the fitted attributes `fitted`. Copies no value."""
    copy = object.__new__(type(estimator))
    vars(copy).update({k: v for k, v in vars(estimator).items() if k not in TEMPORARY})
    commit(copy, fitted)
    return copy


def fit_snapshot(estimator: Estimator) -> Estimator:
    """Return an estimator with the current attributes, which a fit in another thread does not change.

    It shares ``__dict__`` with the original until `commit` gives that a new one. A method that reads several attributes
    begins with a snapshot.
    """
    snapshot = object.__new__(type(estimator))
    snapshot.__dict__ = estimator.__dict__
    return snapshot
