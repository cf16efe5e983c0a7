"""AffineOp: channels shifted and scaled by constants."""

from dataclasses import dataclass

from convnet.graph.layout import aligned
from convnet.graph.ops.base import Fields, Op

TABLE = 512  # values in a table of packed constants, before rounding up to whole pixels


@dataclass
class AffineOp(Op):
    """Shift and scale channels by constants; see csrc/norm/affine.inc.h.

    The constants are `scale` and `offset` or, if the operation has parameters, the mean and standard deviation of each
    channel.
    """

    family = "affine"
    packed_roles = ("mean", "deviation")

    scale: float = 1.0
    offset: float = 0.0
    epsilon: float = 0.0

    entry = "affine_input"
    pack = "pack_affine"

    @property
    def block(self) -> int:
        """Number of values in a table of packed constants: whole pixels, at most a row."""
        _, w, c = self.src.shape
        return min(w, -(-TABLE // c)) * c

    def forward(self) -> list[str]:
        return ["affine_fwd"]

    def backward(self) -> list[str]:
        return ["affine_bwd"]

    def predict(self) -> list[str]:
        return ["affine_fwd"]

    def packed_floats(self, data_gradient: bool) -> tuple[int, int]:
        return 2 * aligned(self.block), 0

    def fields(self) -> Fields:
        return dict(
            scale=self.scale, offset=self.offset, epsilon=self.epsilon, table_values=self.block
        )
