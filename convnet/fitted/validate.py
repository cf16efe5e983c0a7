"""Checks that fitted attributes are consistent: those read from a file or a pickle, or set by hand.

The net is planned again from its layers, with exact integers and before any memory is taken. The fitted attributes are
then compared with this plan by the rules in `convnet.fitted.attributes`.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

from convnet.fitted.attributes import (
    ATTRIBUTES,
    REQUIRED,
    TRAINED,
    FittedAttribute,
    rebuild,
    require,
)
from convnet.fitted.network_cache import NetworkCache
from convnet.fitted.state import fitted_attributes
from convnet.graph import Plan
from convnet.layers import as_layers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from convnet.fitted.attributes import Fitted
    from convnet.layers import Layer


def validate_fitted(estimator: Any, *, trained: bool = False, force: bool = False) -> None:
    """Raise NotFittedError, or ValueError unless the fitted attributes of an estimator are consistent.

    Attributes that were found consistent are not checked again while they are the same objects.

    Parameters
    ----------
    estimator : BaseConvNet
        Fitted estimator.
    trained : bool, default=False
        Whether to require the attributes that report on training, and to check their values in any case: they are
        lists, which can change in place.
    force : bool, default=False
        Whether to check all attributes in any case.
    """
    attributes = vars(estimator)
    if "weights_" not in attributes:
        check_is_fitted(estimator, "weights_")
    fitted = fitted_attributes(attributes)
    cache = fitted.get("_network_cache")
    if force or type(cache) is not NetworkCache or not cache.is_valid(fitted):
        check_fitted(estimator, attributes, trained=trained)
        fitted["_network_cache"].mark_valid(fitted)
    elif trained:
        with _explained(estimator):
            check_presence(fitted, trained=True)
            _check_training(fitted)


def check_fitted(estimator: Any, attributes: Mapping[str, Any], *, trained: bool = False) -> None:
    """Raise ValueError unless `attributes` are those of a fitted net.

    Parameters
    ----------
    estimator : BaseConvNet
        Estimator of the class that has the attributes.
    attributes : dict
        The fitted attributes, and any others.
    trained : bool, default=False
        Whether to require the attributes that report on training.
    """
    with _explained(estimator):
        fitted = fitted_attributes(attributes)
        check_presence(fitted, trained=trained)
        cache = fitted["_network_cache"]
        with _naming("_network_cache"):
            require(type(cache) is NetworkCache, "a NetworkCache", cache)
            _, plan = plan_layers(cache.layers, cache.input_shape, cache.n_outputs)
        check_values(estimator, fitted, plan)


def plan_layers(layers: Any, input_shape: Any, n_outputs: Any) -> tuple[tuple[Layer, ...], Plan]:
    """Return the layers, built again so that their fields are checked, and their plan.

    Raise any exception if the net cannot be planned.
    """
    # a string could be the path of a file
    require(isinstance(layers, list | tuple), "a list of layers", layers)
    require(type(input_shape) is tuple, "a tuple as input_shape", input_shape)
    sizes = (*input_shape, n_outputs)
    require(all(type(n) is int and n > 0 for n in sizes), "positive integers as sizes", sizes)
    layers = tuple(map(rebuild, as_layers(list(layers))))
    return layers, Plan(layers, input_shape, n_outputs)


def check_values(estimator: Any, fitted: Fitted, plan: Plan) -> None:
    """Raise ValueError, naming the attribute, unless the values of fitted attributes match the plan."""
    for attribute in ATTRIBUTES:
        if not attribute.training:
            _check(attribute, fitted, plan)
    with _naming("classes_" if "classes_" in fitted else "n_outputs_"):
        estimator._fitted_task(fitted).check_attributes(fitted, plan.n_outputs)
    if fitted.keys() >= TRAINED:
        _check_training(fitted)


def _check_training(fitted: Fitted) -> None:
    for attribute in ATTRIBUTES:
        if attribute.training:
            _check(attribute, fitted, None)


def _check(attribute: FittedAttribute, fitted: Fitted, plan: Plan | None) -> None:
    if attribute.check is not None and attribute.name in fitted:
        with _naming(attribute.name):
            attribute.check(fitted[attribute.name], fitted, plan)


def check_presence(fitted: Fitted, *, trained: bool) -> None:
    """Raise ValueError if a required fitted attribute is missing.

    With `trained`, or if any attribute about training is present, all of those are required.
    """
    expected = REQUIRED | TRAINED if trained or fitted.keys() & TRAINED else REQUIRED
    missing = sorted(expected - fitted.keys())
    if missing:
        raise ValueError(f"Missing fitted attribute {missing[0]!r}.")


@contextmanager
def _naming(attribute: str) -> Iterator[None]:
    """Turn any exception of a check into a ValueError that names the attribute."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # an altered attribute can raise anything
        reason = str(error).removesuffix(".") or type(error).__name__
        raise ValueError(f"Inconsistent fitted attribute {attribute!r}: {reason}.") from error


@contextmanager
def _explained(estimator: object) -> Iterator[None]:
    """Say, in an error about fitted attributes, which estimator has them and what to do."""
    try:
        yield
    except ValueError as error:
        reason = " ".join(str(error).split())[:300]
        raise ValueError(
            f"{type(estimator).__name__}: {reason} Fit the estimator again, or load it again."
        ) from error
