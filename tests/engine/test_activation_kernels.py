"""Activations on every instruction set: accuracy over the whole float range, NaN and infinities."""

import numpy as np
import oracle
import pytest
from netcheck import EPS, ISAS, assert_exact, assert_within, build, train_once

from convnet.engine import ACTIVATIONS
from convnet.layers import Activation, ReLU

pytestmark = pytest.mark.parametrize("isa", ISAS)

# Values are right to 4 eps of their size; these lose relative accuracy where a difference cancels. In GELU's
# z / 2 * (1 + erf) it is z that multiplies erf's own error, up to where erf is 1.
FLOORS = {
    "elu": lambda z: EPS,
    "tanh": lambda z: EPS,
    "gelu": lambda z: 2 * EPS * np.minimum(np.abs(z), 6),
}
TINY = 1e-36  # around the smallest normal float32, where an exponential may be flushed


def sweep():
    """Dense around 0, sparse far out; both signs; no subnormals."""
    near = np.linspace(-12, 12, 4001)
    far = np.concatenate([10.0 ** np.arange(-30, 31), [19.9, 87.3, 88.7, 89.0, 103.9, 104.1]])
    return np.concatenate([near, far, -far, [0.0]]).astype(np.float32)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_forward(isa, name):
    z = sweep()
    y = build([Activation(name)], z.shape, isa).forward(z[None])[0]
    want = oracle.activation(z, name)
    floor = FLOORS[name](z) if name in FLOORS else 0.0
    assert_within(y, want, 4 * EPS * np.abs(want) + floor + TINY)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_backward(isa, name):
    z = sweep()
    z = z[z != 0]
    _, grad, _ = train_once(
        build([Activation(name)], z.shape, isa), z[None], np.ones((1, z.size), np.float32)
    )
    want = oracle.activation_backward(1.0, z, name)
    assert_within(grad[0], want, 8 * EPS)


@pytest.mark.parametrize("shape", [(1,), (7,), (16,), (33,), (3, 5, 7), (2, 1, 17)])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_tail(isa, name, shape):
    rng = np.random.default_rng(0)
    z, grad = (rng.normal(size=(5, *shape)).astype(np.float32) for _ in range(2))
    y, grad_x, _ = train_once(build([Activation(name)], shape, isa), z, grad, 2)
    assert_within(y, oracle.activation(z, name), 4 * EPS * np.maximum(np.abs(z), 1))
    assert_within(grad_x, oracle.activation_backward(grad, z, name), 8 * EPS * np.abs(grad))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nan_is_kept(isa, name):
    z = np.linspace(-3, 3, 40, dtype=np.float32)
    z[[0, 7, 16, 39]] = np.nan
    y = build([Activation(name)], z.shape, isa).forward(z[None])[0]
    np.testing.assert_array_equal(np.isnan(y), np.isnan(z))


@pytest.mark.parametrize("name", sorted({*ACTIVATIONS} - {"gelu", "silu"}))
def test_infinities(isa, name):
    z = np.array([-np.inf, np.inf] * 9, dtype=np.float32)
    y = build([Activation(name)], z.shape, isa).forward(z[None])[0]
    with np.errstate(invalid="ignore"):
        want = oracle.activation(z, name)
    np.testing.assert_allclose(y, want, rtol=0, atol=TINY)


@pytest.mark.parametrize("name", ["relu6", "hard_sigmoid", "hard_swish", "softplus", "mish"])
def test_slopes_of_large_values(isa, name):
    """Exactly 0 or 1 where the function is flat or the identity in float32, at any distance; never NaN."""
    ends = {"relu6": (0, 0), "hard_sigmoid": (0, 0)}.get(name, (0, 1))
    far = np.array([104, 300, 1e10, 3e38, np.inf] * 4, np.float32)
    for z, slope in zip((-far, far), ends, strict=True):
        net = build([Activation(name)], z.shape, isa)
        assert_exact(
            train_once(net, z[None], np.ones((1, z.size), np.float32))[1][0],
            slope + 0 * far.clip(max=1),
        )


@pytest.mark.parametrize("name", ["hard_sigmoid", "hard_swish", "relu6"])
def test_the_floats_next_to_a_kink(isa, name):
    """The last float inside a kink has the slope of the inside, the kink itself that of the outside."""
    kinks = np.array([-3, 3, 0, 6], np.float32)
    z = np.concatenate(
        [np.nextafter(kinks, np.float32(-9)), kinks, np.nextafter(kinks, np.float32(9))]
    )
    z[np.abs(z) < 1e-30] = 0
    net = build([Activation(name)], z.shape, isa)
    grad = train_once(net, z[None], np.ones((1, z.size), np.float32))[1][0]
    assert_within(grad, oracle.activation_backward(1.0, z, name), 4 * EPS)


def test_relu_layer_is_the_activation(isa):
    z = sweep()[None]
    relu, same = build([ReLU()], z.shape[1:], isa), build([Activation("relu")], z.shape[1:], isa)
    assert_exact(relu.forward(z), same.forward(z))
    assert_exact(relu.forward(z)[0], oracle.activation(z[0], "relu"))
