"""Constructor parameters: checked in ``fit``, with one rule each."""

import math
from numbers import Integral, Real

from convnet.callbacks import Callback
from convnet.estimators.inputs import takes_signals
from convnet.estimators.units import is_scale
from convnet.training.rates import check_learning_rate
from convnet.values.fields import did_you_mean, show


class ParameterError(ValueError, TypeError):
    """A constructor parameter cannot be used; as scikit-learn's, both a ValueError and a TypeError."""


class Rule:
    """What a parameter must be: a phrase and the test that it stands for."""

    def __init__(self, phrase, test):
        self.phrase, self.test = phrase, test

    def __or__(self, other):
        return Rule(f"{self.phrase} or {other.phrase}", lambda v: self.test(v) or other.test(v))


def one_of(*values):
    """Return a rule for one of some strings, or None."""
    names = " or ".join("None" if v is None else f'"{v}"' for v in values)
    return Rule(names, lambda v: (v is None or isinstance(v, str)) and v in values)


def integer(low):
    """Return a rule for an integer from `low` on."""
    return Rule(f"an integer, {low} or more", lambda v: _is(v, Integral) and v >= low)


def number(phrase, test):
    """Return a rule for a finite number that passes a test."""
    return Rule(f"a number {phrase}", lambda v: _is(v, Real) and math.isfinite(v) and test(v))


def _is(value, kind):
    return isinstance(value, kind) and not isinstance(value, bool)


def _is_scoring(value):
    return isinstance(value, str) or (callable(value) and not isinstance(value, type))


BOOLEAN = Rule(
    "True or False", lambda v: isinstance(v, bool) or type(v).__name__ in ("bool", "bool_")
)
POSITIVE = number("above 0", lambda v: v > 0)
NOT_NEGATIVE = number("0 or more", lambda v: v >= 0)
SHARE = number("from 0 to below 1", lambda v: 0 <= v < 1)
CALLBACKS = Rule(
    "a list of objects of convnet.callbacks.Callback (scikit-learn's go into set_callbacks)",
    lambda v: isinstance(v, list | tuple) and all(isinstance(c, Callback) for c in v),
)

NAMES = Rule(
    'a name of a layer, a pattern such as "conv*", "until:conv3", or a list of these',
    lambda v: (
        isinstance(v, str)
        or (isinstance(v, list | tuple) and len(v) > 0 and all(isinstance(n, str) for n in v))
    ),
)
FACTORS = Rule(
    "a dict of names or patterns of layers and factors above 0 (freeze is for those that are not to learn)",
    lambda v: (
        isinstance(v, dict) and all(isinstance(n, str) and POSITIVE.test(f) for n, f in v.items())
    ),
)

SOLVERS = ("adam", "adamw", "rmsprop", "sgd")

RULES = {
    "loss": one_of("squared_error", "absolute_error", "huber"),
    "data_format": one_of("channels_last", "channels_first"),
    "rescale": one_of("auto", None) | number("above 0, in the range of float32", is_scale),
    "solver": one_of(*SOLVERS),
    "alpha": NOT_NEGATIVE,
    "batch_size": one_of("auto") | integer(1),
    "learning_rate_init": POSITIVE,
    "max_iter": integer(1),
    "shuffle": BOOLEAN,
    "tol": NOT_NEGATIVE,
    "verbose": BOOLEAN | integer(0),
    "warm_start": BOOLEAN,
    "momentum": number("from 0 to 1", lambda v: 0 <= v <= 1),
    "nesterovs_momentum": BOOLEAN,
    "beta_1": SHARE,
    "beta_2": SHARE,
    "epsilon": POSITIVE,
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
}


def check_parameters(estimator):
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


def input_shape(value, data_format, kind, layers=None):
    """Return `input_shape` as (h, w, c), (length, c), (features,) or None.

    The parameter is in the order of `data_format`; whether two numbers are a map's or a signal's say the `layers`.
    """
    if value is None:
        return None
    shape = (value,) if _is(value, Integral) else value
    is_shape = isinstance(shape, list | tuple) and 1 <= len(shape) <= 3
    if not is_shape or not all(_is(n, Integral) and n >= 1 for n in shape):
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
