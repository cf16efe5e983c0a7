"""Where the graph parts and meets: a map with two readers, and the sum of two maps."""

from dataclasses import dataclass, field

from convnet.engine import ACTIVATIONS
from convnet.graph.layout import Buffer
from convnet.graph.ops.base import Fields, Op


@dataclass
class ForkOp(Op):
    """`dst` and `other` are `src` again, in its memory, for a reader each: only gradients are computed.

    The gradient by `dst` lies in the memory of that by `src`, and the one by `other` is added to it, see
    csrc/map/add.inc.h.
    """

    family = "branch"

    other: Buffer = field(kw_only=True)

    def forward(self) -> list[str]:
        return []

    def backward(self) -> list[str]:
        return ["fork_bwd"]


@dataclass
class AddOp(Op):
    """`src` + `other`, then an activation; see csrc/map/add.inc.h.

    Attributes
    ----------
    shares : bool
        Whether the gradients by `src` and `other` lie in the memory of the one by `dst`.
    """

    family = "branch"

    other: Buffer = field(kw_only=True)
    activation: str = "linear"
    shares: bool = False

    def forward(self) -> list[str]:
        return ["add_fwd"]

    def backward(self) -> list[str]:
        return [] if self.shares and self.activation == "linear" else ["add_bwd"]

    def predict(self) -> str:
        return "add_fwd"

    def fields(self) -> Fields:
        return dict(activation=ACTIVATIONS.index(self.activation))
