"""The range of values that a net was fitted on decides how X is scaled."""

import numpy as np
import pytest
from refused_inputs import CONV

from convnet import ConvNetClassifier
from convnet.inputs import scaling


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


@pytest.mark.filterwarnings("ignore:.*Only uint8 and uint16 are divided by their maximum")
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


def test_memmap_is_not_copied(tmp_path, monkeypatch, digits):
    X, y = digits
    file = np.memmap(tmp_path / "X.raw", dtype=np.float32, mode="w+", shape=X.shape)
    file[:] = X / np.float32(255)
    file.flush()
    mapped = np.memmap(tmp_path / "X.raw", dtype=np.float32, mode="r", shape=X.shape)
    seen = []
    real = scaling.largest_value
    monkeypatch.setattr(
        scaling, "largest_value", lambda images, kind: seen.append(images) or real(images, kind)
    )
    clf = ConvNetClassifier(CONV, max_iter=1, random_state=0).fit(mapped, y)
    clf.predict(mapped)
    clf.set_params(data_format="channels_first").fit(np.moveaxis(mapped, -1, 1), y)
    assert len(seen) == 3 and all(np.shares_memory(images, mapped) for images in seen)
