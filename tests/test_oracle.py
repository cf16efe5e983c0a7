"""Each backward of the oracle against numerical differentiation of its forward."""

import numpy as np
import oracle
import oracle_training
import pytest


def differentiate(f, x, grad, step=1e-6):
    """d sum(grad * f(x)) / dx by central differences."""
    result = np.zeros_like(x)
    for k in np.ndindex(x.shape):
        saved = x[k]
        values = []
        for sign in (1, -1):
            x[k] = saved + sign * step
            values.append((grad * f(x)).sum())
        x[k] = saved
        result[k] = (values[0] - values[1]) / (2 * step)
    return result


def check(f, inputs, gradients, grad):
    """`gradients` against the derivative of f with respect to each of its inputs."""
    for k, got in enumerate(gradients):

        def partial(value, k=k):
            return f(*inputs[:k], value, *inputs[k + 1 :])

        np.testing.assert_allclose(
            got, differentiate(partial, inputs[k], grad), atol=2e-8, rtol=1e-6
        )


@pytest.fixture
def rng():
    return np.random.default_rng(0)


GEOMETRIES = [
    dict(),
    dict(stride=(2, 1), padding=((1, 0), (0, 2))),
    dict(stride=(1, 3), dilation=(2, 1), padding=((1, 1), (1, 1))),
    dict(groups=2),
    dict(groups=4, stride=(2, 2), padding=((2, 1), (0, 1))),
]


@pytest.mark.parametrize("methods", [("area", "bilinear"), ("bilinear", "nearest")])
@pytest.mark.parametrize("size", [(3, 9), (8, 2)])
def test_resize(rng, size, methods):
    x, grad = rng.normal(size=(2, 5, 4, 2)), rng.normal(size=(2, *size, 2))
    gradient = oracle.resize_backward(grad, x, methods)
    check(lambda x: oracle.resize(x, size, methods), [x], [gradient], grad)


def test_repeat(rng):
    x, grad = rng.normal(size=(2, 3, 4, 2)), rng.normal(size=(2, 6, 12, 2))
    check(lambda x: oracle.repeat(x, (2, 3)), [x], [oracle.repeat_backward(grad, (2, 3))], grad)
    np.testing.assert_array_equal(
        oracle.repeat(x, (2, 3)), oracle.resize(x, (6, 12), ["nearest"] * 2)
    )


def test_affine(rng):
    x, grad = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4, 3))
    mean, deviation = rng.normal(size=3), np.array([2.0, 0.5, 1e-9])
    check(lambda x: oracle.rescale(x, -3.0, 2.0), [x], [oracle.rescale_backward(grad, -3.0)], grad)
    gradient = oracle.normalize_backward(grad, deviation)
    check(lambda x: oracle.normalize(x, mean, deviation), [x], [gradient], grad)


