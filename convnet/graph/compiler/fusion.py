"""Fusion: fewer operations with the same result, for a training step or for prediction."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from convnet.engine import FROM_OUTPUT
from convnet.graph.layout import Buffer, Parameter
from convnet.graph.ops.base import Op
from convnet.graph.ops.batchnorm import BatchNormOp
from convnet.graph.ops.branch import AddOp, ConcatOp, ForkOp, MergeOp
from convnet.graph.ops.conv2d import Conv2DOp
from convnet.graph.ops.conv2dtranspose import Conv2DTransposeOp
from convnet.graph.ops.dense import DenseOp
from convnet.graph.ops.elementwise import ActivationOp, DropoutOp
from convnet.graph.ops.pool2d import Pool2DOp

# operations that an activation can be fused into, unless they have one
OpenEnded: TypeAlias = Conv2DOp | Conv2DTransposeOp | DenseOp | BatchNormOp | MergeOp

# operations that a batch norm can be folded into
Foldable: TypeAlias = Conv2DOp | Conv2DTransposeOp | DenseOp


@dataclass(frozen=True)
class Fold:
    """A batch norm to fold into the weights of the layer before it. The folded bias takes the place of beta.

    `bias` is the bias of that layer, if it has one.
    """

    weights: Parameter
    bias: Parameter | None
    norm: BatchNormOp


def fuse(
    ops: Iterable[Op], *, predict: bool = False, dropout: bool = True, keep: Buffer | None = None
) -> tuple[list[Op], list[Fold]]:
    """Return (shorter list of operations, list of Fold). The given operations must not be used again.

    An activation is fused into the convolution, dense layer, batch norm or merge of branches before it. A max-pool
    whose windows tile the map is fused into the convolution or batch norm before it. For prediction, batch norm is
    folded into the dense layer or the convolution before it, transposed or not, and dropout is left out. In a training
    step, the backward pass of a convolution goes through the batch norm after it. Nothing is fused across a fork,
    because both of its readers need the map. In prediction, a convolution at the end of a branch writes its channels of
    a concatenation itself.

    Parameters
    ----------
    ops : list of Op
    predict : bool, default=False
    dropout : bool, default=True
        False leaves dropout out of a training step too.
    keep : Buffer, default=None
        Buffer that fusion must not remove, because its gradient is wanted.
    """
    fused: list[Op] = []
    folded: list[Fold] = []
    for op in ops:
        writers = (last for last in fused[-1:] if last.dst is op.src and op.src is not keep)
        before = next(writers, None)  # the operation that `op` may be fused into
        if before and _joins(before, op, predict, folded):
            before.dst = op.dst
        elif (predict or not dropout) and isinstance(op, DropoutOp):
            # a fork writes nothing, and a concatenation only a part
            if before and not (isinstance(before, ForkOp) or before.writes_part):
                before.dst = op.dst
            else:
                op.dst.alias = op.src
        elif not (predict and isinstance(op, ForkOp)):
            if before and not predict:
                _inverts(before, op)
            fused.append(op)
    _sum_in_place(fused, predict)
    if predict:
        _concat_in_place(fused)
    return fused, folded


def _joins(before: Op, op: Op, predict: bool, folded: list[Fold]) -> bool:
    """Fuse `op` into the operation before it if the result is the same; return whether it was fused."""
    if isinstance(op, ActivationOp):
        fusible = op.activation in FROM_OUTPUT or predict
        if fusible and isinstance(before, OpenEnded) and _linear(before):
            before.activation = op.activation
            return True
    elif isinstance(op, Pool2DOp) and isinstance(before, Conv2DOp | BatchNormOp):
        fusible = op.fusible and before.activation in FROM_OUTPUT
        if fusible and before.pool == (1, 1) and before.can_pool(op.size, predict):
            before.pool = op.size
            return True
    elif isinstance(op, BatchNormOp) and isinstance(before, Foldable):
        foldable = predict and _linear(before)
        if foldable:
            weights, bias = before.parameters["weights"], before.parameters.get("bias")
            folded.append(Fold(weights, bias, op))
            before.parameters = {"weights": weights, "bias": op.parameters["beta"]}
            return True
    return False


def _sum_in_place(ops: Iterable[Op], predict: bool) -> None:
    """Let a sum overwrite its first input, and let the gradients of its inputs share the memory of its own gradient.

    In training, this is possible only if nothing but the sum reads its inputs, and the operations that write them do
    not change their gradients, which the last phase of a step reads again. These operations must be linear
    convolutions, dense layers or batch norms; the second input can also be a fork.
    """
    writers: dict[Buffer, Op] = {}
    forks: set[Buffer] = set()  # their outputs
    for op in ops:
        if isinstance(op, AddOp):
            writer, second = writers.get(op.src), writers.get(op.other)
            forked = op.other in forks  # itself, not a reshaped alias, whose gradient would be lost
            keeps = _keeps_gradient(writer) and (forked or _keeps_gradient(second))
            if writer and (predict or (keeps and op.scale == 1.0)):
                op.src.alias = op.dst
                op.other.gradient_alias = op.dst
                op.shares = True
        writers[op.dst] = op
        if isinstance(op, ForkOp):
            forks.update(op.outputs)


def _concat_in_place(ops: Iterable[Op]) -> None:
    """Let the operation before a concatenation write into the channels that its output would be copied to.

    The input of a concatenation may be a concatenation, whose parts are then slices of a slice. A map that has another
    reader is copied.
    """
    writers: dict[Buffer, Op] = {}
    for op in ops:
        if isinstance(op, ConcatOp):
            writer = writers.get(op.src)  # None for the output of a fork, which is an alias
            if writer is not None and writer.writes_slices and op.src.alias is None:
                op.src.alias, op.src.first_channel = op.dst, op.first_channel
        writers[op.dst] = op


def _keeps_gradient(op: Op | None) -> bool:
    """Return whether the backward pass of an operation leaves the gradient with respect to its output unchanged."""
    return isinstance(op, Conv2DOp | DenseOp | BatchNormOp) and _linear(op)


def _inverts(before: Op, op: Op) -> None:
    """Let the backward pass of a convolution go through the batch norm after it."""
    if isinstance(before, Conv2DOp) and isinstance(op, BatchNormOp):
        invertible = _linear(before) and before.can_invert
        if invertible:
            before.norm, op.inverted = op, True


def _linear(op: OpenEnded) -> bool:
    return op.activation == "linear" and getattr(op, "pool", (1, 1)) == (1, 1)
