"""LRNOp: local response normalization across channels."""

from dataclasses import dataclass

from convnet.graph.ops.base import Fields, Op


@dataclass
class LRNOp(Op):
    """Local response normalization; see csrc/norm/lrn.inc.h. `size` is the number of channels in a window."""

    family = "lrn"

    size: int = 5
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    @property
    def reach(self) -> tuple[int, int]:
        """Number of channels before and after its own that a value reads."""
        most = self.src.shape[2] - 1
        return min(most, self.size // 2), min(most, (self.size - 1) // 2)

    def forward(self) -> list[str]:
        return ["lrn_fwd"]

    def backward(self) -> list[str]:
        return ["lrn_bwd"]

    def predict(self) -> list[str]:
        return ["lrn_fwd"]

    def fields(self) -> Fields:
        left, right = self.reach
        scale = self.alpha / self.size
        return dict(left=left, right=right, scale=scale, beta=self.beta, k=self.k)
