"""PReLUOp: a rectifier with a learned slope of each channel."""

from dataclasses import dataclass

from convnet.graph.ops.base import Op


@dataclass
class PReLUOp(Op):
    """Rectifier with a learned slope, its parameter "alpha"; see csrc/activation/prelu.inc.h."""

    family = "prelu"

    def forward(self) -> list[str]:
        return ["prelu_fwd"]

    def backward(self) -> list[str]:
        return ["prelu_bwd"]

    def predict(self) -> list[str]:
        return ["prelu_fwd"]
