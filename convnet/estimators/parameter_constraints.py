"""Constraints on parameters of the estimators."""

from __future__ import annotations

from math import inf
from typing import Any

from convnet.callbacks import Callback
from convnet.values import foreign_tables
from convnet.values.constraints import (
    Constraint,
    integer,
    is_integer,
    is_number,
    number,
)
from convnet.values.foreign_names import as_code
from convnet.values.spec import MAX_VALUES

MAX_NAME = 1000  # characters of a name or a pattern of layers
MAX_WEIGHT_NAMES = 2**16


def _infinity(value: Any) -> float:
    if not is_number(value):
        raise TypeError
    if value != inf:
        raise ValueError
    return inf


def _nonzero(value: Any) -> int:
    if not is_integer(value):
        raise TypeError
    if value == 0:
        raise ValueError
    return int(value)


def _scorer(value: Any) -> Any:
    if not isinstance(value, str) and (isinstance(value, type) or not callable(value)):
        raise TypeError
    return value


def _scoring_hint(value: Any) -> str:
    one = value[0] if isinstance(value, list | tuple) and len(value) == 1 else None
    return f" Write scoring={as_code(one)}." if isinstance(one, str) else ""


def _callbacks_hint(value: Any) -> str:
    if isinstance(value, Callback):
        return f" Write [{value!r}]."
    values = value if isinstance(value, list | tuple) else [value]
    hints = (foreign_tables.CALLBACKS.remedy_of(one) for one in values[:MAX_VALUES])
    return next(filter(None, hints), "")


def _callbacks(value: Any) -> list[Callback]:
    if not isinstance(value, list | tuple) or not all(isinstance(c, Callback) for c in value):
        raise TypeError
    return list(value)


def _names(value: Any) -> list[str]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(n, str) for n in names):
        raise TypeError
    if not 0 < len(names) <= MAX_VALUES or any(len(name) > MAX_NAME for name in names):
        raise ValueError
    return list(names)


def _layer_factors(value: Any) -> dict[str, float]:
    if not isinstance(value, dict):
        raise TypeError
    factors = map(positive.convert, value.values())
    return dict(zip(_names(list(value)), factors, strict=True)) if value else {}


def _weight_names(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise TypeError
    texts = [*value, *value.values()]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError
    if len(value) > MAX_WEIGHT_NAMES or any(len(text) > MAX_NAME for text in texts):
        raise ValueError
    return dict(value)


def _shape(value: Any) -> tuple[int, ...]:
    sizes = [value] if is_integer(value) else value
    if not isinstance(sizes, list | tuple):
        raise TypeError
    if not 1 <= len(sizes) <= 3:
        raise ValueError
    return tuple(map(integer(1, inf).convert, sizes))


positive = number(0, closed="neither")
not_negative = number(0)
fraction = number(0, 1, closed="left")

infinity = Constraint("infinity", _infinity)
image_shape = Constraint(
    "(features,), (height, width) or three positive integers in the order of data_format",
    _shape,
    lambda value: (
        " Leave out the number of samples."
        if isinstance(value, list | tuple) and len(value) == 4
        else ""
    ),
)
scorer = Constraint("the name of a scorer or a callable", _scorer, _scoring_hint)
callback_list = Constraint(
    "a list of convnet.callbacks.Callback objects (pass scikit-learn's to set_callbacks)",
    _callbacks,
    _callbacks_hint,
)
layer_names = Constraint(
    'the name of a layer, a pattern such as "conv*", "until:conv3", or a list of up to '
    f"{MAX_VALUES} of them, with up to {MAX_NAME} characters each",
    _names,
)
layer_factors = Constraint(
    "a dict from names or patterns of layers to factors above 0 (to stop layers from learning, use freeze)",
    _layer_factors,
)
weight_names = Constraint(
    'a dict from names of layers to names in init_weights, such as {"conv1": "features.0"}, with up to '
    f"{MAX_WEIGHT_NAMES:,} entries and {MAX_NAME} characters each",
    _weight_names,
)
thread_count = Constraint("an integer other than 0", _nonzero)
