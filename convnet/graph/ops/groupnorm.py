"""GroupNormOp: normalization by the statistics of each sample over groups of channels."""

from dataclasses import dataclass

from convnet.graph.ops.base import Fields, Op


@dataclass
class GroupNormOp(Op):
    """Group normalization; see csrc/norm/groupnorm.inc.h."""

    family = "groupnorm"

    groups: int = 1
    epsilon: float = 1e-5

    def forward(self) -> list[str]:
        return ["groupnorm_fwd"]

    def backward(self) -> list[str]:
        return ["groupnorm_bwd"]

    def predict(self) -> list[str]:
        return ["groupnorm_fwd"]

    def sample_statistics_bytes(self) -> int:
        return 4 * 3 * self.groups

    def fields(self) -> Fields:
        return dict(groups=self.groups, epsilon=self.epsilon)
