"""The activation functions in float64, one value at a time; `convnet.layers.Activation` documents their formulas."""

from __future__ import annotations

from collections.abc import Callable
from math import erfc, exp, expm1, log1p, sqrt, tanh

from convnet.inspection.trace.text import number


def sigmoid(z: float) -> float:
    """Return 1 / (1 + exp(-z))."""
    e = exp(-abs(z))
    return e / (1.0 + e) if z < 0 else 1.0 / (1.0 + e)


def hard_sigmoid(z: float) -> float:
    """Return min(max(z + 3, 0), 6) / 6."""
    return min(max(z + 3.0, 0.0), 6.0) / 6.0


def softplus(z: float) -> float:
    """Return log(1 + exp(z))."""
    return max(z, 0.0) + log1p(exp(-abs(z)))


def prelu(z: float, slope: float) -> float:
    """Return z where it is positive, else the learned slope times z."""
    return z if z > 0 else slope * z


def prelu_formula(slope: float) -> str:
    """Return the formula of `prelu` with this slope."""
    return f"prelu(z) = z if z > 0 else {number(slope)} z"


FUNCTIONS: dict[str, Callable[[float], float]] = {
    "linear": lambda z: z,
    "relu": lambda z: max(z, 0.0),
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "elu": lambda z: z if z > 0 else expm1(z),
    "gelu": lambda z: 0.5 * z * erfc(-z / sqrt(2.0)),
    "silu": lambda z: z * sigmoid(z),
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu6": lambda z: min(max(z, 0.0), 6.0),
    "hard_sigmoid": hard_sigmoid,
    "hard_swish": lambda z: z * hard_sigmoid(z),
    "softplus": softplus,
    "mish": lambda z: z * tanh(softplus(z)),
}
FORMULAS = {
    "relu": "max(z, 0)",
    "leaky_relu": "z if z > 0 else 0.01 z",
    "elu": "z if z > 0 else exp(z) - 1",
    "gelu": "z Φ(z)",
    "silu": "z / (1 + exp(-z))",
    "sigmoid": "1 / (1 + exp(-z))",
    "tanh": "tanh(z)",
    "relu6": "min(max(z, 0), 6)",
    "hard_sigmoid": "min(max(z + 3, 0), 6) / 6",
    "hard_swish": "z min(max(z + 3, 0), 6) / 6",
    "softplus": "log(1 + exp(z))",
    "mish": "z tanh(log(1 + exp(z)))",
}
