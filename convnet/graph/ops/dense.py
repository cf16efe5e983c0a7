"""DenseOp: a dense layer, with the bias and the activation after it fused into it."""

from dataclasses import dataclass

from convnet.engine import ACTIVATIONS, COLUMNS
from convnet.graph.ops.base import Fields, Op
from convnet.graph.ops.conv2d import TILE_ROWS, round_up, sample_groups

# A layer with more weights than this is computed over the whole batch: forward, a thread that takes a few samples at a
# time would read all weights for each of them.
WIDE = 2**15
PREDICT_WIDE = 2**18  # the same for prediction, where it takes more weights than this
BLOCK = 128  # inputs per task of the data gradient; a multiple of COLUMNS
WEIGHT_TASKS = 64  # into which the gradient of the weights is divided, if there are so many blocks


@dataclass
class DenseOp(Op):
    """Dense layer; see csrc/dense/dense.inc.h."""

    family = "dense"
    packed_roles = ("weights",)

    activation: str = "linear"

    @property
    def pack(self) -> str | None:
        return "pack_dense" if self.dst.size > 1 else None

    @property
    def wide(self) -> bool:
        """Whether outputs and data gradient, like the gradients of the weights, are computed over the whole batch."""
        return self.src.size * self.dst.size > WIDE

    @property
    def by_columns(self) -> bool:
        return self.src.size * self.dst.size > PREDICT_WIDE

    def sums_over_batch(self, role: str) -> bool:
        return True

    def weight_blocks(self, lanes: int) -> Fields:
        columns = -(-self.dst.size // COLUMNS)
        rows = TILE_ROWS * max(1, columns * self.src.size // (TILE_ROWS * WEIGHT_TASKS))
        if columns * self.src.size < TILE_ROWS * WEIGHT_TASKS:
            rows //= 2
        groups = sample_groups(self, lanes, lanes)  # enough blocks without groups
        return dict(weights_groups=groups, weights_rows=rows, weights_columns=COLUMNS)

    def weight_matrix(self) -> tuple[int, int, int]:
        return 1, self.src.size, self.dst.size

    def forward(self) -> list[str]:
        return ["dense_wide_fwd"] if self.wide else ["dense_fwd"]

    def backward(self) -> list[str]:
        mask = [] if self.activation == "linear" else ["dense_mask"]
        return [*mask, "dense_wide_grad" if self.wide else "dense_bwd"]

    def finish(self) -> list[str]:
        return [] if self.frozen else ["dense_weights"]

    def predict(self) -> list[str]:
        return ["dense_wide_fwd"] if self.by_columns else ["dense_fwd"]

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
