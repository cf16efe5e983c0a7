"""Explanations of fitted nets: each method against its definition, computed in float64."""

from functools import cache
from itertools import product

import numpy as np
import pytest
from explained_nets import KINDS, explained

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.inspection.explain import METHODS, base
from convnet.layers import Conv2D, Dense, GlobalAvgPool2D, MaxPool2D

SLOW_KINDS = {"binary", "multilabel", "batch norm", "residual", "separable"}
EACH_KIND = [
    pytest.param(kind, marks=[pytest.mark.slow] if kind in SLOW_KINDS else []) for kind in KINDS
]
CASES = [(m, k) for m, k in product(METHODS, KINDS) if (m, k) != ("gradcam", "flat")]
STEP = 1e-6  # of a difference in float64: too short to meet a kink of a rectifier or a pool


def targets_of(case):
    """Yield targets: the predicted class, each class, and one class for each row."""
    yield None, case.predicted
    for name in case.names:
        yield name, lambda X, name=name: np.full(len(X), name)
    yield (
        np.resize(case.names, len(case.X)),
        lambda X: np.resize(case.names, len(case.X))[: len(X)],
    )


# what all have in common --------------------------------------------------------------------------------
@pytest.mark.parametrize(("method", "kind"), CASES)
def test_maps_have_the_size_of_the_images(method, kind):
    case = explained(kind)
    maps = case.net.explain(case.X[:5], method)
    assert maps.shape == (5, *case.size) and maps.dtype == np.float32
    assert np.isfinite(maps).all() and (maps != 0).any()


@pytest.mark.parametrize(("method", "kind"), CASES)
def test_bits_depend_on_the_image_alone(method, kind, monkeypatch):
    case = explained(kind)
    whole = case.net.explain(case.X, method)
    for n_jobs in (1, 3):
        np.testing.assert_array_equal(explained(kind, n_jobs).net.explain(case.X, method), whole)
    np.testing.assert_array_equal(case.net.explain(case.X[7:8], method), whole[7:8])
    monkeypatch.setattr(base, "MAX_MAP_BYTES", 1)  # parts of a row for each thread
    np.testing.assert_array_equal(explained(kind, 3).net.explain(case.X, method), whole)


@pytest.mark.parametrize(("method", "kind"), CASES)
def test_the_target(method, kind):
    """None is the prediction; one target for all rows equals the same target for each."""
    case = explained(kind)
    X = case.X[:6]
    predicted = case.predicted(X)
    np.testing.assert_array_equal(
        case.net.explain(X, method), case.net.explain(X, method, predicted)
    )
    for name in case.names:
        one = case.net.explain(X, method, name)
        np.testing.assert_array_equal(case.net.explain(X, method, [name] * 6), one)
        np.testing.assert_array_equal(one[:1], case.net.explain(X[:1], method, name))


@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion"])
def test_two_classes_are_opposites(method):
    case = explained("binary")
    left, right = (case.net.explain(case.X, method, name) for name in ("left", "right"))
    np.testing.assert_array_equal(left, -right)


# saliency -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_saliency_is_the_derivative(kind):
    case = explained(kind)
    X = case.X[:2].astype(np.float64)
    places = list(np.ndindex(*case.shape))
    steps = np.zeros((len(places), *case.shape))
    for step, place in zip(steps, places, strict=True):
        step[place] = STEP
    for target, names in targets_of(case):
        given = target[:2] if isinstance(target, np.ndarray) else target
        got = case.net.explain(case.X[:2], "saliency", given)
        for x, found, name in zip(X, got, names(X), strict=True):
            name = [name] * len(places)
            slopes = (case.f(x + steps, name) - case.f(x - steps, name)) / (2 * STEP)
            want = np.abs(slopes.reshape(case.shape))
            want = want.max(-1) if want.ndim > 1 else want
            np.testing.assert_allclose(found, want, rtol=1e-2, atol=1e-4 * want.max())


