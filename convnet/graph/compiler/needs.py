"""Which gradients a backward pass has to compute."""

from collections.abc import Iterable

from convnet.graph.buffers import Buffer
from convnet.graph.ops import AddOp, ForkOp, Op


class Needs:
    """The buffers by which a gradient is wanted: those that something trained, or the caller's buffer, has a part in.

    Each operation is told whether its parameters are frozen and whether it has a part in the backward pass at all. To
    be made of the operations before they are fused.

    Parameters
    ----------
    ops : list of Op
    frozen : set of str
        Names of parameters that are not trained.
    target : Buffer, default=None
        By which the caller wants the gradient.
    """

    def __init__(
        self, ops: Iterable[Op], frozen: frozenset[str], target: Buffer | None = None
    ) -> None:
        self._wanted: set[Buffer] = set() if target is None else {target}
        for op in ops:
            trained = [p.name for p in op.parameters.values() if p.trainable]
            op.frozen = bool(trained) and frozen.issuperset(trained)
            sources = [op.src, op.other] if isinstance(op, AddOp) else [op.src]
            self._wanted.update(b for b in sources if b.root in self._wanted)
            op.reverses = bool(trained and not op.frozen) or any(b in self for b in sources)
            if op.reverses:
                outputs = [op.dst, op.other] if isinstance(op, ForkOp) else [op.dst]
                self._wanted.update(outputs)

    def __contains__(self, buffer: object) -> bool:
        return buffer in self._wanted
