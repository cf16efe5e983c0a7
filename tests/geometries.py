"""Hypothesis strategies: layer geometries around the edges of register tiles."""

from dataclasses import dataclass

import oracle
from hypothesis import strategies as st
from reference import explicit_pads

CHANNELS = st.sampled_from([1, 2, 3, 4, 5, 7, 8, 10, 16, 17])
FILTERS = st.one_of(st.sampled_from([1, 4, 8, 16, 24, 31, 32, 33, 64]), st.integers(1, 70))
PIXELS = st.integers(1, 40)
BATCHES = st.one_of(st.sampled_from([1, 2, 3]), st.integers(1, 40))
MOST_PRODUCTS = 3_000_000  # a bound on the work of one example


@dataclass(frozen=True)
class Geometry:
    """A convolution and the batch that it reads."""

    batch: int
    size: tuple
    channels: int
    filters: int
    kernel: tuple
    stride: tuple
    padding: object
    dilation: tuple
    groups: int
    use_bias: bool

    @property
    def options(self):
        """Return the keywords of `Conv2D`, besides filters and kernel_size."""
        return dict(
            stride=self.stride, padding=self.padding, dilation=self.dilation, groups=self.groups,
            use_bias=self.use_bias,
        )  # fmt: skip

    @property
    def explicit(self):
        """Return the keywords of the oracle."""
        pads = explicit_pads(self.padding, self.size, self.kernel, self.stride, self.dilation)
        return dict(stride=self.stride, padding=pads, dilation=self.dilation, groups=self.groups)

    @property
    def x_shape(self):
        return (self.batch, *self.size, self.channels)

    @property
    def w_shape(self):
        return (*self.kernel, self.channels // self.groups, self.filters)


def pairs(values):
    return st.tuples(values, values)


def paddings(kernel, most=3):
    """Draw padding in every accepted form; explicit padding is below `most` and below the kernel size."""

    def below(k):
        return st.integers(0, max(0, min(most, k - 1)))

    rows, columns = below(kernel[0]), below(kernel[1])
    return st.one_of(
        st.sampled_from(["valid", "same"]),
        below(min(kernel)),
        st.tuples(rows, columns),
        st.tuples(st.tuples(rows, rows), st.tuples(columns, columns)),
    )


def fits(size, kernel, stride, padding, dilation=(1, 1)):
    """Draw an input size that gives at least one output pixel."""
    pads = explicit_pads(padding, size, kernel, stride, dilation)
    return all(map(lambda *a: oracle.output_size(*a) >= 1, size, kernel, stride, pads, dilation))


@st.composite
def convolutions(draw, grouping=("one", "one", "some", "depthwise"), most_batch=40):
    kernel = draw(pairs(st.sampled_from([3, 1, 2, 4, 5, 6, 7])))
    stride = draw(pairs(st.sampled_from([1, 1, 2, 3])))
    dilation = draw(pairs(st.sampled_from([1, 1, 1, 2, 3])))
    padding = draw(paddings(kernel))
    size = draw(pairs(PIXELS))
    if not fits(size, kernel, stride, padding, dilation):
        reach = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        size = tuple(n + r for n, r in zip(size, reach, strict=True))
    channels, filters, groups = draw(CHANNELS), draw(FILTERS), 1
    kind = draw(st.sampled_from(grouping))
    if kind == "some":
        groups = draw(st.sampled_from([2, 3, 4]))
        channels, filters = groups * draw(st.integers(1, 5)), groups * draw(st.integers(1, 17))
    elif kind == "depthwise":
        groups = channels = draw(st.integers(1, 40))
        filters = channels * draw(st.sampled_from([1, 1, 2, 3]))
    work = size[0] * size[1] * kernel[0] * kernel[1] * channels * filters // groups
    batch = min(draw(BATCHES), most_batch, max(1, MOST_PRODUCTS // work))
    return Geometry(
        batch,
        size,
        channels,
        filters,
        kernel,
        stride,
        padding,
        dilation,
        groups,
        draw(st.booleans()),
    )


@st.composite
def pools(draw, largest=5):
    """Draw pool size, stride (None: the pool size) and padding: windows overlap, tile or leave gaps."""
    size = draw(pairs(st.integers(1, largest)))
    stride = draw(st.one_of(st.none(), pairs(st.integers(1, 4))))
    return size, stride, draw(paddings(size, most=2))
