"""Rescale, Normalize and Resize in estimators: raw images in, statistics of the training rows alone."""

import pickle

import numpy as np
import oracle
import pytest
from fits import assert_same_weights
from fitted_nets import assert_same
from preprocessing_nets import (
    BODY,
    RAW,
    SHAPE,
    assert_statistics,
    images,
    net,
)
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import convnet
from convnet import ConvNetRegressor, ConvNetTransformer
from convnet.augment import Cutout, RandomCrop, RandomFlip
from convnet.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Normalize,
    Rescale,
    Residual,
    Resize,
)


# Files, pipelines, searches -------------------------------------------------------------------------------
@pytest.mark.parametrize("ending", ["npz", "safetensors", "pickle"])
def test_files(tmp_path, ending):
    if ending == "safetensors":
        pytest.importorskip("safetensors")
    X, y = images()
    clf = net().fit(X, y)
    if ending == "pickle":
        same = pickle.loads(pickle.dumps(clf))
    else:
        clf.save(tmp_path / f"net.{ending}")
        same = convnet.load(tmp_path / f"net.{ending}")
    assert_same(same, clf, X)
    assert same._input_format.as_is
    np.testing.assert_array_equal(same.predict_proba(X[:3] * 1.0), clf.predict_proba(X[:3]))