def test_the_unit_of_saliency_is_that_of_x():
    """A net fitted on uint8 reads values as 0 to 1: its gradient per unit of X is 1/255 of that."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (30, 8, 7, 2), dtype=np.uint8)
    layers = [Conv2D(3, 3, activation="tanh")]
    net = ConvNetClassifier(layers, max_iter=2, random_state=0).fit(X, np.arange(30) % 3)
    same = ConvNetClassifier(layers, max_iter=2, random_state=0, rescale=None)
    same.fit((X / 255).astype(np.float32), np.arange(30) % 3)
    same._network_cache.network(None).set_weights(dict(net.weights_))
    of_gray = net.explain(X[:3], "saliency", 0)
    of_share = same.explain((X[:3] / 255).astype(np.float32), "saliency", 0)
    np.testing.assert_allclose(255 * of_gray, of_share, rtol=1e-4)


# integrated gradients -----------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", EACH_KIND)
def test_integrated_gradients_sum_to_the_difference(kind):
    case = explained(kind)
    for baseline in (None, 0.5, case.X[3], case.X[::-1]):
        start = np.broadcast_to(0.0 if baseline is None else baseline, case.X.shape)
        for target, names in targets_of(case):
            names = names(case.X)
            want = case.f(case.X, names) - case.f(start, names)
            told = np.abs(want) > 0.02  # of nearer ones it may warn
            X = case.X[told]
            given = target[told] if isinstance(target, np.ndarray) else target
            each = baseline is not None and np.ndim(baseline) == case.X.ndim
            base = baseline[told] if each else baseline
            got = case.net.explain(X, "integrated_gradients", given, baseline=base)
            sums = got.reshape(len(X), -1).astype(np.float64).sum(1)
            np.testing.assert_allclose(sums, want[told], rtol=1e-2)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:integrated_gradients")
def test_each_image_keeps_its_baseline(monkeypatch):
    case = explained("multiclass")
    options = dict(method="integrated_gradients", baseline=case.X[::-1])
    whole = case.net.explain(case.X, **options)
    monkeypatch.setattr(base, "MAX_MAP_BYTES", 1)  # parts of a row for each thread
    np.testing.assert_array_equal(case.net.explain(case.X, **options), whole)


@pytest.mark.parametrize("kind", KINDS)
def test_integrated_gradients_pixel_by_pixel(kind):
    """Against the mean of 2000 gradients along the path."""
    case = explained(kind)
    x, n = case.X[0], 2000
    name = case.predicted(case.X[:1])[0]
    places = ((np.arange(n) + 0.5) / n).reshape(-1, *[1] * x.ndim)
    network = case.net._network_cache.network(case.net.weights_)
    grad = np.zeros((n, *network.plan.output_shape), dtype=np.float32)
    two = len(case.names) == 2
    grad[:, 0 if two else case.names.index(name)] = -1 if two and name == case.names[0] else 1
    slopes = network.gradient((places * x).astype(np.float32), grad).mean(0, dtype=np.float64)
    want = slopes * x if x.ndim == 1 else (slopes * x).sum(-1)
    want = want * getattr(case.net, "y_scale_", 1.0)  # in the units of y
    (got,) = case.net.explain(case.X[:1], "integrated_gradients", steps=64)
    np.testing.assert_allclose(got, want, atol=0.02 * np.abs(want).max())


def test_an_inaccurate_sum_gives_a_warning():
    """The output is nearly the same at both ends of the path, and there is a single step."""
    X = np.array([[3.0], [3.0], [0.0]], dtype=np.float32)
    net = ConvNetRegressor([Dense(2, activation="sigmoid")], max_iter=1, random_state=0)
    net.fit(X, np.arange(3.0))
    weights = dict.fromkeys(net.weights_)
    weights["dense1/weights"] = np.array([[400.0, 400.0]])
    weights["dense1/bias"] = np.array([-133.7, -811.9])
    weights["output/weights"] = np.array([[1.0], [-0.999]])
    weights["output/bias"] = np.zeros(1)
    net._network_cache.network(None).set_weights(weights)
    with pytest.warns(UserWarning, match=r"2 of 3 images .* more than 1%, at most by") as caught:
        net.explain(X, "integrated_gradients", steps=1)
    assert caught[0].filename == __file__


# occlusion ----------------------------------------------------------------------------------------------
def occluded(case, X, names, patch, stride, value):
    """Return the mean fall of f over the windows that cover a pixel."""
    size = case.size
    starts = []
    for n, p, s in zip(size, patch, stride, strict=True):
        found = [i for i in range(n) if i % s == 0 and i + p <= n]
        starts.append(sorted({*found, n - p}))
    total, count = np.zeros((len(X), *size)), np.zeros(size)
    for corner in product(*starts):
        window = tuple(slice(i, i + p) for i, p in zip(corner, patch, strict=True))
        covered = X.astype(np.float64)
        inside = (slice(None), *window)
        covered[inside] = np.broadcast_to(value, X.shape)[inside]
        drop = case.f(X, names) - case.f(covered, names)
        total[(slice(None), *window)] += drop.reshape(-1, *[1] * len(size))
        count[window] += 1
    return total / count


@pytest.mark.parametrize("kind", EACH_KIND)
def test_occlusion_by_brute_force(kind):
    case = explained(kind)
    X = case.X[:4]
    defaults = {2: ((2, 1), (1, 1)), 1: ((3,), (1,))}[len(case.size)]
    if kind == "flat":
        defaults = (1,), (1,)
    for target, names in targets_of(case):
        given = target[:4] if isinstance(target, np.ndarray) else target
        # The mean of each channel over the pixels of each image; 0 for flat rows.
        cover = 0.0
        if kind != "flat":
            pixels = np.reshape(X, (len(X), -1, np.shape(X)[-1]))
            cover = pixels.mean(axis=1).reshape(len(X), *[1] * len(case.size), -1)
        want = occluded(case, X, names(X), *defaults, cover)
        got = case.net.explain(X, "occlusion", given)
        np.testing.assert_allclose(got, want, atol=1e-5)
    names = case.predicted(X)
    for patch, stride in ((3, 2), (5, 5), (7, 4)):
        sides = [(p,) * len(case.size) for p in (patch, stride)]
        want = occluded(case, X, names, *sides, -0.7)
        got = case.net.explain(X, "occlusion", patch=patch, stride=stride, value=-0.7)
        np.testing.assert_allclose(got, want, atol=1e-5)


def test_occlusion_with_a_color():
    case = explained("multiclass")
    names = case.predicted(case.X)
    want = occluded(case, case.X, names, (3, 2), (2, 1), [0.3, -2.0])
    got = case.net.explain(
        case.X, "occlusion", patch=(3, 2), stride=(2, 1), value=np.array([0.3, -2.0])
    )
    np.testing.assert_allclose(got, want, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_the_mean_color_is_that_of_each_image(dtype):
    """Covering pixels that have this color changes nothing; units and the other images have no effect."""
    rng = np.random.default_rng(0)
    means, off = rng.integers(90, 110, (12, 1, 3)), rng.integers(1, 90, (12, 11, 3))
    pixels = np.concatenate([means - off, means + off, means, means], axis=1)
    X = pixels.reshape(12, 4, 6, 3).astype(dtype)
    layers = [Conv2D(3, 2), GlobalAvgPool2D()]
    net = ConvNetClassifier(layers, max_iter=2, rescale=1 / 255, random_state=0)
    net.fit(X, np.arange(12) % 2)
    options = dict(patch=1, stride=1)
    maps = net.explain(X, "occlusion", **options)
    for image, found in zip(X, maps, strict=True):
        mean = image.reshape(-1, 3).mean(axis=0, dtype=float)
        same = (image == mean).all(axis=-1)
        assert (found[same] == 0).all() and (found[~same] != 0).all()
        explicit = net.explain(image[None], "occlusion", value=mean, **options)
        np.testing.assert_allclose(found, explicit[0], atol=1e-6)
        np.testing.assert_array_equal(net.explain(image[None], "occlusion", **options)[0], found)


def test_a_value_for_each_feature_of_flat_rows():
    case = explained("flat")
    names, value = case.predicted(case.X), case.X.mean(axis=0)
    got = case.net.explain(case.X, "occlusion", value=value)
    np.testing.assert_allclose(got, occluded(case, case.X, names, (1,), (1,), value), atol=1e-5)
    with pytest.raises(ValueError, match=f"or one for each of the {case.X.shape[1]} features"):
        case.net.explain(case.X, "occlusion", value=value[1:])


# Grad-CAM -----------------------------------------------------------------------------------------------
def test_gradcam_of_a_global_mean():
    """After a global mean the gradient of a map is its weight divided by the number of pixels."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12, 6, 5, 2))
    net = ConvNetClassifier([Conv2D(4, 3, activation="relu"), GlobalAvgPool2D()], max_iter=3)
    net.fit(X, np.arange(12) % 3)
    maps = net.feature_maps(X, "conv1").astype(np.float64)
    for target in range(3):
        small = np.maximum(maps @ net.weights_["output/weights"][:, target] / 12, 0)
        got = net.explain(X, target=target)
        # 4×3 on 6×5: the middles lie at (i + 1/2) 2/3 - 1/2 and (i + 1/2) 3/5 - 1/2
        rows = [(0, 0, 0), (0, 1, 0.5), (1, 2, 1 / 6), (1, 2, 5 / 6), (2, 3, 0.5), (3, 3, 0)]
        columns = [(0, 0, 0), (0, 1, 0.4), (1, 1, 0), (1, 2, 0.6), (2, 2, 0)]
        for (i, (a, b, p)), (j, (c, d, q)) in product(enumerate(rows), enumerate(columns)):
            upper = small[:, a, c] * (1 - q) + small[:, a, d] * q
            lower = small[:, b, c] * (1 - q) + small[:, b, d] * q
            np.testing.assert_allclose(got[:, i, j], upper * (1 - p) + lower * p, atol=1e-6)


