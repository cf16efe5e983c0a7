"""ResizeOp: maps resized to another height and width."""

from dataclasses import dataclass

from convnet.engine import RESIZING
from convnet.graph.layout import aligned
from convnet.graph.ops.base import Fields, Op, Pair


@dataclass
class ResizeOp(Op):
    """Resize a map; see csrc/image/resize.inc.h. `methods` are the methods for rows and for columns."""

    family = "resize"

    methods: tuple[str, str] = ("area", "area")

    entry = "resize_input"
    pack = "pack_resize"

    @property
    def taps(self) -> Pair:
        """Maximum numbers of input rows and columns that an output pixel is computed from."""
        sizes = zip(self.methods, self.src.shape, self.dst.shape, strict=False)
        rows, columns = (
            {"area": min(old, -(-old // new) + 1), "bilinear": 2, "nearest": 1}[method]
            for method, old, new in sizes
        )
        return rows, columns

    def forward(self) -> list[str]:
        return ["resize_fwd"]

    def backward(self) -> list[str]:
        return ["resize_bwd"]

    def predict(self) -> list[str]:
        return ["resize_fwd"]

    def packed_floats(self, data_gradient: bool) -> tuple[int, int]:
        axes = zip(self.dst.shape, self.taps, strict=False)
        return sum(aligned(2 * new) + aligned(new * taps) for new, taps in axes), 0

    def fields(self) -> Fields:
        (taps_h, taps_w), (rows, columns) = self.taps, map(RESIZING.index, self.methods)
        return dict(taps_h=taps_h, taps_w=taps_w, method_h=rows, method_w=columns)
