"""Input of every dtype and memory layout reaches the kernels as float32 times the scale."""

import numpy as np
import oracle
import pytest
from netcheck import EPS, ISAS, assert_exact, assert_within, build

from convnet.layers import Conv2D, Dense, Flatten, MaxPool2D

pytestmark = pytest.mark.parametrize("isa", ISAS)

DTYPES = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
DTYPES += ["bool", "float16", "float32", "float64"]
SHAPE = (5, 7, 3)
FIRST_LAYERS = {
    "conv": [Conv2D(3, 1, use_bias=False)],
    "pool": [MaxPool2D(1)],
    "flatten": [Flatten()],
    "dense": [Flatten(), Dense(105, use_bias=False)],
}


def identity(isa, first="conv"):
    """A net that returns its input as float32, whatever its first op."""
    net = build(FIRST_LAYERS[first], SHAPE, isa)
    net.set_weights(
        {
            name: np.eye(w.shape[-1], dtype=np.float32).reshape(w.shape)
            for name, w in net.get_weights().items()
        }
    )
    return lambda x, **options: net.forward(x, **options).reshape(x.shape)


def sample(dtype, n=4):
    rng = np.random.default_rng(0)
    if dtype == "bool":
        return rng.random((n, *SHAPE)) < 0.5
    if dtype.startswith("float"):
        return rng.normal(size=(n, *SHAPE)).astype(dtype)
    info = np.iinfo(dtype)
    x = rng.integers(info.min, info.max, size=(n, *SHAPE), dtype=dtype, endpoint=True)
    x.flat[:2] = info.min, info.max
    return x


@pytest.mark.parametrize("first", FIRST_LAYERS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(isa, dtype, first):
    x = sample(dtype)
    assert_exact(identity(isa, first)(x), x.astype(np.float32))


@pytest.mark.parametrize("dtype", DTYPES)
def test_scale(isa, dtype):
    x, scale = sample(dtype), 1 / 255
    want = x.astype(np.float64) * scale
    assert_within(identity(isa)(x, scale=scale), want, 2 * EPS * np.abs(want))


def test_scaled_uint8_is_the_float32_product(isa):
    """All 256 values, to the bit, so that training and prediction see the same pixels."""
    x = np.resize(np.arange(256, dtype=np.uint8), (3, *SHAPE))
    assert_exact(identity(isa)(x, scale=1 / 255), oracle.convert(x, 1 / 255))


LAYOUTS = {
    "channels first": lambda x: np.ascontiguousarray(x.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1),
    "fortran": np.asfortranarray,
    "reversed rows": lambda x: x[::-1].copy()[::-1],
    "reversed columns": lambda x: x[:, :, ::-1].copy()[:, :, ::-1],
    "reversed channels": lambda x: x[..., ::-1].copy()[..., ::-1],
    "every other sample": lambda x: np.repeat(x, 2, axis=0)[::2],
    "every third column": lambda x: np.repeat(x, 3, axis=2)[:, :, ::3],
    "a part of a larger array": lambda x: np.pad(x, ((1, 2), (2, 1), (1, 1), (3, 0)))[
        1:-2, 2:-1, 1:-1, 3:
    ],
    "transposed images": lambda x: np.ascontiguousarray(x.swapaxes(1, 2)).swapaxes(1, 2),
    "read-only": lambda x: np.frombuffer(x.tobytes(), x.dtype).reshape(x.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
def test_layouts(isa, dtype, layout):
    x = sample(dtype)
    view = LAYOUTS[layout](x)
    np.testing.assert_array_equal(view, x)
    before = view.copy()
    assert_exact(identity(isa)(view, n_threads=2), x.astype(np.float32))
    np.testing.assert_array_equal(view, before)


def test_one_row_repeated_by_a_stride_of_zero(isa):
    x = np.broadcast_to(sample("float32", 1), (6, *SHAPE))
    assert_exact(identity(isa)(x), x)


def test_an_unaligned_array(isa):
    x = sample("float32")
    raw = np.zeros(x.nbytes + 1, dtype=np.uint8)
    view = raw[1:].view(np.float32).reshape(x.shape)
    view[...] = x
    assert not view.flags.aligned
    assert_exact(identity(isa)(view), x)


@pytest.mark.parametrize("dtype", [">f4", ">i2"])
def test_other_byte_order(isa, dtype):
    x = sample("int16").astype(dtype)
    assert_exact(identity(isa)(x), x.astype(np.float32))


def test_no_rows(isa):
    y = identity(isa)(np.zeros((0, *SHAPE), np.float32))
    assert y.shape == (0, *SHAPE)