@pytest.mark.parametrize("options", GEOMETRIES)
def test_conv2d(rng, options):
    groups = options.get("groups", 1)
    x, w, b = (
        rng.normal(size=(2, 6, 7, 4)),
        rng.normal(size=(3, 2, 4 // groups, 8)),
        rng.normal(size=8),
    )
    grad = rng.normal(size=oracle.conv2d(x, w, b, **options).shape)
    gradients = oracle.conv2d_backward(grad, x, w, **options)
    check(lambda *a: oracle.conv2d(*a, **options), [x, w, b], gradients, grad)


@pytest.mark.parametrize(
    "options",
    [
        dict(),
        dict(stride=(2, 3), padding=((1, 0), (0, -1))),
        dict(stride=(3, 1), dilation=(1, 2), padding=((0, -1), (2, 1))),
    ],
)
def test_conv2d_transpose(rng, options):
    x, w, b = rng.normal(size=(2, 3, 4, 4)), rng.normal(size=(2, 3, 5, 4)), rng.normal(size=5)
    grad = rng.normal(size=oracle.conv2d_transpose(x, w, b, **options).shape)
    gradients = oracle.conv2d_transpose_backward(grad, x, w, **options)
    check(lambda *a: oracle.conv2d_transpose(*a, **options), [x, w, b], gradients, grad)


@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
def test_conv2d_transpose_is_the_adjoint(rng, stride):
    """<conv(x), y> = <x, transposed(y)>."""
    x, w = rng.normal(size=(2, 7, 10, 4)), rng.normal(size=(3, 2, 4, 5))
    padding = ((1, 0), (0, 1))
    out = oracle.conv2d(x, w, None, stride, padding)
    y = rng.normal(size=out.shape)
    reach = [(n - 1) * s + k for n, k, s in zip(out.shape[1:3], w.shape, stride, strict=False)]
    sides = zip(reach, x.shape[1:3], padding, strict=True)
    crop = [(before, r - n - before) for r, n, (before, _) in sides]
    back = oracle.conv2d_transpose(y, w, None, stride, crop)
    assert (out * y).sum() == pytest.approx((x * back).sum())


def test_conv2d_is_cross_correlation():
    x = np.zeros((1, 3, 3, 1))
    x[0, 0, 1] = 1
    w = np.arange(9.0).reshape(3, 3, 1, 1)
    assert oracle.conv2d(x, w).ravel() == [1.0]


def test_dense(rng):
    x, w, b, grad = (rng.normal(size=s) for s in ((3, 5), (5, 4), (4,), (3, 4)))
    check(oracle.dense, [x, w, b], oracle.dense_backward(grad, x, w), grad)


POOLS = [
    dict(size=(2, 2)),
    dict(size=(3, 2), stride=(2, 1), padding=((1, 1), (0, 1))),
    dict(size=(2, 3), stride=(3, 3), padding=((0, 1), (2, 2))),
    dict(size=(3, 4), stride=(2, 3), ceil_mode=True),
    dict(size=(2, 3), stride=(3, 2), padding=((1, 1), (2, 0)), ceil_mode=True),
]


@pytest.mark.parametrize("options", POOLS)
@pytest.mark.parametrize("kind", ["max", "avg"])
def test_pool2d(rng, kind, options):
    x = rng.normal(size=(2, 7, 6, 3))

    def forward(x):
        y = getattr(oracle, f"{kind}_pool2d")(x, **options)
        return y[0] if kind == "max" else y

    grad = rng.normal(size=forward(x).shape)
    check(forward, [x], [getattr(oracle, f"{kind}_pool2d_backward")(grad, x, **options)], grad)


@pytest.mark.parametrize("kind", ["concat", "add", "mean", "multiply", "max"])
@pytest.mark.parametrize("flat", [False, True])
def test_merge(rng, kind, flat):
    """Three branches, the second flat."""
    shapes = [(2, 3, 2, 4), (2, 4) if flat else (2, 3, 2, 4), (2, 3, 2, 4)]
    if flat and kind != "multiply":
        return
    ends = [rng.standard_normal(shape) for shape in shapes]
    grad = rng.standard_normal(oracle.merge(ends, kind).shape)
    check(
        lambda *ends: oracle.merge(ends, kind), ends, oracle.merge_backward(grad, ends, kind), grad
    )


@pytest.mark.parametrize("options", POOLS)
def test_average_with_padding(rng, options):
    options = options | {"count_include_pad": True}
    x = rng.normal(size=(2, 7, 6, 3))
    grad = rng.normal(size=oracle.avg_pool2d(x, **options).shape)
    gradient = oracle.avg_pool2d_backward(grad, x, **options)
    check(lambda x: oracle.avg_pool2d(x, **options), [x], [gradient], grad)


def test_pooling_ignores_padding():
    x = np.full((1, 2, 2, 1), -5.0)
    padding = ((1, 1), (1, 1))
    assert (oracle.max_pool2d(x, (3, 3), (1, 1), padding)[0] == -5).all()
    np.testing.assert_allclose(oracle.avg_pool2d(x, (3, 3), (1, 1), padding), -5)


def test_max_pool_ties_and_nan():
    x = np.array([[1.0, 3, 3, 3], [3, 1, np.nan, 2]]).reshape(1, 2, 4, 1)
    y, winner = oracle.max_pool2d(x, (2, 2))
    assert winner.ravel().tolist() == [1, 2]
    np.testing.assert_array_equal(y.ravel(), [3, np.nan])


@pytest.mark.parametrize("kind", ["max", "avg"])
def test_global_pool2d(rng, kind):
    x, grad = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(2, 5))
    forward = getattr(oracle, f"global_{kind}_pool2d")
    backward = getattr(oracle, f"global_{kind}_pool2d_backward")
    check(forward, [x], [backward(grad, x)], grad)


@pytest.mark.parametrize("shape", [(6, 3), (2, 3, 2, 3)])
def test_batch_norm_training(rng, shape):
    x, grad = rng.normal(size=shape), rng.normal(size=shape)
    gamma, beta = rng.normal(size=3), rng.normal(size=3)
    gradients = oracle.batch_norm_training_backward(grad, x, gamma)
    check(oracle.batch_norm_training, [x, gamma, beta], gradients, grad)


@pytest.mark.parametrize("groups", [1, 2, 6])
@pytest.mark.parametrize("shape", [(3, 6), (2, 3, 2, 6)])
def test_group_norm(rng, shape, groups):
    x, grad = rng.normal(size=shape), rng.normal(size=shape)
    gamma, beta = rng.normal(size=6), rng.normal(size=6)
    gradients = oracle.group_norm_backward(grad, x, gamma, groups, 0.1)
    check(lambda *a: oracle.group_norm(*a, groups, 0.1), [x, gamma, beta], gradients, grad)


@pytest.mark.parametrize("size", [1, 2, 5, 20])
def test_lrn(rng, size):
    x, grad = rng.normal(size=(2, 3, 6)), rng.normal(size=(2, 3, 6))
    gradient = oracle.lrn_backward(grad, x, size, 2.0, 0.6, 0.5)
    check(lambda x: oracle.lrn(x, size, 2.0, 0.6, 0.5), [x], [gradient], grad)


def test_batch_norm_statistics():
    x = np.array([[1.0, 2], [3, 6]])
    mean, variance = oracle.batch_statistics(x)
    assert mean.tolist() == [2, 4] and variance.tolist() == [1, 4]
    np.testing.assert_allclose(oracle.moving([0, 0], mean, 0.9), [0.2, 0.4])


@pytest.mark.parametrize("name", oracle.ACTIVATIONS)
def test_activation(rng, name):
    z, grad = rng.normal(size=(4, 5)) * 3, rng.normal(size=(4, 5))
    check(
        lambda z: oracle.activation(z, name), [z], [oracle.activation_backward(grad, z, name)], grad
    )


def test_softmax(rng):
    z, grad = rng.normal(size=(2, 3, 4, 5)) * 3, rng.normal(size=(2, 3, 4, 5))
    check(oracle.softmax, [z], [oracle.softmax_backward(grad, z)], grad)
    np.testing.assert_allclose(oracle.softmax([1000.0, 1000 + np.log(3)]), [0.25, 0.75])


def test_prelu(rng):
    z, grad, alpha = (
        rng.normal(size=(2, 3, 4, 5)),
        rng.normal(size=(2, 3, 4, 5)),
        rng.normal(size=5),
    )
    check(oracle.prelu, [z, alpha], oracle.prelu_backward(grad, z, alpha), grad)


def test_relu_keeps_nan():
    np.testing.assert_array_equal(oracle.activation([np.nan, -1.0, 2.0], "relu"), [np.nan, 0, 2])


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", oracle_training.LOSSES)
def test_losses(rng, loss, weighted, smoothing):
    outputs = rng.normal(size=(5, 3)) * 4
    y = rng.integers(0, 2, size=5 if loss == "softmax" else (5, 3))
    weight = rng.uniform(0.1, 2, size=5) if weighted else None
    function = oracle_training.LOSSES[loss]
    gradient = function(outputs, y, weight, smoothing)[1]
    check(
        lambda z: np.array(function(z, y, weight, smoothing)[0]), [outputs], [gradient], np.ones(())
    )


def test_regression_losses_by_hand():
    """Residuals 3, -3 and 1/2: the mean over outputs of half their squares, their sizes, Huber's."""
    z, y = np.array([[3.0, -3, 0.5]]), np.zeros((1, 3))
    got = {k: oracle_training.LOSSES[k](z, y)[0] for k in list(oracle_training.LOSSES)[2:]}
    want = {"squared_error": 9.125 / 3, "absolute_error": 6.5 / 3, "huber": 5.125 / 3}
    assert got == pytest.approx(want)


def test_clipped_and_bounded():
    gradients = {"a": np.array([3.0, 0]), "b": np.array([[4.0]])}
    assert oracle_training.clipped(gradients, 5.5)["a"].tolist() == [3, 0]
    assert oracle_training.clipped(gradients, 2.5)["b"].tolist() == [[2]]
    weights = np.array([[[3.0, 1]], [[4, 1]]])
    np.testing.assert_allclose(
        oracle_training.bounded(weights, 2.5), [[[1.5, 1]], [[2, 1]]], rtol=1e-15
    )


def test_sigmoid_loss_is_softmax_of_two_logits(rng):
    z, y = rng.normal(size=(6, 1)), rng.integers(0, 2, size=6)
    two = np.concatenate([np.zeros_like(z), z], axis=1)
    one_logit, two_logits = oracle_training.sigmoid_loss(z, y), oracle_training.softmax_loss(two, y)
    assert one_logit[0] == pytest.approx(two_logits[0])


def test_l2(rng):
    parameters = {"a/weights": rng.normal(size=(3, 2)), "a/bias": rng.normal(size=2)}
    zeros = {k: np.zeros_like(p) for k, p in parameters.items()}
    decay = oracle_training.constants(parameters, 0.3)
    assert decay == {"a/weights": 0.3, "a/bias": 0.0}
    gradients = oracle_training.l2_gradients(zeros, parameters, decay, 5.0)
    for key, value in parameters.items():

        def loss(p, key=key):
            return np.array(oracle_training.l2_loss({**parameters, key: p}, decay, 5.0))

        check(loss, [value], [gradients[key]], np.ones(()))


@pytest.mark.parametrize("solver", ["sgd", "nesterov", "adam"])
def test_optimizers_follow_scikit_learn(rng, solver):
    """The same parameters as the optimizers of scikit-learn's MLPClassifier, over several steps."""
    peers = pytest.importorskip("sklearn.neural_network._stochastic_optimizers")
    start = {"a": rng.normal(size=(3, 2)), "b": rng.normal(size=4)}
    theirs = [p.copy() for p in start.values()]
    if solver == "adam":
        ours, peer = oracle_training.Adam(), peers.AdamOptimizer(theirs, 0.01)
    else:
        ours = oracle_training.SGD(0.9, solver == "nesterov")
        peer = peers.SGDOptimizer(theirs, 0.01, momentum=0.9, nesterov=solver == "nesterov")
    parameters = start
    for _ in range(5):
        gradients = {k: rng.normal(size=p.shape) for k, p in start.items()}
        parameters = ours.step(parameters, gradients, 0.01)
        peer.update_params(theirs, list(gradients.values()))
    for got, want in zip(parameters.values(), theirs, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)
