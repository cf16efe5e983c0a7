"""Operations of branches: ForkOp gives a map two readers; the others merge the outputs of branches."""

from dataclasses import dataclass, field

from convnet.engine import ACTIVATIONS
from convnet.graph.layout import Buffer
from convnet.graph.ops.base import Fields, Op


@dataclass
class ForkOp(Op):
    """Give `src` two readers: `dst` and `other` are the same map in the same memory, one for each reader.

    Only gradients are computed. The gradient with respect to `dst` lies in the memory of the one with respect to `src`,
    and the one with respect to `other` is added to it. See csrc/map/branch.inc.h.
    """

    family = "branch"

    other: Buffer = field(kw_only=True)

    @property
    def inputs(self) -> tuple[Buffer, ...]:
        return (self.src,)

    @property
    def outputs(self) -> tuple[Buffer, ...]:
        return self.dst, self.other

    def forward(self) -> list[str]:
        return []

    def backward(self) -> list[str]:
        return ["fork_bwd"]


@dataclass
class BranchEndOp(Op):
    """Read the end of a branch, in kernels named after `kernel`; see csrc/map/branch.inc.h."""

    family = "branch"
    kernel = ""  # begins the names of the stages

    def forward(self) -> list[str]:
        return [f"{self.kernel}_fwd"]

    def backward(self) -> list[str]:
        return [f"{self.kernel}_bwd"]

    def predict(self) -> list[str]:
        return self.forward()

    def band(self) -> int:
        return 1


@dataclass
class MergeOp(BranchEndOp):
    """Combine `src` and `other` value by value, then apply an activation."""

    other: Buffer = field(kw_only=True)
    activation: str = "linear"

    def fields(self) -> Fields:
        return dict(activation=ACTIVATIONS.index(self.activation))


@dataclass
class AddOp(MergeOp):
    """Add `src` and `other`, and multiply the sum by `scale`.

    Attributes
    ----------
    shares : bool
        Whether the gradients with respect to `src` and `other` lie in the memory of the one with respect to `dst`.
    """

    scale: float = 1.0
    shares: bool = False

    kernel = "add"

    def backward(self) -> list[str]:
        unchanged = self.shares and self.activation == "linear" and self.scale == 1.0
        return [] if unchanged else super().backward()

    def fields(self) -> Fields:
        return super().fields() | dict(scale=self.scale)


@dataclass
class MultiplyOp(MergeOp):
    """Multiply `src` by `other`, or each channel of `src` by its value in `other`, which is flat then."""

    kernel = "multiply"

    def fields(self) -> Fields:
        by_channel = self.other.shape != self.src.shape
        return super().fields() | dict(by_channel=int(by_channel))


@dataclass
class MaximumOp(MergeOp):
    """Take the larger value of `src` and `other`. If they are equal, `src` gets the gradient."""

    kernel = "maximum"


@dataclass
class ConcatOp(BranchEndOp):
    """Copy `src` into the channels of `dst` from `first_channel` on. Other operations write the other channels.

    If `src` is a slice of `dst`, the operation before has written these channels, and nothing is copied.
    """

    first_channel: int = 0

    kernel = "concat"
    writes_part = True
    writes_slices = True

    def predict(self) -> list[str]:
        return [] if self.src.first_channel is not None else self.forward()

    def fields(self) -> Fields:
        return dict(first_channel=self.first_channel)
