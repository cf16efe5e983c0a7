"""Convolution, with the bias, activation and max-pool fused into it."""

from dataclasses import dataclass
from math import gcd

from convnet.engine import ACTIVATIONS, COLUMNS, WINOGRAD_POINTS
from convnet.graph.ops.base import Fields, Op, Pair
from convnet.graph.ops.batchnorm import BatchNormOp

# Pixels of a convolution's map that are computed, or whose gradient is, before the next ones: both operands of
# the weight gradient's loop over them stay in the first-level cache.
CHUNK_PIXELS = 192
# Winograd: what the transforms of a block of tiles may take, to stay in the second-level cache, where that of the
# kernels takes no more; each block reads the kernels' anew and, in the weight gradient, writes it, so that beside
# a larger one a block has the most tiles. Blocks are a multiple of the rows of the widest register tile.
BLOCK_BYTES = 2**19
TILE_ROWS = 14
MOST_TILES = 4 * TILE_ROWS
MOST_STRIP = (
    8 * TILE_ROWS
)  # tiles of a strip that is pooled as a whole; beyond, the pool stays by itself
FEW_CHANNELS = 8  # for which vectors run along the pixels


def tiles(n: int) -> int:
    """Return the number of Winograd's tiles along a side of n pixels."""
    return -(-n // 4)


def round_up(n: int, to: int) -> int:
    """Return the least multiple of `to` that is not below n."""
    return -(-n // to) * to


def _strip(window: Pair) -> int:
    """Return the fewest rows of tiles that windows of so many rows fill."""
    return window[0] // gcd(window[0], 4)


@dataclass
class Conv2DOp(Op):
    """See csrc/conv/conv2d.inc.h. `pool` is the window of the fused max-pool, (1, 1) without.

    `norm` is the batch norm after it, if the backward pass makes the gradient by the map row by row from that by
    the batch norm's output, and the map has no gradient in memory.

    `algorithm` is "winograd", "planar" (for few channels) or "depthwise", each with a file of its name in
    csrc/, or "direct"; which of them is a matter of the layer's shape alone. `allow_winograd` False
    leaves Winograd's out.
    """

    family = "conv"

    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))
    dilation: Pair = (1, 1)
    groups: int = 1
    activation: str = "linear"
    pool: Pair = (1, 1)
    norm: BatchNormOp | None = None
    allow_winograd: bool = True

    @property
    def algorithm(self) -> str:
        """How the layer is computed."""
        h, w, c = self.src.shape
        oc = self.dst.shape[2]
        if self.groups > 1 and self.groups == c == oc:
            return "depthwise"
        if self.groups == 1 and self.stride == (1, 1) and max(c, oc) <= FEW_CHANNELS:
            return "planar"
        plain = self.kernel == (3, 3) and self.stride == self.dilation == (1, 1)
        plain = plain and self.groups == 1 and max(self.padding[0][0], self.padding[1][0]) <= 2
        whole = c % 16 == oc % 16 == 0 and 16 * tiles(h) * tiles(w) <= 2 * h * w
        return "winograd" if self.allow_winograd and plain and whole else "direct"

    @property
    def winograd(self) -> bool:
        """Whether the algorithm is Winograd's."""
        return self.algorithm == "winograd"

    @property
    def pack(self) -> str | None:
        return {"winograd": "pack_winograd", "direct": "pack_conv2d"}.get(self.algorithm)

    def can_pool(self, window: Pair) -> bool:
        """Whether a max-pool of such windows, which tile the map, can be fused."""
        if self.algorithm == "winograd":
            return _strip(window) * tiles(self.dst.shape[1]) <= MOST_STRIP
        return {"planar": window == (2, 2), "direct": True}.get(self.algorithm, False)

    @property
    def can_invert(self) -> bool:
        """Whether the backward pass can go through the batch norm after it."""
        return self.algorithm != "planar"

    @property
    def tiles(self) -> int:
        """Winograd's tiles of a block: at least a row of them, or the rows that windows of a fused pool fill."""
        if not self.winograd:
            return 0
        c, oc = self.src.shape[2], self.dst.shape[2]
        fit = BLOCK_BYTES // (4 * WINOGRAD_POINTS * (c + oc)) // TILE_ROWS * TILE_ROWS
        if 4 * WINOGRAD_POINTS * c * oc > BLOCK_BYTES:
            fit = MOST_TILES
        strip = min(tiles(self.rows[0]), _strip(self.pool))
        widest = max(strip * tiles(self.rows[1]), tiles(self.src.shape[1]))
        return max(widest, TILE_ROWS, min(MOST_TILES, fit))

    @property
    def strip(self) -> int:
        """Rows of tiles that are computed before they are pooled: the map, or what a block holds of windows."""
        rows, columns = map(tiles, self.rows)
        if rows * columns <= self.tiles:
            return rows
        return self.tiles // columns // _strip(self.pool) * _strip(self.pool)

    @property
    def rows(self) -> Pair:
        """Rows and columns of the convolution that are computed: a fused pool leaves out the rest."""
        h, w, _ = self.dst.shape
        return h * self.pool[0], w * self.pool[1]

    @property
    def block(self) -> int:
        """Rows of the convolution that are computed together."""
        rows, columns = self.rows
        return min(rows, round_up(max(1, CHUNK_PIXELS // columns), self.pool[0]))

    @property
    def group(self) -> int:
        """Samples that the backward pass takes together."""
        rows, columns = self.rows
        if self.winograd:
            return max(1, self.tiles // (tiles(rows) * tiles(columns)))
        return max(1, min(16, CHUNK_PIXELS // (rows * columns)))

    def _kernel(self, direction: str) -> str:
        return f"{self.algorithm.replace('direct', 'conv2d')}_{direction}"

    def forward(self) -> list[str]:
        return [self._kernel("fwd")]

    def backward(self) -> list[str]:
        return [self._kernel("bwd")]

    def finish(self) -> list[str]:
        return ["winograd_weights"] if self.winograd and not self.frozen else []

    def predict(self) -> str:
        return self._kernel("fwd")

    def lane_gradient(self, role: str) -> int:
        if self.winograd and role == "weights":  # the gradient of their transform
            return WINOGRAD_POINTS * self.src.shape[2] * self.dst.shape[2]
        return super().lane_gradient(role)

    def multiply_adds(self) -> int:
        return self.dst.size * self.kernel[0] * self.kernel[1] * (self.src.shape[2] // self.groups)

    def packed_floats(self, data_gradient: bool) -> tuple[int, int]:
        if self.pack is None:
            return 0, 0
        taps = WINOGRAD_POINTS if self.winograd else self.kernel[0] * self.kernel[1]
        c, oc = self.src.shape[2], self.dst.shape[2]
        forward = taps * c * round_up(oc // self.groups, COLUMNS)
        return forward, taps * oc * round_up(c // self.groups, COLUMNS) if data_gradient else 0

    def winners_bytes(self) -> int:
        return self.dst.size if self.pool != (1, 1) else 0

    def want_halo(self) -> None:
        """Ask the input for the zeros that the windows read."""
        (top, _), (left, _) = self.padding
        halo = [top, 0, left, 0]
        for axis in range(2):
            rows = 4 * tiles(self.rows[axis]) if self.winograd else self.rows[axis]
            last = (rows - 1) * self.stride[axis] - self.padding[axis][0]
            last += (self.kernel[axis] - 1) * self.dilation[axis]
            halo[2 * axis + 1] = max(0, last + 1 - self.src.shape[axis])
        self.src.widen(*halo)

    def fields(self) -> Fields:
        (kh, kw), (sh, sw), (dh, dw) = self.kernel, self.stride, self.dilation
        oh, ow = self.rows
        return dict(
            kh=kh, kw=kw, sh=sh, sw=sw, dh=dh, dw=dw, pt=self.padding[0][0], pl=self.padding[1][0],
            groups=self.groups, oh=oh, ow=ow, pool_h=self.pool[0], pool_w=self.pool[1],
            activation=ACTIVATIONS.index(self.activation), block_rows=self.block,
            block_samples=self.group, block_tiles=self.tiles,
            strip_tile_rows=self.strip if self.winograd else 0,
            through_batchnorm=int(self.norm is not None),
        )  # fmt: skip
