"""What can be wrong with a node, and the one message about all that is wrong with a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convnet.persistence.model_file import ModelFileError
from convnet.values.messages import MAX_MESSAGE, listed, printable, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_REASONS = 8  # nodes whose reason is written out


class UnsupportedNodeError(Exception):
    """A node computes something that no layer computes. The message gives the reason, without a period."""


class InputShapeError(ValueError):
    """`input_shape` is missing or does not fit the graph. The message is a sentence for the user."""


class ClassesError(ValueError):
    """`classes` does not fit the outputs of the graph. The message is a sentence for the user."""


def reason_of(error: Exception) -> str:
    """Return the message of an error as a part of a sentence."""
    text = " ".join(str(error).split()).removesuffix(".")[:300]
    return text or type(error).__name__


def unsupported_graph(
    operators: Mapping[str, Sequence[str]], reasons: Sequence[tuple[str, str]]
) -> ModelFileError:
    """Return the error about a graph that layers cannot express.

    Parameters
    ----------
    operators : dict of list of str
        Unknown operators, each with the nodes that have it.
    reasons : list of (str, str)
        Nodes of known operators, each with the reason why it has no counterpart.
    """
    parts = [
        f"operator {shorten(name, 60)} of {listed(nodes)}" for name, nodes in operators.items()
    ]
    parts += [f"{node}: {reason}" for node, reason in reasons[:MAX_REASONS]]
    if len(reasons) > MAX_REASONS:
        parts.append("and " + listed(node for node, _ in reasons[MAX_REASONS:]))
    text = "; ".join(parts)
    return ModelFileError(
        shorten(
            printable(f"from_onnx: the layers of convnet cannot express this graph. {text}."),
            MAX_MESSAGE,
        )
    )
