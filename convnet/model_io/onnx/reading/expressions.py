"""Functions of one value, as trees of elementwise operators, and which activation each one is.

Exporters write GELU, SiLU, Mish and the hard activations as several nodes, in several ways. So a tree is compared with
the activations by its values, not by its form.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from scipy.special import erf

from convnet.inspection.trace.activations import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Value: TypeAlias = Any  # a number, an array with one value per channel, or an array of points

MAX_TREE = 24  # operators; the longest activation, Mish from exponentials, has about ten
TOLERANCE = 2e-6  # constants are float32; the tanh form of GELU differs from the exact one by 5e-4
POINTS = np.concatenate(
    [np.linspace(-12, 12, 241), np.outer([-1, 1], [20, 50, 100, 1e3, 1e4]).ravel()]
)


@dataclass(frozen=True, eq=False)
class Tree:
    """An operator with its operands: trees, or constants. `VARIABLE` has no operands."""

    operator: str
    operands: tuple[Any, ...] = ()  # trees, numbers, and arrays with one value per channel

    @property
    def size(self) -> int:
        """Number of operators, repeated ones counted again."""
        return 1 + sum(one.size for one in self.operands if isinstance(one, Tree))

    def constants(self) -> Iterator[Value]:
        """Yield the constants in the tree."""
        for one in self.operands:
            if isinstance(one, Tree):
                yield from one.constants()
            else:
                yield one

    def subtrees(self) -> Iterator[Tree]:
        """Yield the trees inside, each before those inside it."""
        for one in self.operands:
            if isinstance(one, Tree):
                yield one
                yield from one.subtrees()


VARIABLE = Tree("x")

UNARY: dict[str, Callable[..., Value]] = {
    "Abs": np.abs,
    "Erf": erf,
    "Exp": np.exp,
    "Log": np.log,
    "Neg": np.negative,
    "Reciprocal": lambda x: 1 / x,
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Softplus": lambda x: np.logaddexp(x, 0),
    "Sqrt": np.sqrt,
    "Tanh": np.tanh,
}
BINARY: dict[str, Callable[..., Value]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "Pow": np.power,
    "Min": np.minimum,
    "Max": np.maximum,
    "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal,
    "Less": np.less,
    "LessOrEqual": np.less_equal,
}
# operators with numbers as further operands
PARAMETRIC: dict[str, Callable[..., Value]] = {
    "Clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "Elu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    "LeakyRelu": lambda x, slope: np.where(x > 0, x, slope * x),
}
_FUNCTIONS: dict[str, Callable[..., Value]] = {**UNARY, **BINARY, **PARAMETRIC, "Where": np.where}


def evaluate(tree: Tree | Value, x: Value) -> Value:
    """Return the value of a tree at x."""
    if not isinstance(tree, Tree):
        return tree
    if tree is VARIABLE:
        return x
    return _FUNCTIONS[tree.operator](*(evaluate(one, x) for one in tree.operands))


def affine(tree: Tree) -> tuple[Value, Value] | None:
    """Return (scale, offset) if the tree is scale · x + offset, with numbers or one value per channel; else None."""
    if tree is VARIABLE:
        return 1.0, 0.0
    if tree.operator == "Neg":
        inner = affine(tree.operands[0])
        return None if inner is None else (-inner[0], -inner[1])
    if tree.operator not in ("Add", "Sub", "Mul", "Div"):
        return None
    first, second = (affine(one) if isinstance(one, Tree) else (0.0, one) for one in tree.operands)
    if first is None or second is None:
        return None
    (a, b), (c, d) = first, second
    if tree.operator in ("Add", "Sub"):
        sign = 1 if tree.operator == "Add" else -1
        return a + sign * c, b + sign * d
    left, right = (isinstance(one, Tree) for one in tree.operands)
    if left and right:
        return None
    if tree.operator == "Mul":
        return (a * d, b * d) if left else (b * c, b * d)
    return (a / d, b / d) if left else None


def peel(tree: Tree) -> tuple[Value, Value, Tree]:
    """Return (scale, offset, inner) so that the tree is scale · inner + offset, and inner is not of this form."""
    scale, offset = 1.0, 0.0
    while True:
        if tree.operator == "Neg":
            scale, tree = -scale, tree.operands[0]
            continue
        if tree.operator not in ("Add", "Sub", "Mul", "Div"):
            return scale, offset, tree
        a, b = tree.operands
        if isinstance(a, Tree) == isinstance(b, Tree) or (
            tree.operator == "Div" and isinstance(b, Tree)
        ):
            return scale, offset, tree
        inner, constant = (a, b) if isinstance(a, Tree) else (b, a)
        if tree.operator == "Add":
            offset = offset + scale * constant
        elif tree.operator == "Sub" and inner is a:
            offset = offset - scale * constant
        elif tree.operator == "Sub":
            scale, offset = -scale, offset + scale * constant
        elif tree.operator == "Mul":
            scale = scale * constant
        else:
            scale = scale / constant
        tree = inner


def cut(tree: Tree, part: Tree) -> Tree | None:
    """Return a tree with the variable in place of a part, or None if the variable also occurs outside the part."""
    if tree is part:
        return VARIABLE
    if tree is VARIABLE:
        return None
    operands = [cut(one, part) if isinstance(one, Tree) else one for one in tree.operands]
    return None if any(one is None for one in operands) else Tree(tree.operator, tuple(operands))


def inner_function(tree: Tree) -> tuple[str, Tree] | None:
    """Return (activation, inner) so that the tree is an activation of a smaller tree, or None."""
    for part in tree.subtrees():
        outer = None if part is VARIABLE else cut(tree, part)
        name = None if outer is None else matching_activation(outer)
        if name is not None:
            return name, part
    return None


def matching_activation(tree: Tree) -> str | None:
    """Return the name of the activation that computes the same as a tree, or None."""
    constants = list(tree.constants())
    if any(np.ndim(value) for value in constants):
        return None
    finite = [float(value) for value in constants if np.isfinite(value)]
    # a bound beyond the fixed points must not be missed
    extra = [v for c in finite for v in (c, -c, c + 1e-3, c - 1e-3, 2 * c, -2 * c)]
    points = np.concatenate([POINTS, extra])
    with np.errstate(all="ignore"):
        values = np.asarray(evaluate(tree, points), dtype=np.float64)
    # where a formula such as log(1 + exp(x)) overflows, the activation is what it stands for
    known = np.isfinite(values)
    if values.shape != points.shape or not known[np.abs(points) <= 50].all():
        return None
    limits = TOLERANCE * (1 + np.abs(points[known]))
    for name in FUNCTIONS:
        expected = np.concatenate([_at_points(name), [FUNCTIONS[name](v) for v in extra]])[known]
        if (np.abs(values[known] - expected) <= limits).all():
            return name
    return None


@cache
def _at_points(name: str) -> np.ndarray:
    return np.array([FUNCTIONS[name](x) for x in POINTS])
