"""The registry of operators: one function for each, which turns a node into vertices."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from convnet.model_io.onnx.reading.context import GraphContext, Value
    from convnet.model_io.onnx.reading.protobuf.loading import Node

Operator: TypeAlias = "Callable[[Node, GraphContext], Value]"

OPERATORS: dict[str, Operator] = {}


def operator(*names: str) -> Callable[[Operator], Operator]:
    """Register the function of operators of ONNX; a decorator.

    The function gets a node and the context and returns the value of the first output. It raises UnsupportedNodeError
    if no layer computes what the node computes.
    """

    def register(function: Operator) -> Operator:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return register
