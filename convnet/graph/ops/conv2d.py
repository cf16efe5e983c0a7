"""Conv2DOp: convolution, with the bias, the activation and the max-pool after it fused into it."""

from dataclasses import dataclass
from math import gcd

from convnet.engine import ACTIVATIONS, COLUMNS, WINOGRAD_DEPTH, WINOGRAD_POINTS
from convnet.graph.ops.base import Fields, Op, Pair
from convnet.graph.ops.batchnorm import BatchNormOp

# Number of output pixels that are processed together, forward and backward: so few that both operands of the weight
# gradient stay in the first-level cache, and enough for a map of 14×14.
CHUNK_PIXELS = 196
# Winograd: maximum bytes of the transforms of a block of tiles, so that they stay in the second-level cache. Each block
# also reads the transformed kernels and, in the weight gradient, adds to the gradient of the taps. If the kernels take
# more bytes than this, they do not stay in the cache, and blocks have MAX_TILES tiles, so that there are fewer blocks.
BLOCK_BYTES = 2**19
TILE_ROWS = 14  # of the widest register tile; blocks are sized in multiples of it
MAX_TILES = 4 * TILE_ROWS
MAX_STRIP_TILES = 8 * TILE_ROWS  # in a strip that is pooled as a whole; larger pools are not fused
# Rows and columns of the weights as a matrix in a task of their gradient, if it is computed by blocks with Winograd's
# algorithm.
WINOGRAD_BLOCK = 64, COLUMNS
RANK_GROUPS = 8  # see sample_groups
# A prediction takes many samples together through a convolution whose weights (Winograd: their transforms) take more
# bytes than this, and whose map has at most so many pixels: too few to repay reading the weights for each sample.
WIDE_BYTES = 2**20
WIDE_PIXELS = 28 * 28
WINOGRAD_CHANNELS = 8  # at least, on both sides
FEW_CHANNELS = 8  # with up to this many channels, vectors run along the pixels


