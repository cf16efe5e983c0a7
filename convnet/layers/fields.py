"""Checks for the fields of layers: those of any value, and those that only layers have."""

import re
from typing import TypeAlias

from convnet.engine import ACTIVATIONS
from convnet.values.fields import (
    boolean,
    both,
    choice,
    did_you_mean,
    integer,
    optional,
    pair,
    parameter,
    real,
    show,
)

REFUSED = ("softmax",)  # belongs to the automatic output layer; the plan says so, with the position
OTHER_NAMES = {"identity": "linear", "none": "linear", "logistic": "sigmoid", "swish": "silu"}

Padding: TypeAlias = int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]

__all__ = [
    "Padding",
    "activation",
    "boolean",
    "check_groups",
    "choice",
    "initializer",
    "integer",
    "l2",
    "layer_name",
    "max_norm",
    "optional",
    "padding",
    "padding1d",
    "pair",
    "parameter",
    "real",
    "zeros",
]

INITIALIZERS = ("he_normal", "he_uniform", "glorot_normal", "glorot_uniform", "orthogonal")
l2 = optional(real(0, 1e3))
max_norm = optional(real(1e-6, 1e6))
_NAME = re.compile(r"(?!-?\d+\Z)(?!.*__)(?!_)[A-Za-z0-9_-]{1,64}(?<!_)")


def padding(value: object) -> str | Padding:
    """Check "valid", "same", an integer, (vertical, horizontal) or ((top, bottom), (left, right)).

    The shortest equal form is kept: ((1, 1), (2, 2)) → (1, 2), (1, 1) → 1.
    """
    if isinstance(value, str):
        return _padding_word(value)
    axis = pair(0)
    if not isinstance(value, list | tuple):
        return axis(value)
    if len(value) != 2:
        raise ValueError(f"must be (vertical, horizontal) or two such pairs; got {show(value)}")
    first, second = map(axis, value)
    if first == second and not isinstance(first, tuple):
        return first
    if isinstance(first, tuple) or isinstance(second, tuple):
        return both(first), both(second)
    return first, second


def _padding_word(value: str) -> str:
    if value not in ("valid", "same"):
        raise ValueError(f'must be "valid", "same" or integers; got {show(value)}')
    return value


def padding1d(value: object) -> str | int | tuple[int, int]:
    """Check "valid", "same", an integer or (before, after); (1, 1) is normalised to 1."""
    if isinstance(value, str):
        return _padding_word(value)
    if isinstance(value, list | tuple) and len(value) != 2:
        raise ValueError(
            f'must be "valid", "same", an integer or (before, after); got {show(value)}'
        )
    return pair(0)(value)


def check_groups(layer: object, filters: int, groups: int) -> None:
    """Raise ValueError if the filters of a convolution cannot be cut into its groups."""
    if filters % groups:
        raise ValueError(
            f"{type(layer).__name__}: filters must be divisible by groups; "
            f"got {filters} and {groups}"
        )


def zeros(value: object) -> str | Padding:
    """Check a padding that is written out: that of a layer of zeros."""
    if isinstance(value, str):
        raise TypeError(f"must be an integer or pairs of integers; got {show(value)}")
    return padding(value)


def activation(value: object) -> str | None:
    """Check the name of an activation; None is "linear". "softmax" is left for the plan to refuse."""
    if value is not None and not isinstance(value, str):
        raise TypeError(f"must be None or one of {', '.join(ACTIVATIONS)}; got {show(value)}")
    if value is not None and value not in ACTIVATIONS and value not in REFUSED:
        hint = did_you_mean(value, ACTIVATIONS, OTHER_NAMES)
        known = ", ".join(ACTIVATIONS)
        raise ValueError(f"must be None or one of {known}; got {show(value)}.{hint}")
    return None if value is None else str(value)


def initializer(value: object) -> str | None:
    """Check how weights start; None is by the activation."""
    known = f"must be None or one of {', '.join(INITIALIZERS)}; got {show(value)}"
    if value is not None and not isinstance(value, str):
        raise TypeError(known)
    if value is not None and value not in INITIALIZERS:
        raise ValueError(f"{known}.{did_you_mean(value, INITIALIZERS)}")
    return None if value is None else str(value)


def layer_name(value: object) -> str | None:
    """Check a layer's name: it becomes part of ``layers__stem__filters`` and ``"stem/weights"``."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"must be a string; got {show(value)}")
    if not _NAME.fullmatch(value):
        raise ValueError(
            "must be 1 to 64 letters, digits, single _ or -, not a number, without _ at either end; "
            f"got {show(value)}"
        )
    return str(value)