def test_pipeline_and_search():
    X, y = images()
    wide = FunctionTransformer(
        lambda X: np.concatenate([X, X[:, ::-1]], axis=1), check_inverse=False
    )
    pipe = make_pipeline(wide, net(max_iter=1))
    grid = {"convnetclassifier__layers__0__size": [6, (9, 7)]}
    grid["convnetclassifier__layers__normalize1__epsilon"] = [1e-7, 1e-3]
    search = GridSearchCV(pipe, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_estimator_[-1].layers_[0].output_shape[:2] in ((6, 6), (9, 7))
    assert search.predict(X).shape == y.shape


def test_other_estimators():
    X, y = images()
    reg = ConvNetRegressor(RAW, max_iter=2, random_state=0).fit(X, y * 1.0)
    assert_statistics(reg, oracle.resize(X, (8, 8), ("area", "area")) / 255)
    features = ConvNetTransformer(net(), "pool1").fit_transform(X, y)
    assert features.shape == (len(X), 3 * 3 * 4)


def test_learning_rates_are_looked_for_behind_it():
    X, y = images(64)
    search = convnet.find_learning_rate(net([Normalize(), *BODY]), X, y, steps=20)
    assert np.isfinite(search.losses).all()


def test_explanations_have_the_size_of_the_image():
    X, y = images()
    clf = net().fit(X, y)
    for method in ("gradcam", "saliency"):
        maps = clf.explain(X[:2], method=method)
        assert maps.shape == (2, *SHAPE[:2]) and np.isfinite(maps).all() and maps.any()


def test_summary():
    clf = net()
    table = str(clf.summary(images()[0]))
    assert "normalize1" in table and "resize1" in table and "8×8×3" in table


# Units of X -----------------------------------------------------------------------------------------------
def test_auto_leaves_x_to_the_layer():
    """Divided once: uint8, the same as floats, and floats of 0 to 1 without the layer are one net."""
    X, y = images()
    by_layer = net([Rescale(), *BODY]).fit(X, y)
    assert by_layer._input_format.scale == 1 and by_layer._input_format.as_is
    as_floats = net([Rescale(), *BODY]).fit(X.astype(np.float64), y)
    by_auto = net(BODY).fit(X, y)
    for clf in (as_floats, by_auto):
        assert_same_weights(clf, by_layer)
    p = by_layer.predict_proba(X)
    np.testing.assert_array_equal(by_layer.predict_proba(X.astype(np.float32)), p)
    np.testing.assert_array_equal(by_layer.predict_proba(X.astype(np.uint16)), p)
    np.testing.assert_array_equal(as_floats.predict_proba(X), p)
    nested = net([Residual([Rescale(), Conv2D(3, 3, padding="same")]), *BODY]).fit(X, y)
    assert nested._input_format.scale == 1


def test_a_number_multiplies_all_the_same():
    X, y = images()
    clf = net([Rescale(2.0), *BODY], rescale=0.5).fit(X, y)
    np.testing.assert_array_equal(clf.feature_maps(X, "rescale1"), X)


@pytest.mark.parametrize(
    ("fitted", "other", "message"),
    [
        (
            np.uint8,
            lambda X: X * 257.0,
            "uint8 with max 255, which a Rescale layer takes unscaled,",
        ),
        (np.uint8, lambda X: X.astype(np.uint16) * 257, "but got uint16 with max 65535"),
        (np.float32, lambda X: (X * 255).astype(np.uint8), "float32 with max 1, which a Rescale"),
        (np.uint8, lambda X: X / 255, "but got float64 with max 1."),
        (np.uint16, lambda X: X / np.float32(255), "but got float32 with max 1."),
        (np.uint8, lambda X: X * 1.2, None),
        (np.uint8, lambda X: X * 0.0, None),
        (np.float64, lambda X: X.astype(np.uint8), None),
        (np.uint16, lambda X: X * 1.0, None),
    ],
)
def test_values_of_other_units_are_refused(fitted, other, message):
    X, y = images()
    X[0, 0, 0] = 255
    X = X / np.float32(255) if fitted is np.float32 else X.astype(fitted)
    clf = net([Rescale(), *BODY]).fit(X, y)
    if message is None:
        assert clf.predict(other(X)).shape == y.shape
        return
    with pytest.raises(ValueError) as caught:
        clf.predict(other(X))
    assert message in str(caught.value)


def test_pickles_from_before_take_x_as_they_did():
    X, y = images()
    clf = net(BODY).fit(X, y)
    state = dict(vars(clf._input_format))
    del state["as_is"]
    old = object.__new__(type(clf._input_format))
    vars(old).update(state)
    clf._input_format = old
    assert clf.predict(X / 255).shape == y.shape
    with pytest.raises(ValueError, match="Fitted on uint8 images"):
        clf.predict(X * 1.0)


# Augmentation ---------------------------------------------------------------------------------------------
def test_augmentation_comes_first():
    X, y = images()
    clf = net(augment=[RandomFlip(), RandomCrop(2), Cutout(9)]).fit(X, y)
    assert clf.preview_augment(X[:2], n=3).shape == (2, 3, *SHAPE)  # 9 pixels of X, not of 8
    assert_statistics(clf, oracle.resize(X, (8, 8), ("area", "area")) / 255)
    still = net().fit(X, y)
    assert clf.loss_ != still.loss_


def test_augmentation_that_changes_nothing_trains_alike():
    """The same layers behind another entry of X: bits that do not depend on which."""
    X, y = images()
    for layers in (RAW, [Rescale(), *BODY], [Normalize(), *BODY]):
        plain, moved = net(layers).fit(X, y), net(layers, augment=[RandomCrop(0)]).fit(X, y)
        assert_same_weights(moved, plain)


# What is refused ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            [Conv2D(4, 3), Normalize()],
            "'conv1' before it is trained. Use BatchNorm, or put it before",
        ),
        ([BatchNorm(), Normalize()], "'batchnorm1' before it is trained"),
        ([Residual([Conv2D(3, 1)]), Normalize()], "'residual1/conv1' before it is trained"),
        ([Dropout(0.5), Normalize()], "'dropout1' before it drops values at random"),
    ],
)
def test_layers_that_stand_before_normalize(layers, message):
    X, y = images()
    clf = net(layers)
    for call in (lambda: clf.fit(X, y), lambda: clf.summary(X)):
        with pytest.raises(ValueError) as caught:
            call()
        assert message in str(caught.value) and "'normalize1'" in str(caught.value)


def test_shapes_that_are_refused():
    X, y = images()
    text = (
        r"layers\[1\] 'resize1': it needs a \(height, width, channels\) map but its input is flat"
    )
    with pytest.raises(ValueError, match=text):
        net([Dense(4), Resize(3)]).fit(X, y)
    with pytest.raises(ValueError, match=r"462 features but layers\[0\] is Resize"):
        net().fit(X.reshape(len(X), -1), y)
    with pytest.raises(ValueError, match="scale must not be 0"):
        Rescale(0)
    huge = net([Resize(2**15), *BODY])
    with pytest.raises(
        ValueError, match=r"'resize1': its output .* would have 3,221,225,472 values"
    ):
        huge.fit(X, y)
    assert clone(huge).layers == huge.layers