def round_up(n: int, to: int) -> int:
    """Return n rounded up to a multiple of `to`."""
    return -(-n // to) * to


def direct_block(pixels: int) -> Pair:
    """Return the numbers of rows and columns of a task of the direct gradient of the weights, for maps of `pixels`.

    The rows are those of a panel (csrc/gemm/panels.inc.h), which is copied once for all columns. With maps of a few
    pixels, blocks are narrower: wide ones would be few, and each group of samples would have too few pixels.
    """
    return 112, (2 if pixels <= 16 else 8) * COLUMNS


def sample_groups(op: Op, lanes: int, blocks: int) -> int:
    """Return into how many groups of samples the gradient of an operation's weights, in `blocks`, is divided.

    There are at least as many tasks as lanes. If the maps of a batch have far more values than the weights, there are
    `RANK_GROUPS` groups or more, so that several machines can each sum over their own samples and send the sums, not
    the maps.
    """
    groups = 1
    while groups * blocks < lanes:
        groups *= 2
    maps, weights = 2 * lanes * (op.src.size + op.dst.size), op.parameters["weights"].size
    while maps > 2 * weights and groups < RANK_GROUPS and 2 * groups <= lanes:
        groups *= 2
    return groups


def _even(n: int, most: int) -> int:
    """Return the size of blocks of at most `most` of n channels.

    No block has fewer than `WINOGRAD_CHANNELS`, those of a whole vector, unless n is less.
    """
    even = -(-n // -(-n // most))
    sizes = [most if n % 16 == 0 else even, *range(even, WINOGRAD_CHANNELS, -1)]
    return next(size for size in sizes if n <= size or not 0 < n % size < WINOGRAD_CHANNELS)


@dataclass
class Conv2DOp(Op):
    """Convolution; see csrc/conv/conv2d.inc.h.

    `pool` is the window of the fused max-pool, (1, 1) if there is none.

    `norm` is the batch norm after the convolution, if the backward pass goes through it. The gradient with respect to
    the output of the convolution is then computed row by row from the one with respect to the output of the batch norm,
    and it is not stored.

    `weights_by_blocks` says how a training step computes the gradients of weights and bias: by blocks of the weights
    over the whole batch, or as a sum of each lane. By blocks, the gradient with respect to the map before the
    activation is stored, so neither a pool nor the backward pass of a batch norm is fused.

    `algorithm` is "winograd", "planar" (for few channels), "depthwise" or "direct". The first three have a file of that
    name in csrc/conv. The algorithm depends only on the layer and its input shape; `allow_winograd` False excludes
    "winograd".
    """

    family = "conv"
    packed_roles = ("weights",)

    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))
    dilation: Pair = (1, 1)
    groups: int = 1
    activation: str = "linear"
    pool: Pair = (1, 1)
    norm: BatchNormOp | None = None
    allow_winograd: bool = True
    weights_by_blocks: bool = False

    @property
    def algorithm(self) -> str:
        """Name of the algorithm that computes the convolution."""
        c, oc = self.src.shape[2], self.dst.shape[2]
        if self.groups > 1 and self.groups == c == oc:
            return "depthwise"
        if self.groups == 1 and self.stride == (1, 1) and max(c, oc) <= FEW_CHANNELS:
            return "planar"
        plain = self.kernel in ((3, 3), (5, 5)) and self.stride == self.dilation == (1, 1)
        pads = max(self.padding[0][0], self.padding[1][0])
        plain = plain and self.groups == 1 and pads < self.kernel[0]
        enough = plain and min(c, oc) >= WINOGRAD_CHANNELS and self._fill_tiles
        return "winograd" if self.allow_winograd and enough else "direct"

    @property
    def tile(self) -> int:
        """Number of outputs along a side of a Winograd tile, whose input has 6×6 pixels."""
        return 7 - self.kernel[0]

    def tiles_along(self, n: int) -> int:
        """Return the number of Winograd tiles along a side of n pixels."""
        return -(-n // self.tile)

    @property
    def _fill_tiles(self) -> bool:
        """Whether the input's size fills half of its Winograd tiles or more."""
        h, w, _ = self.src.shape
        return self.tile**2 * self.tiles_along(h) * self.tiles_along(w) <= 2 * h * w

    def _strip(self, window: Pair) -> int:
        """Return the smallest number of rows of tiles that whole pooling windows fill exactly."""
        return window[0] // gcd(window[0], self.tile)

    @property
    def winograd(self) -> bool:
        """Whether the algorithm is Winograd's."""
        return self.algorithm == "winograd"

    @property
    def pack(self) -> str | None:
        return {"winograd": "pack_winograd", "direct": "pack_conv2d"}.get(self.algorithm)

    @property
    def can_sum_by_blocks(self) -> bool:
        """Whether the gradient of the weights can be computed by blocks."""
        return self.algorithm in ("direct", "winograd") and self.groups == 1

    @property
    def writes_slices(self) -> bool:  # type: ignore[override]
        return self.algorithm in ("direct", "winograd")

    def can_pool(self, window: Pair, predict: bool) -> bool:
        """Return whether a max-pool whose windows of this size tile the map can be fused."""
        if self.weights_by_blocks or (predict and self.by_columns):
            return False
        if self.algorithm == "winograd":
            return self._strip(window) * self.tiles_along(self.dst.shape[1]) <= MAX_STRIP_TILES
        return {"planar": window == (2, 2), "direct": True}.get(self.algorithm, False)

    @property
    def can_invert(self) -> bool:
        """Whether the backward pass can go through a batch norm after the convolution."""
        return self.algorithm != "planar" and not self.weights_by_blocks

    @property
    def by_columns(self) -> bool:
        h, w, oc = self.dst.shape
        points = {"direct": self.kernel[0] * self.kernel[1]}
        if self.kernel == (3, 3) and self.src.shape[2] % 16 == oc % 16 == 0:
            points["winograd"] = WINOGRAD_POINTS
        taps = points.get(self.algorithm, 0) if self.groups == 1 and self.pool == (1, 1) else 0
        return 4 * taps * self.src.shape[2] * oc > WIDE_BYTES and h * w <= WIDE_PIXELS

    @property
    def pack_predict(self) -> str | None:
        return None if self.by_columns and self.winograd else self.pack

    def band(self) -> int:
        if self.by_columns:
            return 0
        return self.tile // gcd(self.pool[0], self.tile) if self.winograd else 1

    def transforms_floats(self) -> int:
        if not (self.by_columns and self.winograd):
            return 0
        rows, columns = map(self.tiles_along, self.rows)
        area, blocks = rows * columns, -(-self.src.shape[2] // WINOGRAD_DEPTH)
        return WINOGRAD_POINTS * blocks * (area * WINOGRAD_DEPTH + 16)

    @property
    def tiles(self) -> int:
        """Number of Winograd tiles in a block: at least a row of them, or the rows that whole pooling windows fill."""
        if not self.winograd:
            return 0
        c, oc = self.src.shape[2], self.dst.shape[2]
        fit = BLOCK_BYTES // (4 * WINOGRAD_POINTS * (c + oc)) // TILE_ROWS * TILE_ROWS
        if 4 * WINOGRAD_POINTS * c * oc > BLOCK_BYTES:
            fit = MAX_TILES
        rows, columns = map(self.tiles_along, self.rows)
        strip = min(rows, self._strip(self.pool))
        widest = max(strip * columns, self.tiles_along(self.src.shape[1]))
        return max(widest, TILE_ROWS, min(MAX_TILES, fit))

    @property
    def strip(self) -> int:
        """Number of rows of tiles computed before pooling: all if they fit in a block, else those of whole windows."""
        rows, columns = map(self.tiles_along, self.rows)
        if rows * columns <= self.tiles:
            return rows
        whole = self._strip(self.pool)
        return self.tiles // columns // whole * whole

    @property
    def rows(self) -> Pair:
        """Numbers of rows and columns that are computed: without those that no window of a fused pool reads."""
        h, w, _ = self.dst.shape
        return h * self.pool[0], w * self.pool[1]

    @property
    def block(self) -> int:
        """Number of rows that are computed together."""
        rows, columns = self.rows
        return min(rows, round_up(max(1, CHUNK_PIXELS // columns), self.pool[0]))

    @property
    def group(self) -> int:
        """Number of samples that the backward pass processes together."""
        rows, columns = self.rows
        if self.winograd:
            return max(1, self.tiles // (self.tiles_along(rows) * self.tiles_along(columns)))
        return max(1, min(16, CHUNK_PIXELS // (rows * columns)))

    def _kernel(self, direction: str) -> str:
        return f"{self.algorithm.replace('direct', 'conv2d')}_{direction}"

    def forward(self) -> list[str]:
        return [self._kernel("fwd")]

    def backward(self) -> list[str]:
        if not self.weights_by_blocks:
            return [self._kernel("bwd")]
        mask = [] if self.activation == "linear" else ["conv_mask"]
        return [*mask, self._kernel("data")]

    def finish(self) -> list[str]:
        return [self._kernel("weights")] if self.weights_by_blocks and not self.frozen else []

    def sums_over_batch(self, role: str) -> bool:
        return self.weights_by_blocks

    def weight_blocks(self, lanes: int) -> Fields:
        if not self.weights_by_blocks:
            return {}
        (oh, ow, _), (_, rows, oc) = self.dst.shape, self.weight_matrix()
        block_rows, columns = WINOGRAD_BLOCK if self.winograd else direct_block(oh * ow)
        if self.winograd:
            block_rows, columns = _even(rows, block_rows), _even(oc, columns)
        block_rows = min(rows, block_rows)
        blocks = -(-rows // block_rows) * -(-oc // columns)
        groups = sample_groups(self, lanes, blocks)
        return dict(weights_groups=groups, weights_rows=block_rows, weights_columns=columns)

    def weight_matrix(self) -> tuple[int, int, int]:
        taps, channels, oc = self.kernel[0] * self.kernel[1], self.src.shape[2], self.dst.shape[2]
        return (taps, channels, oc) if self.winograd else (1, taps * channels, oc)

    def predict(self) -> list[str]:
        if not self.by_columns:
            return [self._kernel("fwd")]
        wide = self._kernel("wide_fwd")
        return ["winograd_transform", wide] if self.winograd else [wide]

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
        """Widen the halo of the input to the zeros that the windows read."""
        (top, _), (left, _) = self.padding
        halo = [top, 0, left, 0]
        for axis in range(2):
            rows = self.rows[axis]
            if self.winograd:
                rows = self.tile * self.tiles_along(rows)
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
