"""Explanations: forms and dtypes of X, cells of the confusion matrix, and invalid input."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from explained_nets import explained
from sklearn.exceptions import NotFittedError

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.inspection.explain import METHODS, base
from convnet.layers import Conv2D, Dense


# the spellings of X ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", METHODS)
def test_channels_first_and_flat_images(method):
    """The same holds for the baseline."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (30, 8, 7, 2), dtype=np.uint8)
    first, y = np.moveaxis(X, -1, 1), np.arange(30) % 3
    params = dict(layers=[Conv2D(3, 3, activation="tanh")], max_iter=2, random_state=0)
    net = ConvNetClassifier(**params).fit(X, y)
    other = ConvNetClassifier(data_format="channels_first", **params).fit(first, y)
    maps = net.explain(X, method)
    np.testing.assert_array_equal(other.explain(first, method), maps)
    np.testing.assert_array_equal(other.explain(first.reshape(30, -1), method), maps)
    np.testing.assert_array_equal(net.explain(X.reshape(30, -1), method), maps)
    if method == "integrated_gradients":
        maps = net.explain(X, method, baseline=X[4])
        for baseline in (X[4], X[4].ravel(), np.repeat(X[4:5], 30, axis=0)):
            np.testing.assert_array_equal(net.explain(X, method, baseline=baseline), maps)
        for baseline in (first[4], first[4].ravel()):
            np.testing.assert_array_equal(other.explain(first, method, baseline=baseline), maps)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float16, np.float64, bool])
def test_dtypes(method, dtype):
    """Only the unit of the saliency depends on the dtype."""
    X = np.random.default_rng(0).integers(0, 2, (20, 6, 6)).astype(dtype)
    net = ConvNetClassifier([Conv2D(3, 3, activation="tanh")], max_iter=2, random_state=0)
    net.fit(X, np.arange(20) % 2)
    options = dict(value=0.5) if method == "occlusion" else {}
    maps = net.explain(X, method, **options)
    plain = net.set_params(rescale=None)  # the same net, told that it was fitted on float32
    plain._input_format = replace(net._input_format, rescale=None, dtype="float32")
    np.testing.assert_allclose(
        plain.explain(X.astype(np.float32), method, **options), maps, atol=1e-6
    )


# each cell of the confusion matrix -------------------------------------------------------------------------
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["multiclass", "binary", "signal"])
def test_the_mean_of_each_cell(method, kind, monkeypatch):
    case = explained(kind)
    y = np.resize(case.names[:-1], 30)[::-1]  # none of the last class
    predicted = case.net.predict(case.X)
    maps = case.net.explain(case.X, method)
    for parts in (False, True):
        if parts:
            monkeypatch.setattr(base, "MAX_MAP_BYTES", 1)
        found = case.net.explain_confusion(case.X, y, method)
        assert found.classes.tolist() == case.names and found.maps.dtype == np.float32
        for (i, true), (j, said) in product(enumerate(case.names), enumerate(case.names)):
            cell = (y == true) & (predicted == said)
            assert found.counts[i, j] == cell.sum()
            want = maps[cell].mean(0) if cell.any() else np.full(case.size, np.nan)
            np.testing.assert_allclose(found.maps[i, j], want, rtol=1e-5, atol=1e-7)
    assert found.counts.sum() == 30 and (found.counts[-1] == 0).all()


