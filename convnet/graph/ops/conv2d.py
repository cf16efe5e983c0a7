"""Convolution, with the bias, activation and max-pool fused into it."""

from dataclasses import dataclass

from convnet.engine import COLUMNS
from convnet.graph.ops.base import ACTIVATIONS, Op

# Pixels of a convolution's map that are computed, or whose gradient is, before the next ones: both operands of
# the weight gradient's loop over them stay in the first-level cache.
CHUNK_PIXELS = 192


def round_up(n, to):
    """Return the least multiple of `to` that is not below n."""
    return -(-n // to) * to


@dataclass
class Conv2DOp(Op):
    """See csrc/conv2d.inc.h. `pool` is the window of the fused max-pool, (1, 1) without."""

    kernel: tuple = (1, 1)
    stride: tuple = (1, 1)
    padding: tuple = ((0, 0), (0, 0))
    dilation: tuple = (1, 1)
    groups: int = 1
    activation: str = "linear"
    pool: tuple = (1, 1)

    pack = "pack_conv2d"

    @property
    def depthwise(self):
        """One filter a channel, which has kernels of its own."""
        return self.groups > 1 and self.groups == self.src.shape[2] == self.dst.shape[2]

    @property
    def rows(self):
        """Rows and columns of the convolution that are computed: a fused pool leaves out the rest."""
        h, w, _ = self.dst.shape
        return h * self.pool[0], w * self.pool[1]

    @property
    def block(self):
        """Rows of the convolution that are computed together."""
        rows, columns = self.rows
        return min(rows, round_up(max(1, CHUNK_PIXELS // columns), self.pool[0]))

    @property
    def group(self):
        """Samples that the backward pass takes together."""
        rows, columns = self.rows
        return max(1, min(16, CHUNK_PIXELS // (rows * columns)))

    def _kernel(self, direction):
        return f"{'depthwise' if self.depthwise else 'conv2d'}_{direction}"

    def forward(self):
        return [(False, self._kernel("fwd"))]

    def backward(self):
        return [(False, self._kernel("bwd"))]

    def predict(self):
        return self._kernel("fwd")

    def multiply_adds(self):
        return self.dst.size * self.kernel[0] * self.kernel[1] * (self.src.shape[2] // self.groups)

    def packed_floats(self, data_gradient):
        if self.depthwise:
            return 0, 0
        taps = self.kernel[0] * self.kernel[1]
        c, oc = self.src.shape[2], self.dst.shape[2]
        forward = taps * c * round_up(oc // self.groups, COLUMNS)
        return forward, taps * oc * round_up(c // self.groups, COLUMNS) if data_gradient else 0

    def aux_bytes(self):
        return (self.dst.size if self.pool != (1, 1) else 0), 0, 0

    def want_halo(self):
        """Ask the input for the zeros that the windows read."""
        (top, _), (left, _) = self.padding
        halo = [top, 0, left, 0]
        for axis in range(2):
            last = (self.rows[axis] - 1) * self.stride[axis] - self.padding[axis][0]
            last += (self.kernel[axis] - 1) * self.dilation[axis]
            halo[2 * axis + 1] = max(0, last + 1 - self.src.shape[axis])
        self.src.widen(*halo)

    def fields(self):
        (kh, kw), (sh, sw), (dh, dw) = self.kernel, self.stride, self.dilation
        oh, ow = self.rows
        return dict(
            kh=kh, kw=kw, sh=sh, sw=sw, dh=dh, dw=dw, pt=self.padding[0][0], pl=self.padding[1][0],
            groups=self.groups, oh=oh, ow=ow, pool_h=self.pool[0], pool_w=self.pool[1],
            activation=ACTIVATIONS.index(self.activation), block=self.block, group=self.group,
        )  # fmt: skip