def test_the_layer_of_gradcam():
    case = explained("residual")
    got = case.net.explain(case.X)
    np.testing.assert_array_equal(got, case.net.explain(case.X, layer="residual2"))
    for layer in ("residual1", "residual1/conv1", "residual2/conv1", "residual1/shortcut"):
        other = case.net.explain(case.X, layer=layer)
        assert other.shape == got.shape and (other != got).any()


# a task whose answer is known ----------------------------------------------------------------------------
@pytest.mark.parametrize("place", ["upper left", "lower right"])
@pytest.mark.parametrize("method", METHODS)
def test_the_corner_that_decides(method, place):
    """At least 80 % of the magnitude of each map lies in the quarter of the image with the label's stripes."""
    net, X, y, quarter = striped(place)
    assert net.score(X, y) == 1.0
    maps = np.abs(net.explain(X, method))
    assert maps[(slice(None), *quarter)].sum() >= 0.8 * maps.sum()


@cache
def striped(place):
    """Return a net, test images and the quarter with the stripes, which are the label; the rest is noise."""
    rng = np.random.default_rng(0)
    X = rng.uniform(0, 0.3, (1100, 16, 16)).astype(np.float32)
    y = np.arange(1100) % 2
    stripes = np.repeat([0.0, 1.0, 0.0, 1.0, 0.0, 1.0], 6).reshape(6, 6)
    start = 1 if place == "upper left" else 9
    X[:, start : start + 6, start : start + 6] = np.where(y[:, None, None], stripes, stripes.T)
    layers = [Conv2D(8, 3, padding="same", activation="relu", use_bias=False), MaxPool2D(2)]
    net = ConvNetClassifier(
        layers, max_iter=30, alpha=10.0, learning_rate_init=3e-3, tol=0.0, random_state=0
    )
    net.fit(X[:1000], y[:1000])
    return net, X[1000:], y[1000:], (slice(start - 1, start + 7),) * 2
