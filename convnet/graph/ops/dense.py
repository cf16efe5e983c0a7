"""DenseOp: a dense layer, with the bias and the activation after it fused into it."""

from dataclasses import dataclass

from convnet.engine import ACTIVATIONS, COLUMNS
from convnet.graph.ops.base import Fields, Op
from convnet.graph.ops.conv2d import round_up

# A layer with more weights than this is computed over the whole batch: a copy of the gradient in each lane would push
# the maps out of the second-level cache.
WIDE = 2**15
BLOCK = 128  # inputs per task of the gradients; a multiple of COLUMNS


@dataclass
class DenseOp(Op):
    """Dense layer; see csrc/dense/dense.inc.h."""

    family = "dense"

    activation: str = "linear"

    @property
    def pack(self) -> str | None:
        return "pack_dense" if self.dst.size > 1 else None

    @property
    def wide(self) -> bool:
        """Whether the layer is computed over the whole batch."""
        return self.src.size * self.dst.size > WIDE

    @property
    def lane_parameters(self) -> bool:
        return not self.wide

    def forward(self) -> list[str]:
        return ["dense_wide_fwd"] if self.wide else ["dense_fwd"]

    def backward(self) -> list[str]:
        if not self.wide:
            return ["dense_bwd"]
        weights: list[str] = [] if self.frozen else ["dense_wide_weights"]
        return ["dense_mask", *weights, "dense_wide_grad"]

    def predict(self) -> str:
        return "dense_fwd"

    def multiply_adds(self) -> int:
        return self.src.size * self.dst.size

    def packed_floats(self, data_gradient: bool) -> tuple[int, int]:
        inputs, outputs = self.src.size, self.dst.size
        if self.pack is None:
            return 0, 0
        backward = outputs * round_up(inputs, COLUMNS) if data_gradient else 0
        return inputs * round_up(outputs, COLUMNS), backward

    def fields(self) -> Fields:
        return dict(activation=ACTIVATIONS.index(self.activation), block_inputs=BLOCK)
