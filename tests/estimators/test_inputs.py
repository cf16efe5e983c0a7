"""What X may be, and what is said about other X."""

import numpy as np
import pytest
import scipy.sparse as sp

from convnet import ConvNetClassifier
from convnet.inputs import scaling as units
from convnet.layers import Conv2D, Dense, MaxPool2D

CONV = [Conv2D(4, 3, activation="relu")]


def zeros(*shape, dtype=np.float32):
    return np.zeros(shape, dtype), np.arange(shape[0]) % 2


def refused(clf, X, y, text, error=ValueError):
    with pytest.raises(error) as caught:
        clf.fit(X, y)
    assert text in str(caught.value)
    assert vars(clf) == vars(ConvNetClassifier(clf.layers)) | clf.get_params(deep=False)


def test_kernel_does_not_fit():
    layers = [
        *(
            Conv2D(4, 3, name="conv1"),
            MaxPool2D(2),
            Conv2D(4, 3),
            MaxPool2D(2),
            Conv2D(4, 3),
            MaxPool2D(2),
        ),
        Conv2D(4, 3),
    ]
    text = (
        "layers[6] 'conv4': kernel 3×3 does not fit its 1×1 input. Shapes: 28→26→13→11→5→3→1. "
        'Use padding="same" or remove a pooling layer.'
    )
    refused(ConvNetClassifier(layers), *zeros(4, 28, 28, 1), text)


def test_flat_rows_before_a_convolution():
    text = "X is 2-D with 784 features but layers[0] is Conv2D. Set input_shape, e.g. (28, 28, 1)."
    refused(ConvNetClassifier(CONV), *zeros(4, 784), text)
    text = "X is 2-D with 192 features but layers[0] is Conv2D. Set input_shape, e.g. (3, 8, 8)."
    refused(ConvNetClassifier(CONV, data_format="channels_first"), *zeros(4, 192), text)
    text = "X is 2-D with 7 features but layers[0] is MaxPool2D. Set input_shape, e.g. (height, width, channels)."
    refused(ConvNetClassifier([MaxPool2D(2)]), *zeros(4, 7), text)


def test_input_shape_needs_other_features():
    text = "input_shape (28, 28, 3) needs 2352 features; X has 784."
    refused(ConvNetClassifier(CONV, input_shape=(28, 28, 3)), *zeros(4, 784), text)


def test_channels_first():
    text = 'X has shape (n, 3, 150, 150): looks channels-first. Set data_format="channels_first".'
    refused(ConvNetClassifier(CONV), *zeros(2, 3, 150, 150), text)
    text = 'X has shape (n, 150, 150, 3): looks channels-last. Set data_format="channels_last".'
    refused(ConvNetClassifier(CONV, data_format="channels_first"), *zeros(2, 150, 150, 3), text)


def test_a_map_of_height_one_is_believed_when_declared():
    X, y = zeros(4, 1, 32, 16)
    net = [Conv2D(4, (1, 3))]
    with pytest.raises(ValueError, match="looks channels-first"):
        ConvNetClassifier(net).fit(X, y)
    assert ConvNetClassifier(net, input_shape=(1, 32, 16), max_iter=1).fit(X, y).input_shape_ == (
        1,
        32,
        16,
    )


def test_one_image():
    X, _ = zeros(150, 150, 3)
    text = "X has shape (150, 150, 3): looks like one image. Pass X[None]."
    refused(ConvNetClassifier(CONV), X, [1], text)
    with pytest.raises(ValueError, match="looks like one image"):
        ConvNetClassifier(CONV).summary(X)
    clf = ConvNetClassifier(CONV, max_iter=1).fit(*zeros(4, 12, 12, 1))
    for shape in ((12, 12), (12, 12, 1)):
        with pytest.raises(ValueError) as caught:
            clf.predict(np.zeros(shape))
        assert str(caught.value) == f"X has shape {shape}: looks like one image. Pass X[None]."


