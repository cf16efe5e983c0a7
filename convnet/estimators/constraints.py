"""Constructor parameters: checked in ``fit``, with one rule each."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.callbacks import Callback
from convnet.engine import SOLVERS
from convnet.inputs.images import takes_signals
from convnet.inputs.scaling import is_scale
from convnet.training.optimization import check_learning_rate
from convnet.values.fields import did_you_mean, show
from convnet.values.plain import plain
from convnet.values.spec import MOST

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


class ParameterError(ValueError, TypeError):
    """A constructor parameter cannot be used; as scikit-learn's, both a ValueError and a TypeError."""


class Rule:
    """What a parameter must be: a phrase and the test that it stands for."""

    def __init__(self, phrase: str, test: Callable[[Any], bool]) -> None:
        self.phrase, self._test = phrase, test

    def __or__(self, other: Rule) -> Rule:
        return Rule(f"{self.phrase} or {other.phrase}", lambda v: self.test(v) or other.test(v))

    def test(self, value: Any) -> bool:
        """Return whether a value passes; one that raises when it is looked at does not.

        What a number or a text holds has to pass, and what its class says of it, which is what it will be used as.
        """
        held = plain(value)
        try:
            as_used = held is value or isinstance(held, list | tuple | dict) or self._test(value)
            return bool(as_used and self._test(held))
        except Exception:
            return False


def one_of(*values: str | None) -> Rule:
    """Return a rule for one of some strings, or None."""
    names = " or ".join("None" if v is None else f'"{v}"' for v in values)
    return Rule(names, lambda v: (v is None or isinstance(v, str)) and v in values)


def integer(low: int, high: float = math.inf) -> Rule:
    """Return a rule for an integer from `low` on, up to `high`."""
    return Rule(f"an integer, {low} or more", lambda v: _is(v, Integral) and low <= v <= high)


def number(phrase: str, test: Callable[[Any], bool]) -> Rule:
    """Return a rule for a finite number that passes a test."""
    return Rule(f"a number {phrase}", lambda v: _is(v, Real) and math.isfinite(v) and test(v))


def _are_names(values: Collection[Any]) -> bool:
    """Return whether all are texts, no more and no longer than can be looked up among the layers of a net."""
    return len(values) <= MOST and all(isinstance(v, str) and len(v) <= MOST for v in values)


def _is(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _is_scoring(value: object) -> bool:
    return isinstance(value, str) or (callable(value) and not isinstance(value, type))


BOOLEAN = Rule("True or False", lambda v: isinstance(v, bool | np.bool_))
POSITIVE = number("above 0", lambda v: v > 0)
NOT_NEGATIVE = number("0 or more", lambda v: v >= 0)
SHARE = number("from 0 to below 1", lambda v: 0 <= v < 1)
CALLBACKS = Rule(
    "a list of objects of convnet.callbacks.Callback (scikit-learn's go into set_callbacks)",
    lambda v: isinstance(v, list | tuple) and all(isinstance(c, Callback) for c in v),
)

NAMES = Rule(
    f'a name of a layer, a pattern such as "conv*", "until:conv3", or a list of these, at most {MOST} of at most '
    f"{MOST} characters",
    lambda v: (
        _are_names([v])
        if isinstance(v, str)
        else isinstance(v, list | tuple) and len(v) > 0 and _are_names(v)
    ),
)
FACTORS = Rule(
    "a dict of names or patterns of layers and factors above 0 (freeze is for those that are not to learn)",
    lambda v: isinstance(v, dict) and _are_names(v) and all(map(POSITIVE.test, v.values())),
)

SHAPE = Rule(
    "one to three positive integers",
    lambda v: isinstance(v, list | tuple) and 1 <= len(v) <= 3 and all(map(integer(1).test, v)),
)

RULES = {
    "loss": one_of("squared_error", "absolute_error", "huber"),
    "data_format": one_of("channels_last", "channels_first"),
    "rescale": one_of("auto", None) | number("above 0, in the range of float32", is_scale),
    "solver": one_of(*SOLVERS),
    "alpha": NOT_NEGATIVE,
    "batch_size": one_of("auto") | integer(1),
    "learning_rate_init": POSITIVE,
    "max_iter": Rule("an integer, 1 or more, up to 2^53", integer(1, 2**53).test),
    "shuffle": BOOLEAN,
    "tol": NOT_NEGATIVE,
    "verbose": BOOLEAN | integer(0),
    "warm_start": BOOLEAN,
    "momentum": number("from 0 to 1", lambda v: 0 <= v <= 1),
    "nesterovs_momentum": BOOLEAN,
    "beta_1": SHARE,
    "beta_2": SHARE,
    "epsilon": number("above 0, in the range of float32", is_scale),
    "early_stopping": BOOLEAN,
    "validation_fraction": number("above 0 and below 1", lambda v: 0 < v < 1),
    "n_iter_no_change": integer(1) | Rule("infinity", lambda v: _is(v, Real) and v == math.inf),
    "clip_norm": one_of(None) | POSITIVE,
    "max_time": one_of(None) | POSITIVE,
    "scoring": one_of(None) | Rule("the name of a scorer or a callable", _is_scoring),
    "callbacks": one_of(None) | CALLBACKS,
    "label_smoothing": SHARE,
    "freeze": one_of(None) | NAMES,
    "layer_learning_rates": one_of(None) | FACTORS,
    "n_jobs": one_of(None)
    | Rule("an integer, and not 0", lambda v: _is(v, Integral) and int(v) != 0),
}


def check_parameters(estimator: Any) -> None:
    """Raise ParameterError, naming estimator and parameter, if one that has a rule breaks it."""
    kind = type(estimator).__name__
    for name, value in estimator.get_params(deep=False).items():
        rule = RULES.get(name)
        if rule and not rule.test(value):
            hint = did_you_mean(value, SOLVERS) if name == "solver" else ""
            raise ParameterError(f"{kind}: {name} must be {rule.phrase}; got {show(value)}.{hint}")
    try:
        check_learning_rate(estimator.learning_rate, estimator.max_iter)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{kind}: {error}") from None
    except Exception as error:  # of an object that is no schedule, whatever it says
        given = show(estimator.learning_rate)
        raise ParameterError(
            f"{kind}: learning_rate cannot be {given}, which raised {type(error).__name__}."
        ) from error


def input_shape(
    value: Any, data_format: str, kind: str, layers: Any = None
) -> tuple[int, ...] | None:
    """Return `input_shape` as (h, w, c), (length, c), (features,) or None.

    The parameter is in the order of `data_format`; whether two numbers are a map's or a signal's say the `layers`.
    """
    if value is None:
        return None
    shape = (value,) if _is(value, Integral) else plain(value)
    if not SHAPE.test(shape):
        raise ParameterError(
            f"{kind}: input_shape must be None, (features,), (height, width) or three positive integers in "
            f"the order of data_format; got {show(value)}."
        )
    shape = tuple(map(int, shape))
    if len(shape) == 2 and takes_signals(layers):
        return shape[::-1] if data_format == "channels_first" else shape
    if len(shape) == 3 and data_format == "channels_first":
        return (*shape[1:], shape[0])
    return (*shape, 1) if len(shape) == 2 else shape
