"""Batch normalisation, with the activation and the max-pool after it fused into it."""

from dataclasses import dataclass

from convnet.engine import ACTIVATIONS
from convnet.graph.ops.base import Fields, Op, Pair


@dataclass
class BatchNormOp(Op):
    """See csrc/norm/batchnorm.inc.h. `pool` is the window of the fused max-pool, (1, 1) without.

    A frozen one uses the running statistics and leaves them alone: it is a factor and a summand a channel.
    """

    family = "batchnorm"

    momentum: float = 0.9
    epsilon: float = 1e-5
    activation: str = "linear"
    pool: Pair = (1, 1)
    inverted: bool = False  # the convolution before it computes the gradient by its input

    lane_parameters = False

    @property
    def pack(self) -> str | None:
        return "pack_batchnorm" if self.frozen and self.reverses else None

    def forward(self) -> list[str]:
        if self.frozen:
            return ["batchnorm_fwd" if self.reverses else "batchnorm_predict"]
        return [
            "batchnorm_stats",
            "batchnorm_finish",
            "batchnorm_fwd",
        ]

    def backward(self) -> list[str]:
        if (
            self.frozen
        ):  # of the sums nothing is used but that g is taken back through the activation
            stages: list[str] = [] if self.activation == "linear" else ["batchnorm_sums"]
        else:
            stages = ["batchnorm_sums", "batchnorm_grad_finish"]
        return stages if self.inverted else [*stages, "batchnorm_bwd"]

    def predict(self) -> str:
        return "batchnorm_predict"

    def can_pool(self, window: Pair) -> bool:
        """Return whether a max-pool with such windows can be fused into it."""
        return True

    def winners_bytes(self) -> int:
        return (
            5 * self.dst.size if self.pool != (1, 1) else 0
        )  # values of the winners; their numbers

    def statistics_bytes(self) -> tuple[int, int]:
        c = self.src.shape[2]
        return 8 * (1 + 2 * c), 4 * 6 * c

    def fields(self) -> Fields:
        return dict(
            momentum=self.momentum,
            epsilon=self.epsilon,
            pool_h=self.pool[0],
            pool_w=self.pool[1],
            activation=ACTIVATIONS.index(self.activation),
        )
