"""Pool2DOp: max or average pooling that is not fused into another operation."""

from dataclasses import dataclass

from convnet.graph.ops.base import Fields, Op, Pair


@dataclass
class Pool2DOp(Op):
    """Pooling; see csrc/pool/pool2d.inc.h. `pooling` is "max" or "avg"."""

    family = "pool"

    pooling: str = "max"
    size: Pair = (2, 2)
    stride: Pair = (2, 2)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))
    count_include_pad: bool = False

    @property
    def fusible(self) -> bool:
        """Whether it is a max-pool whose windows tile the map, so that the operation before can pool its own rows."""
        unpadded = self.padding == ((0, 0), (0, 0))
        axes = zip(self.dst.shape, self.size, self.src.shape, strict=False)
        whole = all(windows * size <= pixels for windows, size, pixels in axes)  # none is cut
        tiles = self.size == self.stride and unpadded and whole
        return self.pooling == "max" and tiles and self._bytes

    @property
    def _bytes(self) -> bool:
        return (
            self.size[0] * self.size[1] <= 256
        )  # the number of the winner in its window is stored as a byte

    def forward(self) -> list[str]:
        return [f"{self.pooling}pool_fwd"]

    def backward(self) -> list[str]:
        return [f"{self.pooling}pool_bwd"]

    def predict(self) -> list[str]:
        return [f"{self.pooling}pool_fwd"]

    def band(self) -> int:
        return 1

    def winners_bytes(self) -> int:
        return 4 * self.dst.size if self.pooling == "max" else 0

    def fields(self) -> Fields:
        (kh, kw), (sh, sw) = self.size, self.stride
        (pt, pb), (pl, pr) = self.padding
        counts = int(self.count_include_pad)
        return dict(kh=kh, kw=kw, sh=sh, sw=sw, pt=pt, pl=pl, pb=pb, pr=pr, count_padding=counts)
