"""A digest of a graph, by which `from_onnx` sees whether another program has changed what ``to_onnx`` wrote."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection


def graph_digest(graph: Any, parameters: Collection[str]) -> str:
    """Return a digest of the nodes of a graph, its outputs and its constants, except parameters.

    Parameters
    ----------
    graph : onnx.GraphProto
    parameters : collection of str
        Names of the constants that the digest leaves out.
    """
    digest = sha256()
    for node in graph.node:
        texts = [node.op_type, node.domain, *node.input, "", *node.output]
        digest.update("\0".join(texts).encode() + b"\n")
        for attribute in sorted(node.attribute, key=lambda one: one.name):
            digest.update(attribute.SerializeToString(deterministic=True))
    for tensor in sorted(graph.initializer, key=lambda one: one.name):
        if tensor.name not in parameters:
            digest.update(tensor.SerializeToString(deterministic=True))
    digest.update("\0".join(value.name for value in graph.output).encode())
    return digest.hexdigest()
