"""Channels shifted and scaled by constants."""

from dataclasses import dataclass

from convnet.graph.layout import aligned
from convnet.graph.ops.base import Fields, Op

TABLE = 512  # values of the packed constants that a loop takes at a time, or the next whole pixel


@dataclass
class AffineOp(Op):
    """See csrc/norm/affine.inc.h. By `scale` and `offset` or, where it has parameters, by mean and deviation."""

    family = "affine"

    scale: float = 1.0
    offset: float = 0.0
    epsilon: float = 0.0

    entry = "affine_input"
    pack = "pack_affine"

    @property
    def block(self) -> int:
        """Values of the tables: whole pixels, of a row at the most."""
        _, w, c = self.src.shape
        return min(w, -(-TABLE // c)) * c

    def forward(self) -> list[str]:
        return ["affine_fwd"]

    def backward(self) -> list[str]:
        return ["affine_bwd"]

    def predict(self) -> str:
        return "affine_fwd"

    def packed_floats(self, data_gradient: bool) -> tuple[int, int]:
        return 2 * aligned(self.block), 0

    def fields(self) -> Fields:
        return dict(
            scale=self.scale, offset=self.offset, epsilon=self.epsilon, table_values=self.block
        )
