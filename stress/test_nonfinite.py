"""Every method refuses NaN, infinity and numbers beyond float32, and names them."""

import warnings
from itertools import cycle, product

import numpy as np
import pandas as pd
import pytest
from finite_nets import CLASSES, LABELS, NUMBERS, OPTIONS, SHAPE, N, X, assert_finite, frozen_state
from row_sources import Orthogonal, Reading, Rising
from sklearn.frozen import FrozenEstimator

from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.augment import RandomContrast
from convnet.layers import Dense

# Warnings that such nets deserve; any other is an error.
EXPECTED = ".*(no better than a constant prediction|layers end with Dense)"
BAD = {"NaN": np.nan, "inf": np.inf, "-inf": -np.inf, "1e300": 1e300}
CORNERS = list(product((0, N // 2, N - 1), (0, -1), (0, -1), (0, 1)))  # row, height, width, channel


def spoiled(array, place, value):
    array = np.array(array, dtype=np.result_type(np.asarray(array).dtype, np.float64))
    array[place] = value
    return array


class Refusals:
    """Asserts that calls raise an error with one of the words and change nothing, and counts them."""

    def __init__(self):
        self.count = 0

    def __call__(self, net, call, words, kinds=ValueError):
        attributes, weights = frozen_state(net)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", EXPECTED)
            with pytest.raises(kinds) as caught:
                call()
        assert any(word in str(caught.value) for word in words), str(caught.value)
        assert vars(net).keys() == attributes.keys()
        assert all(vars(net)[name] is value for name, value in attributes.items())
        assert frozen_state(net)[1] == weights
        self.count += 1


WORDS = ("NaN", "infinity", "too large for dtype")  # scikit-learn's
refused = pytest.fixture(scope="module")(lambda: Refusals())


@pytest.fixture(scope="module")
def nets():
    """Return a fitted net of each kind."""
    found = {
        "classes": ConvNetClassifier(**OPTIONS).fit(X, CLASSES),
        "two": ConvNetClassifier(**OPTIONS).fit(X, CLASSES > 0),
        "labels": ConvNetClassifier(**OPTIONS).fit(X, LABELS),
        "numbers": ConvNetRegressor(**OPTIONS).fit(X, NUMBERS),
        "flat": ConvNetClassifier(**OPTIONS | {"layers": [Dense(3)]}).fit(
            X.reshape(N, -1), CLASSES
        ),
    }
    return found


def targets(name):
    return {"labels": LABELS, "numbers": NUMBERS, "two": CLASSES > 0}.get(name, CLASSES)


def fits(net, y):
    """Yield the methods that train on X and y."""
    yield "fit", lambda bad: net.fit(bad, y)
    yield "fit of X_val", lambda bad: net.fit(X, y, X_val=bad, y_val=y)
    yield "partial_fit", lambda bad: net.partial_fit(bad, y)


def uses(net, y):
    """Yield the methods of a fitted net that take X."""
    for name in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        if hasattr(net, name):
            yield name, getattr(net, name)
    yield "score", lambda X: net.score(X, y)
    yield "feature_maps", lambda X: net.feature_maps(X, "conv1")
    yield "maximal_patches", lambda X: net.maximal_patches(X, "conv1")
    yield "transform", ConvNetTransformer(FrozenEstimator(net)).fit(X).transform
    yield "preview_augment", lambda X: net.preview_augment(X, 2)
    for method in ("gradcam", "saliency", "integrated_gradients", "occlusion"):
        yield method, lambda X, method=method: net.explain(X, method, target=_target(net))
    if hasattr(net, "explain_confusion") and y.ndim == 1:
        yield "explain_confusion", lambda X: net.explain_confusion(X, y)


def _target(net):
    return 0 if isinstance(net, ConvNetRegressor) else None


@pytest.mark.parametrize("name", ["classes", "two", "labels", "numbers"])
@pytest.mark.parametrize("word", BAD)
def test_each_place_of_X(nets, refused, name, word):
    net, y = nets[name], targets(name)
    calls = [*fits(net, y), *uses(net, y)]
    for _, call in calls:
        for place in CORNERS:
            refused(net, lambda place=place, call=call: call(spoiled(X, place, BAD[word])), WORDS)
    for place in CORNERS[:8]:
        one = spoiled(X[:1], (0, *place[1:]), BAD[word])
        refused(net, lambda one=one: net.trace(one[0]), WORDS)
    fresh = type(net)(**OPTIONS, warm_start=True)
    refused(fresh, lambda: fresh.fit(spoiled(X, (-1, 0, 0, 0), BAD[word]), y), WORDS)


@pytest.mark.parametrize("word", BAD)
def test_each_column_of_flat_X(nets, refused, word):
    net, flat = nets["flat"], X.reshape(N, -1)
    shaped = ConvNetClassifier(**OPTIONS, input_shape=SHAPE).fit(flat, CLASSES)
    rows = cycle([0, N // 2, N - 1])
    for column, row in zip(range(flat.shape[1]), rows, strict=False):
        bad = spoiled(flat, (row, column), BAD[word])
        for one in (net, shaped):
            for call in (one.predict, lambda X, one=one: one.fit(X, CLASSES)):
                refused(one, lambda call=call, bad=bad: call(bad), WORDS)


def forms(array, folder):
    """Yield the same X in every accepted form."""
    with np.errstate(over="ignore"):
        yield "float32", array.astype(np.float32)
        yield "float16", array.astype(np.float16)
    yield "longdouble", array.astype(np.longdouble)
    yield "big-endian", array.astype(">f8")
    yield "object", array.astype(object)
    yield "list", array.tolist()
    yield "Fortran", np.asfortranarray(array)
    yield "strided", np.repeat(array, 2, axis=0)[::2]
    yield "read-only", np.broadcast_to(array, array.shape)
    path = folder / "X.npy"
    np.save(path, array)
    yield "memmap", np.load(path, mmap_mode="r")
    yield "rows", Reading(array)
    yield "rising", Rising(array)
    yield "orthogonal", Orthogonal(array)
    if array.ndim == 2:
        yield "DataFrame", pd.DataFrame(array, columns=[f"x{i}" for i in range(array.shape[1])])
        yield "nullable", pd.DataFrame(array).astype("Float64").rename(columns="x{}".format)


@pytest.mark.parametrize("word", BAD)
@pytest.mark.parametrize("name", ["classes", "flat"])
def test_each_form_of_X(nets, refused, name, word, tmp_path):
    own = X if name == "classes" else X.reshape(N, -1)
    frame = pd.DataFrame(X.reshape(N, -1)).rename(columns="x{}".format)
    framed = ConvNetClassifier(**nets["flat"].get_params(deep=False)).fit(frame, CLASSES)
    place = (N - 1, *[-1] * (own.ndim - 1))
    for form, bad in forms(spoiled(own, place, BAD[word]), tmp_path):
        of_frames = form in ("DataFrame", "nullable")
        net, good = (framed, frame) if of_frames else (nets[name], own)
        calls = [
            net.predict,
            lambda X, net=net: net.fit(X, CLASSES),
            lambda X, net=net: net.score(X, CLASSES),
            lambda X, net=net, good=good: net.fit(good, CLASSES, X_val=X, y_val=CLASSES),
        ]
        for call in calls:
            refused(net, lambda call=call, bad=bad: call(bad), WORDS)


@pytest.mark.parametrize("library", ["h5py", "zarr"])
def test_data_sets_of_files(nets, refused, library, tmp_path):
    store = pytest.importorskip(library)
    for word, value in BAD.items():
        bad, path = spoiled(X, (N // 2, 0, 0, 0), value), str(tmp_path / f"{word}.{library}")
        if library == "h5py":
            data = store.File(path, "w").create_dataset("X", data=bad)
        else:
            data = store.array(bad, chunks=(2, *SHAPE), store=path)
        for call in (nets["classes"].predict, lambda X: nets["classes"].fit(X, CLASSES)):
            refused(nets["classes"], lambda call=call, data=data: call(data), WORDS)


def test_what_is_no_number(nets, refused):
    """Complex numbers, texts, dates, None and structures raise a TypeError or ValueError that names them."""
    words = ("omplex", "dtype", "numeric", "X", "float", "array")
    odd = [
        X + 1j,
        X.astype(str),
        X.astype("S8"),
        X.astype("M8[s]"),
        X.astype("m8[s]"),
        np.zeros(X.shape, "V4"),
    ]
    odd.append(np.full(X.shape, None, object))
    odd += [
        np.full(X.shape, "a", object),
        np.full(X.shape, 10**400, object),
        [[[["a"]]]],
        {"a": X},
        None,
        3,
        "X",
    ]
    odd += [X.astype(object) + 1j, np.zeros(X.shape, [("a", "f4")])]
    net = nets["classes"]
    for bad in odd:
        for call in (
            net.predict,
            lambda X: net.fit(X, CLASSES),
            net.predict_proba,
            lambda X: net.score(X, CLASSES),
        ):
            refused(
                net, lambda call=call, bad=bad: call(bad), (*words, *WORDS), (ValueError, TypeError)
            )


def weighted(net, y):
    yield "sample_weight", lambda w: net.fit(X, y, w)
    yield "sample_weight", lambda w: net.partial_fit(X, y, sample_weight=w)
    yield "sample_weight_val", lambda w: net.fit(X, y, X_val=X, y_val=y, sample_weight_val=w)
    yield "sample_weight", lambda w: net.score(X, y, w)


@pytest.mark.parametrize("name", ["classes", "two", "labels", "numbers"])
def test_each_place_of_weights(nets, refused, name):
    net, y = nets[name], targets(name)
    for what, call in weighted(net, y):
        for row, value in product(
            (0, N // 2, N - 1), [np.nan, np.inf, -np.inf, -1.0, -1e-300, 10**400]
        ):
            bad = spoiled(np.ones(N), row, value if value != 10**400 else 1.0)
            bad = bad if value != 10**400 else [*bad[:-1].tolist(), value]
            refused(net, lambda bad=bad, call=call: call(bad), (what,))
        for bad in (
            np.zeros(N),
            np.ones(N - 1),
            np.ones((N, 2)),
            np.ones(N) * 1j,
            ["a"] * N,
            [None] * N,
        ):
            refused(
                net,
                lambda bad=bad, call=call: call(bad),
                (what, "omplex", "float", "sample"),
                (ValueError, TypeError),
            )
    for _, call in [*weighted(net, y)][:3]:  # in float32; the score's are float64
        refused(net, lambda call=call: call(np.full(N, 1e300)), ("sample_weight", "float32"))


@pytest.mark.parametrize("word", BAD)
def test_each_place_of_y(nets, refused, word):
    value = BAD[word]
    floats = {"classes": CLASSES.astype(float), "numbers": NUMBERS, "labels": LABELS.astype(float)}
    for name, y in floats.items():
        net = nets[name]
        words = (
            *WORDS,
            "indicator",
            "Unknown label type",
            "classes",
            "y has",
            "out of the range",
            "y_val",
        )
        words += ("continuous",)
        for row in (0, N // 2, N - 1):
            for place in [row] if y.ndim == 1 else product([row], range(y.shape[1])):
                bad = spoiled(y, place, value)
                for call in (
                    lambda net=net, bad=bad: net.fit(X, bad),
                    lambda net=net, bad=bad: net.partial_fit(X, bad),
                    lambda net=net, bad=bad, y=y: net.fit(X, y, X_val=X, y_val=bad),
                    lambda net=net, bad=bad: net.score(X, bad),
                    lambda net=net, bad=bad: type(net)(**OPTIONS).fit(X, bad.tolist()),
                ):
                    refused(net, call, words)
    several = ConvNetRegressor(**OPTIONS).fit(X, np.stack([NUMBERS, NUMBERS], axis=1))
    for column in (0, 1):
        bad = spoiled(np.stack([NUMBERS, NUMBERS], axis=1), (3, column), value)
        refused(several, lambda bad=bad: several.fit(X, bad), (*WORDS, "out of the range"))
        refused(several, lambda bad=bad: several.score(X, bad), (*WORDS, "out of the range"))


@pytest.mark.parametrize("name", ["classes", "two", "labels", "numbers"])
def test_values_that_overflow_inside_the_net(nets, refused, name):
    """Finite X and finite weights give an error or finite outputs."""
    net, y = nets[name], targets(name)
    net = type(net)(**OPTIONS | {"augment": [RandomContrast(0.9)], "learning_rate_init": 30.0}).fit(
        X, y
    )
    for scale in (1e25, 1e30, 1e36, 3.3e38):
        huge = (X / np.abs(X).max() * scale).astype(np.float32)
        calls = [*uses(net, y), ("trace", lambda X, net=net: net.trace(X[0])), *fits(net, y)]
        for _, call in calls:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                warnings.filterwarnings("ignore", EXPECTED)
                try:
                    found = call(huge)
                except ValueError:
                    refused.count += 1
                    continue
            if isinstance(found, np.ndarray | float):
                assert np.isfinite(found).all()
            elif found is net:
                assert_finite(net, huge, y)
                net.fit(X, y)


def test_count(refused, figure):
    """Run last: record how many places were tried."""
    assert refused.count > 3000
    figure("calls with values that are not finite, taken", seen=f"0 of {refused.count}", asked="0")
