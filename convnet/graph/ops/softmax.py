"""SoftmaxOp: a softmax over the channels of each pixel."""

from dataclasses import dataclass

from convnet.graph.ops.base import Op


@dataclass
class SoftmaxOp(Op):
    """Softmax over the last axis; see csrc/activation/softmax.inc.h."""

    family = "softmax"

    def forward(self) -> list[str]:
        return ["softmax_fwd"]

    def backward(self) -> list[str]:
        return ["softmax_bwd"]

    def predict(self) -> list[str]:
        return ["softmax_fwd"]
