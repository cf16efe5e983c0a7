"""Batch normalisation, with the activation fused into it."""

from dataclasses import dataclass

from convnet.graph.ops.base import ACTIVATIONS, Op


@dataclass
class BatchNormOp(Op):
    """See csrc/batchnorm.inc.h."""

    momentum: float = 0.9
    epsilon: float = 1e-5
    activation: str = "linear"

    lane_parameters = False

    def forward(self):
        return [
            (False, "batchnorm_stats"),
            (True, "batchnorm_finish"),
            (False, "batchnorm_fwd"),
        ]

    def backward(self):
        return [
            (False, "batchnorm_sums"),
            (True, "batchnorm_grad_finish"),
            (False, "batchnorm_bwd"),
        ]

    def predict(self):
        return "batchnorm_predict"

    def aux_bytes(self):
        c = self.src.shape[2]
        return 0, 8 * (1 + 2 * c), 4 * 6 * c

    def fields(self):
        return dict(
            momentum=self.momentum,
            epsilon=self.epsilon,
            activation=ACTIVATIONS.index(self.activation),
        )