@pytest.mark.filterwarnings("ignore:integrated_gradients")
def test_options_of_the_confusion():
    case = explained("multiclass")
    found = case.net.explain_confusion(case.X, np.resize(case.names, 30), layer="conv1")
    maps = case.net.explain(case.X, layer="conv1")
    total = np.nansum(found.maps * found.counts[..., None, None], axis=(0, 1))
    np.testing.assert_allclose(total, maps.sum(0), rtol=1e-5)
    start = case.net.explain_confusion(
        case.X, np.resize(case.names, 30), "integrated_gradients", baseline=case.X[::-1]
    )
    maps = case.net.explain(case.X, "integrated_gradients", baseline=case.X[::-1])
    total = np.nansum(start.maps * start.counts[..., None, None], axis=(0, 1))
    np.testing.assert_allclose(total, maps.sum(0), rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:integrated_gradients")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["multiclass", "binary", "signal"])
def test_an_example_of_each_cell(method, kind):
    case = explained(kind)
    y = np.resize(case.names[:-1], 30)[::-1]
    predicted, log_p = case.net.predict(case.X), case.net.predict_log_proba(case.X).max(axis=1)
    options = dict(baseline=case.X[::-1]) if method == "integrated_gradients" else {}
    maps = case.net.explain(case.X, method, **options)
    found = case.net.explain_confusion(case.X, y, method, cells="example", **options)
    means = case.net.explain_confusion(case.X, y, method, **options)
    np.testing.assert_array_equal(found.rows, means.rows)
    np.testing.assert_array_equal(found.counts, means.counts)
    several = 0
    for (i, true), (j, said) in product(enumerate(case.names), enumerate(case.names)):
        rows = np.flatnonzero((y == true) & (predicted == said))
        several += len(rows) > 1
        if not len(rows):
            assert found.rows[i, j] == -1 and np.isnan(found.maps[i, j]).all()
            continue
        assert found.rows[i, j] == rows[log_p[rows].argmax()]
        np.testing.assert_array_equal(found.maps[i, j], maps[found.rows[i, j]])
    assert several


def test_of_equal_examples_the_first():
    case = explained("multiclass")
    X = np.concatenate([case.X, case.X])
    y = np.resize(case.names, 60)
    y[30:] = y[:30]
    rows = case.net.explain_confusion(X, y, "saliency", cells="example").rows
    assert rows.max() < 30


def test_invalid_arguments_of_the_confusion():
    case = explained("multiclass")
    y = np.resize(case.names, 30)
    with pytest.raises(ValueError, match="y 9 is unknown; expected one of 0, 1, 2"):
        case.net.explain_confusion(case.X, np.where(y == 1, 9, y))
    with pytest.raises(ValueError, match=r"y has shape \(29,\), but X has 30 rows"):
        case.net.explain_confusion(case.X, y[:29])
    with pytest.raises(ValueError, match=r"cells must be .*; got 'auto'"):
        case.net.explain_confusion(case.X, y, cells="auto")
    with pytest.raises(ValueError, match="target is not a parameter of any method"):
        case.net.explain_confusion(case.X, y, target=1)
    with pytest.raises(ValueError, match="patch is a parameter of occlusion; gradcam takes layer"):
        case.net.explain_confusion(case.X, y, patch=3)
    several = explained("multilabel")
    with pytest.raises(ValueError, match="needs one label per row"):
        several.net.explain_confusion(several.X, y)
    assert not hasattr(explained("regressor").net, "explain_confusion")


# bad input ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(method="grad_cam"), "got 'grad_cam'. Did you mean 'gradcam'"),
        (dict(layer="conv2"), "no layer is called 'conv2'; the layers that return maps are conv1, pool1"),
        (dict(layer="dense1"), "'dense1' returns flat data; the layers that return maps are conv1, pool1"),
        (dict(target=3), "target 3 is unknown; expected one of 0, 1, 2"),
        (dict(target=[0, 1]), r"target has shape \(2,\), but X has 4 rows"),
        (dict(target=[0, 1, 7, 0]), "target 7 is unknown; expected one of 0, 1, 2"),
        (dict(method="saliency", layer="conv1"), "layer is a parameter of gradcam; saliency takes none"),
        (dict(steps=3), "steps is a parameter of integrated_gradients; gradcam takes layer"),
        (dict(method="integrated_gradients", patch=3), "patch is a parameter of occlusion; integrated"),
        (dict(method="integrated_gradients", steps=0), "steps must be an integer, 1 or more; got 0"),
        (dict(method="integrated_gradients", baseline=np.zeros(3)), r"8, 7, 2\), or 4 images.* shape \(3,\)"),
        (dict(method="integrated_gradients", baseline=np.nan), "baseline must be finite"),
        (dict(method="occlusion", patch=(9, 2)), "patch 9×2 is larger than the image, 8×7"),
        (dict(method="occlusion", patch=2, stride=3), "stride 3×3 is larger than the patch, 2×2"),
        (dict(method="occlusion", patch=(1, 2, 3)), "patch must be None or an integer, 1 or more, or a pair of them"),
        (dict(method="occlusion", patch=2.0), "1 or more, or a pair of them; got 2.0"),
        (dict(method="occlusion", value=[1, 2, 3]), "or one for each of the 2 channels"),
    ],
)  # fmt: skip
def test_invalid_arguments_are_named(arguments, message):
    case = explained("multiclass")
    with pytest.raises((TypeError, ValueError), match=message):
        case.net.explain(case.X[:4], **arguments)


def test_nets_and_images_that_cannot_be_explained():
    case = explained("flat")
    with pytest.raises(
        ValueError, match="gradcam needs a layer that returns maps, but this net has"
    ):
        case.net.explain(case.X)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        ConvNetClassifier().explain(case.X)
    with pytest.raises(ValueError, match=r"shape \(n, 8, 8, 2\); expected \(n, 8, 7, 2\)"):
        explained("multiclass").net.explain(np.zeros((2, 8, 8, 2)))
    net = ConvNetRegressor([Dense(2)], max_iter=1).fit(case.X, np.ones((30, 3)))
    with pytest.raises(ValueError, match="which of the 3 outputs to explain, from 0 to 2"):
        net.explain(case.X, "saliency")
    assert net.explain(case.X, "saliency", 2).shape == case.X.shape