def test_one_image_with_channels_first():
    X, y = zeros(4, 3, 12, 12)
    clf = ConvNetClassifier(CONV, data_format="channels_first", max_iter=1).fit(X, y)
    with pytest.raises(ValueError, match=r"\(3, 12, 12\): looks like one image. Pass X\[None\]"):
        clf.predict(X[0])
    grey = clf.fit(X[:, :1], y)
    assert grey.predict(np.zeros((1, 12, 12))).shape == (1,)  # one image of a batch of one


def test_shapes_are_shown_in_the_order_of_data_format():
    X, y = zeros(4, 3, 12, 10)
    clf = ConvNetClassifier(CONV, data_format="channels_first", max_iter=1).fit(X, y)
    with pytest.raises(ValueError, match=r"shape \(n, 3, 9, 10\); expected \(n, 3, 12, 10\)"):
        clf.predict(X[:, :, :9])
    clf.set_params(input_shape=(3, 12, 10))
    with pytest.raises(ValueError, match=r"input_shape \(3, 12, 10\) needs 360 features; X has 36"):
        clf.fit(np.zeros((4, 36)), y)


def test_as_many_labels_as_rows_are_as_many_images():
    X, y = zeros(60, 28, 3)
    clf = ConvNetClassifier(CONV, max_iter=1).fit(X, y)
    assert clf.input_shape_ == (28, 3, 1) == clf.summary(X, y).input_shape
    assert clf.predict(X).shape == (60,)


def test_one_flat_row_is_no_image():
    clf = ConvNetClassifier([Conv2D(4, (1, 3))], input_shape=(1, 64), max_iter=1)
    X, y = zeros(6, 64)
    assert clf.fit(X, y).predict(X[:1]).shape == (1,)
    with pytest.raises(ValueError, match="looks like one image"):
        ConvNetClassifier(CONV, max_iter=1).fit(*zeros(6, 8, 8)).predict(np.zeros((8, 8)))


def test_softmax_head():
    layers = [*CONV, MaxPool2D(2), Conv2D(4, 3), Dense(8), Dense(10, activation="softmax")]
    X = np.zeros((20, 28, 28, 1))
    text = 'layers[4] is Dense(activation="softmax"), but the output layer (10 classes) is automatic. Remove it.'
    refused(ConvNetClassifier(layers), X, np.arange(20) % 10, text)


def test_misspelt_field():
    refused(
        ConvNetClassifier([{"type": "Conv2D", "fliters": 16, "kernel_size": 3}]),
        *zeros(4, 8, 8, 1),
        "Conv2D has no parameter 'fliters'. Did you mean 'filters'?",
        (ValueError, TypeError),
    )


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_fitted_on_uint8(digits, dtype):
    X, y = digits
    X = X.copy()
    X[0, 0, 0] = 255
    clf = ConvNetClassifier(CONV, max_iter=1, random_state=0).fit(X, y)
    text = f"Fitted on uint8 images (÷255) but got {np.dtype(dtype).name} with max 255."
    for method in (clf.predict, clf.predict_proba, clf.decision_function):
        with pytest.raises(ValueError) as caught:
            method(X.astype(dtype))
        assert str(caught.value) == text
    with pytest.raises(ValueError) as caught:
        clf.partial_fit(X.astype(dtype), y)
    assert str(caught.value) == text
    scaled = X.astype(np.float32) / 255
    np.testing.assert_allclose(clf.predict_proba(scaled), clf.predict_proba(X), atol=1e-5)


def test_units_are_those_of_fit(digits):
    X, y = digits
    raw = ConvNetClassifier(CONV, max_iter=1, random_state=0).fit(X.astype(np.float32), y)
    np.testing.assert_array_equal(raw.predict_proba(X), raw.predict_proba(X.astype(np.float32)))
    unit = ConvNetClassifier(CONV, max_iter=1, random_state=0).fit(X.astype(np.float32) / 255, y)
    np.testing.assert_allclose(
        unit.predict_proba(X), unit.predict_proba(X.astype(np.float32) / 255), atol=1e-5
    )


