"""ForkOp and AddOp: a map that two operations read, and the sum of two maps."""

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

    def forward(self) -> list[str]:
        return []

    def backward(self) -> list[str]:
        return ["fork_bwd"]


@dataclass
class AddOp(Op):
    """Add `src` and `other`, then apply an activation; see csrc/map/branch.inc.h.

    Attributes
    ----------
    shares : bool
        Whether the gradients with respect to `src` and `other` lie in the memory of the one with respect to `dst`.
    """

    family = "branch"

    other: Buffer = field(kw_only=True)
    activation: str = "linear"
    shares: bool = False

    def forward(self) -> list[str]:
        return ["add_fwd"]

    def backward(self) -> list[str]:
        return [] if self.shares and self.activation == "linear" else ["add_bwd"]

    def predict(self) -> list[str]:
        return ["add_fwd"]

    def band(self) -> int:
        return 1

    def fields(self) -> Fields:
        return dict(activation=ACTIVATIONS.index(self.activation))
