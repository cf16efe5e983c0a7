"""BatchNormOp: batch normalization, with the activation and the max-pool after it fused into it."""

from dataclasses import dataclass

from convnet.engine import ACTIVATIONS
from convnet.graph.ops.base import Fields, Op, Pair

# Activations that the kernels for the gradient of a batch norm apply themselves; see csrc/norm/batchnorm.inc.h.
IN_REGISTERS = "linear", "relu", "relu6"


@dataclass
class BatchNormOp(Op):
    """Batch normalization; see csrc/norm/batchnorm.inc.h.

    `pool` is the window of the fused max-pool, (1, 1) if there is none. If frozen, the operation uses the running
    statistics and does not change them: it multiplies each channel by one constant and adds another.
    """

    family = "batchnorm"

    momentum: float = 0.9
    epsilon: float = 1e-5
    activation: str = "linear"
    pool: Pair = (1, 1)
    inverted: bool = False  # whether the convolution before it computes the gradient of its input

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
        if self.frozen:
            # "batchnorm_sums" also takes the gradient back through other activations; its sums are not used
            stages: list[str] = [] if self.activation in IN_REGISTERS else ["batchnorm_sums"]
        else:
            stages = ["batchnorm_sums", "batchnorm_grad_finish"]
        return stages if self.inverted else [*stages, "batchnorm_bwd"]

    def sums_over_batch(self, role: str) -> bool:
        return True

    def predict(self) -> list[str]:
        return ["batchnorm_predict"]

    def can_pool(self, window: Pair, predict: bool) -> bool:
        """Return whether a max-pool with this window can be fused, for prediction or for training."""
        return True

    def winners_bytes(self) -> int:
        # for each winner, its value (4 bytes) and its number in the window (1 byte)
        return 5 * self.dst.size if self.pool != (1, 1) else 0

    def statistics_bytes(self) -> tuple[int, int]:
        c = self.src.shape[2]
        return 8 * 2 * c, 4 * 6 * c

    def fields(self) -> Fields:
        return dict(
            momentum=self.momentum,
            epsilon=self.epsilon,
            pool_h=self.pool[0],
            pool_w=self.pool[1],
            activation=ACTIVATIONS.index(self.activation),
        )
