"""Conv2DTransposeOp: transposed convolution, with the bias and the activation after it fused into it."""

from dataclasses import dataclass

from convnet.engine import ACTIVATIONS, COLUMNS
from convnet.graph.ops.base import Fields, Op, Pair
from convnet.graph.ops.conv2d import CHUNK_PIXELS, direct_block, round_up, sample_groups


@dataclass
class Conv2DTransposeOp(Op):
    """Transposed convolution; see csrc/conv/transposed.inc.h.

    `padding` is ((top, bottom), (left, right)): what is cut off the map that all inputs reach; less than 0 after the
    map where it is extended by rows or columns of the bias alone. The gradients of weights and bias are computed by
    blocks of the weights over the whole batch.
    """

    family = "conv"
    packed_roles = ("weights",)
    bias_by_rows = True

    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))
    dilation: Pair = (1, 1)
    activation: str = "linear"

    pack = "pack_transposed"

    def forward(self) -> list[str]:
        return ["transposed_fwd"]

    def backward(self) -> list[str]:
        mask = [] if self.activation == "linear" else ["conv_mask"]
        return [*mask, "transposed_data"]

    def finish(self) -> list[str]:
        return [] if self.frozen else ["transposed_weights"]

    def predict(self) -> list[str]:
        return ["transposed_fwd"]

    def sums_over_batch(self, role: str) -> bool:
        return True

    def weight_blocks(self, lanes: int) -> Fields:
        h, w, c = self.src.shape
        rows = self.kernel[0] * self.kernel[1] * self.dst.shape[2]
        block_rows, columns = direct_block(h * w)
        block_rows = min(rows, block_rows)
        blocks = -(-rows // block_rows) * -(-c // columns)
        groups = sample_groups(self, lanes, blocks)
        return dict(weights_groups=groups, weights_rows=block_rows, weights_columns=columns)

    def weight_matrix(self) -> tuple[int, int, int]:
        return 1, self.kernel[0] * self.kernel[1] * self.dst.shape[2], self.src.shape[2]

    def multiply_adds(self) -> int:
        return self.src.size * self.kernel[0] * self.kernel[1] * self.dst.shape[2]

    def packed_floats(self, data_gradient: bool) -> tuple[int, int]:
        taps, c, oc = self.kernel[0] * self.kernel[1], self.src.shape[2], self.dst.shape[2]
        forward, backward = taps * c * round_up(oc, COLUMNS), taps * oc * round_up(c, COLUMNS)
        return forward, backward if data_gradient else 0

    def want_halo(self) -> None:
        """Widen the halo of the input to the zeros that the outputs at the edges read."""
        halo = []
        for axis in range(2):
            (before, _), step = self.padding[axis], self.stride[axis]
            reach = (self.kernel[axis] - 1) * self.dilation[axis]
            last = (self.dst.shape[axis] - 1 + before) // step
            halo += [max(0, -((before - reach) // step)), max(0, last + 1 - self.src.shape[axis])]
        self.src.widen(*halo)

    def fields(self) -> Fields:
        (kh, kw), (sh, sw), (dh, dw) = self.kernel, self.stride, self.dilation
        h, w, _ = self.src.shape
        rows = -(-h // max(1, round(h * w / CHUNK_PIXELS)))  # of equal blocks of the input
        samples = max(1, min(16, CHUNK_PIXELS // (h * w)))
        return dict(
            kh=kh, kw=kw, sh=sh, sw=sw, dh=dh, dw=dw, pt=self.padding[0][0], pl=self.padding[1][0],
            oh=self.dst.shape[0], ow=self.dst.shape[1],
            activation=ACTIVATIONS.index(self.activation), block_rows=rows, block_samples=samples,
        )  # fmt: skip
