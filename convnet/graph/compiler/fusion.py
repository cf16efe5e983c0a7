"""Fusion: fewer operations that compute the same, for a training step or for prediction."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from convnet.engine import FROM_OUTPUT
from convnet.graph.layout import Buffer, Parameter
from convnet.graph.ops import (
    ActivationOp,
    AddOp,
    BatchNormOp,
    Conv2DOp,
    DenseOp,
    DropoutOp,
    ForkOp,
    Op,
    Pool2DOp,
)

OpenEnded: TypeAlias = (
    Conv2DOp | DenseOp | BatchNormOp | AddOp
)  # unless an activation is fused into it


@dataclass(frozen=True)
class Fold:
    """A batch norm to fold into the weights before it; their bias takes the place of beta.

    `bias` is the convolution's or dense layer's own, if it has one.
    """

    weights: Parameter
    bias: Parameter | None
    norm: BatchNormOp


def fuse(
    ops: Iterable[Op], *, predict: bool = False, dropout: bool = True, keep: Buffer | None = None
) -> tuple[list[Op], list[Fold]]:
    """Return (shorter list of operations, list of Fold); the given operations must not be used again.

    An activation joins the convolution, dense layer, batch norm or sum before it, and a max-pool whose windows tile
    the map the convolution or batch norm before it. For prediction batch norm is folded into the convolution or dense
    layer before it, and dropout is left out; in a training step the convolution's backward pass goes through it.
    Nothing joins across a fork: what has two readers stays as it is.

    Parameters
    ----------
    ops : list of Op
    predict : bool, default=False
    dropout : bool, default=True
        False leaves dropout out of a training step too.
    keep : Buffer, default=None
        A buffer to keep, so that its gradient can be computed.
    """
    fused: list[Op] = []
    folded: list[Fold] = []
    for op in ops:
        writers = (last for last in fused[-1:] if last.dst is op.src and op.src is not keep)
        before = next(writers, None)  # what the operation may join
        if before and _joins(before, op, predict, folded):
            before.dst = op.dst
        elif (predict or not dropout) and isinstance(op, DropoutOp):
            if before and not isinstance(before, ForkOp):  # which writes nothing
                before.dst = op.dst
            else:
                op.dst.alias = op.src
        elif not (predict and isinstance(op, ForkOp)):
            if before and not predict:
                _inverts(before, op)
            fused.append(op)
    _sum_in_place(fused, predict)
    return fused, folded


def _joins(before: Op, op: Op, predict: bool, folded: list[Fold]) -> bool:
    """Fuse op into the operation before it if that computes the same."""
    if isinstance(op, ActivationOp):
        fusible = op.activation in FROM_OUTPUT or predict
        if fusible and isinstance(before, OpenEnded) and _linear(before):
            before.activation = op.activation
            return True
    elif isinstance(op, Pool2DOp) and isinstance(before, Conv2DOp | BatchNormOp):
        fusible = op.fusible and before.activation in FROM_OUTPUT
        if fusible and before.pool == (1, 1) and before.can_pool(op.size):
            before.pool = op.size
            return True
    elif isinstance(op, BatchNormOp) and isinstance(before, Conv2DOp | DenseOp):
        foldable = predict and _linear(before)
        if foldable:
            weights, bias = before.parameters["weights"], before.parameters.get("bias")
            folded.append(Fold(weights, bias, op))
            before.parameters = {"weights": weights, "bias": op.parameters["beta"]}
            return True
    return False


def _sum_in_place(ops: Iterable[Op], predict: bool) -> None:
    """Let a sum have the memory of its first input, and the gradients by its inputs that of the one by the sum.

    In training only where nothing but the sum reads that input and the operation that writes it leaves the gradient
    by it as it is: behind a linear convolution, dense layer or batch norm.
    """
    writers: dict[Buffer, Op] = {}
    for op in ops:
        if isinstance(op, AddOp):
            writer = writers.get(op.src)
            linear = isinstance(writer, Conv2DOp | DenseOp | BatchNormOp) and _linear(writer)
            if writer and (predict or linear):
                op.src.alias = op.dst
                op.other.gradient_alias = op.dst
                op.shares = True
        writers[op.dst] = op


def _inverts(before: Op, op: Op) -> None:
    """Let a convolution go back through the batch norm after it."""
    if isinstance(before, Conv2DOp) and isinstance(op, BatchNormOp):
        invertible = _linear(before) and before.can_invert
        if invertible:
            before.norm, op.inverted = op, True


def _linear(op: OpenEnded) -> bool:
    return op.activation == "linear" and getattr(op, "pool", (1, 1)) == (1, 1)