def test_rescale(digits):
    X, y = digits
    fits = {
        "auto": ConvNetClassifier([], max_iter=1, random_state=0).fit(X, y),
        "factor": ConvNetClassifier([], max_iter=1, random_state=0, rescale=1 / 255).fit(X, y),
        "float": ConvNetClassifier([], max_iter=1, random_state=0, rescale=1 / 255).fit(
            X.astype(float), y
        ),
    }
    p = [clf.predict_proba(X) for clf in fits.values()]
    np.testing.assert_array_equal(p[1], p[0])
    np.testing.assert_array_equal(p[2], p[0])
    wide = X.astype(np.uint16) * 257
    sixteen = ConvNetClassifier([], max_iter=1, random_state=0).fit(wide, y).predict_proba(wide)
    np.testing.assert_allclose(sixteen, p[0], atol=1e-5)


def test_sixteen_bits_that_hold_eight(digits):
    """The same values in the other unsigned dtype would be read as 257 times darker, or brighter."""
    X, y = digits
    wide = X.astype(np.uint16)
    clf = ConvNetClassifier([], max_iter=1, random_state=0).fit(X, y)
    for method in (clf.predict, clf.predict_proba):
        with pytest.raises(ValueError) as caught:
            method(wide)
        assert str(caught.value) == "Fitted on uint8 images (÷255) but got uint16 with max 255."
    with pytest.raises(ValueError, match="but got uint16 with max 255"):
        clf.partial_fit(wide, y)
    np.testing.assert_allclose(clf.predict_proba(wide * 257), clf.predict_proba(X), atol=1e-5)
    black = np.zeros_like(X[:2])
    np.testing.assert_array_equal(
        clf.predict_proba(black.astype(np.uint16)), clf.predict_proba(black)
    )
    unit = ConvNetClassifier([], max_iter=1).fit(X / 255, y)
    with pytest.raises(ValueError, match="Fitted on float64 with max 1 but got uint16"):
        unit.predict(wide)

    other = ConvNetClassifier([], max_iter=1, random_state=0).fit(wide * 257, y)
    np.testing.assert_allclose(other.predict_proba(X), other.predict_proba(wide * 257), atol=1e-5)
    with pytest.raises(ValueError) as caught:
        ConvNetClassifier([], max_iter=1).fit(wide, y).predict(X)
    text = "Fitted on uint16 images (÷65535) with max 255 but got uint8."
    assert str(caught.value) == text


@pytest.mark.parametrize(
    "value, word",
    [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity"), (1e300, "infinity")],
)
def test_values_that_are_not_finite(value, word):
    X, y = zeros(200, 12, 12, 1, dtype=np.float64)
    clf = ConvNetClassifier(CONV, max_iter=1).fit(X, y)
    X[150, 3, 4] = value
    with pytest.raises(ValueError, match=f"Input X contains {word}"):
        clf.predict(X)
    with pytest.raises(ValueError, match=f"Input X contains {word}"):
        ConvNetClassifier(CONV).fit(X, y)


def test_numbers_beyond_doubles():
    X, y = [[0.0], [10**400], [1.0]], [0, 1, 1]
    refused(ConvNetClassifier(), X, y, "X", (TypeError, ValueError))
    refused(ConvNetClassifier(), np.array(X), y, "X contains infinity or a value too large")
    wide = np.array([[0.0], [1.0], [2.0]], np.longdouble) * np.longdouble("1e4000")
    if np.isfinite(wide).all():
        refused(ConvNetClassifier(), wide, y, "Input X contains infinity")
    refused(ConvNetClassifier(), np.eye(3), [0.0, 1.0, 1e300], "Unknown label type: continuous")


def test_x_that_is_no_array_of_numbers():
    y = [0, 1]
    clf = ConvNetClassifier()
    refused(clf, sp.csr_matrix(np.eye(2)), y, "Sparse data was passed", TypeError)
    refused(clf, [["a"], ["b"]], y, "", ValueError)
    refused(clf, np.array([[1j], [2]]), y, "Complex data not supported")
    refused(clf, np.zeros(2), y, "Expected 2D array, got 1D array instead")
    refused(
        clf,
        np.zeros((2, 2, 2, 2, 2)),
        y,
        "X has shape (n, 2, 2, 2, 2); expected (n, height, width, channels).",
    )
    refused(
        clf,
        np.zeros((2, 0, 4, 1)),
        y,
        "Found array with 0 feature(s) (shape=(2, 0, 4, 1)) while a minimum of 1",
    )
    refused(clf, np.zeros((2, 2), "M8[s]"), y, "X has dtype datetime64[s]", TypeError)
    refused(clf, np.zeros((2, 3)), [0, 1, 1], "inconsistent numbers of samples: [2, 3]")


def test_y_that_is_no_labels():
    X = np.zeros((4, 3))
    clf = ConvNetClassifier()
    refused(clf, X, None, "requires y to be passed, but the target y is None")
    refused(clf, X, [0.5, 1.5, 0.1, 2], "Unknown label type: continuous")
    refused(clf, X, [0, 1, np.nan, 1], "Input y contains NaN")
    refused(clf, X, [[0, 2]] * 4, "y of shape (4, 2) must be an indicator of 0 and 1, or of shape")
    refused(clf, X, [3, 3, 3, 3], "y has only one class")


def test_other_shapes_at_predict():
    clf = ConvNetClassifier(CONV, max_iter=1).fit(*zeros(4, 12, 10, 1))
    with pytest.raises(
        ValueError, match=r"X has shape \(n, 10, 12, 1\); expected \(n, 12, 10, 1\)."
    ):
        clf.predict(np.zeros((2, 10, 12, 1)))
    with pytest.raises(
        ValueError, match="X has 100 features, but ConvNetClassifier is expecting 120 features"
    ):
        clf.predict(np.zeros((2, 100)))
    assert clf.predict(np.zeros((2, 120))).shape == (2,)


def test_memmap_is_not_copied(tmp_path, monkeypatch, digits):
    X, y = digits
    file = np.memmap(tmp_path / "X.raw", dtype=np.float32, mode="w+", shape=X.shape)
    file[:] = X / np.float32(255)
    file.flush()
    mapped = np.memmap(tmp_path / "X.raw", dtype=np.float32, mode="r", shape=X.shape)
    seen = []
    real = units.largest_value
    monkeypatch.setattr(
        units, "largest_value", lambda images, kind: seen.append(images) or real(images, kind)
    )
    clf = ConvNetClassifier(CONV, max_iter=1, random_state=0).fit(mapped, y)
    clf.predict(mapped)
    clf.set_params(data_format="channels_first").fit(np.moveaxis(mapped, -1, 1), y)
    assert len(seen) == 3 and all(np.shares_memory(images, mapped) for images in seen)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.int64])
def test_no_second_copy_of_x_in_memory(dtype):
    import tracemalloc

    X = np.ones((4000, 32, 32, 1), dtype)
    y = np.arange(4000) % 2
    net = [MaxPool2D(8)]
    tracemalloc.start()
    clf = ConvNetClassifier(net, max_iter=1).fit(X, y)
    clf.predict(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.nbytes / 2


def test_data_frames():
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.random((40, 3)), columns=list("abc"))
    y = (X["a"] > 0.5).to_numpy()
    clf = ConvNetClassifier(max_iter=1).fit(X, y)
    assert clf.feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match="The feature names should match"):
        clf.predict(X.rename(columns={"a": "z"}))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        clf.predict(X.to_numpy())
    assert not hasattr(clf.fit(X.to_numpy(), y), "feature_names_in_")
