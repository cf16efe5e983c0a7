"""init_weights, layer_learning_rates, layers_up_to."""

import pickle
import re
import warnings

import numpy as np
import pytest
from fits import assert_same_weights
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from transfer_nets import BODY, X, Y, net

import convnet
from convnet import ConvNetRegressor, ConvNetTransformer
from convnet.layers import Conv2D, Dense


def test_matching_layers_are_loaded_and_the_others_reported(base):
    layers = [*base.layers_up_to("batchnorm2"), Dense(7, activation="relu", name="mine")]
    arrays = dict(base.weights_)
    for source in (FrozenEstimator(base), base.weights_, arrays):
        clf = net(layers, init_weights=source, freeze="until:batchnorm2").fit(X, Y % 2)
        report = clf.init_report_
        assert report["loaded"] == ["conv1", "batchnorm1", "conv2", "batchnorm2"]
        assert report["missing"] == ["mine", "output"]
        assert report["unexpected"] == ["dense1", "output"]
        for name in report["loaded"]:
            for key in (k for k in base.weights_ if k.startswith(f"{name}/")):
                np.testing.assert_array_equal(clf.weights_[key], base.weights_[key])


def test_it_begins_with_the_weights_and_goes_on_from_there(base):
    """At a vanishing rate the net is the one that was given."""
    clf = net(BODY[:1]).fit(X, Y)
    again = net(BODY[:1], learning_rate_init=1e-30, random_state=1, init_weights=clf.weights_).fit(
        X, Y
    )
    assert_same_weights(again, clf)


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
@pytest.mark.parametrize("frozen", [None, False, True], ids=["net", "unfitted", "frozen"])
def test_a_saved_net_is_a_beginning(base, tmp_path, ending, frozen):
    """By itself, or in a transformer that was given it unfitted or frozen."""
    path, saved = tmp_path / f"base.{ending}", base
    if frozen is not None:
        saved = ConvNetTransformer(FrozenEstimator(base) if frozen else clone(base)).fit(X, Y)
    saved.save(path)
    want = net(init_weights=FrozenEstimator(base)).fit(X, Y)
    for given in (path, str(path)):
        clf = net(init_weights=given).fit(X, Y)
        assert clf.init_report_ == want.init_report_
        assert_same_weights(clf, want)


def test_warm_start_goes_on_from_the_fit_before(base):
    clf = net(init_weights=base.weights_, warm_start=True, freeze="*conv*")
    clf.fit(X, Y)
    report, dense = clf.init_report_, clf.weights_["dense1/weights"].copy()
    clf.fit(X, Y)
    assert clf.init_report_ is report and clf.n_iter_ == 4
    assert not np.array_equal(clf.weights_["dense1/weights"], dense)
    for key in ("conv1/weights", "conv2/bias"):
        np.testing.assert_array_equal(clf.weights_[key], base.weights_[key])


STARTS = {
    "net": FrozenEstimator,
    "weights": lambda base: base.weights_,
    "dict": lambda base: dict(base.weights_),
}


@pytest.mark.parametrize("start", STARTS)
def test_a_file_does_not_hold_the_weights_it_began_with(base, tmp_path, start):
    clf = net(init_weights=STARTS[start](base), freeze="conv1", max_iter=1).fit(X, Y)
    with pytest.warns(UserWarning, match="not plain data are not saved: init_weights"):
        clf.save(tmp_path / "model.npz")
    again = convnet.load(tmp_path / "model.npz")
    assert again.init_weights is None
    assert again.init_report_ == clf.init_report_ and again.freeze == "conv1"
    assert_same_weights(again, clf)
    path = str(tmp_path / "base.npz")
    base.save(path)
    clf.set_params(init_weights=path).save(tmp_path / "model.npz")
    assert convnet.load(tmp_path / "model.npz").init_weights == path


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (lambda base: base, "FrozenEstimator"),
        (lambda base: clone(base), "FrozenEstimator"),
        (lambda base: FrozenEstimator(clone(base)), "FrozenEstimator.*not a fitted net"),
        (lambda base: 3, "FrozenEstimator"),
        (lambda base: {"stem/weights": np.ones((3, 3, 1, 8))}, "match no layer.*stem.*conv1"),
        (
            lambda base: {"conv1/weights": np.ones((5, 5, 1, 8)), "conv1/bias": np.ones(8)},
            "match no layer",
        ),
        (lambda base: {"conv1/weights": base.weights_["conv1/weights"]}, "match no layer"),
        (
            lambda base: dict(base.weights_) | {"conv1/bias": np.full(8, np.nan)},
            "conv1/bias.*not finite",
        ),
        (lambda base: {1: np.ones(3)}, "names such as"),
        (
            lambda base: FrozenEstimator(make_pipeline(FunctionTransformer(), base)),
            "FrozenEstimator of Pipeline, which is not a fitted net",
        ),
        (
            lambda base: dict(base.weights_) | {"batchnorm1/moving_variance": -np.ones(8)},
            "init_weights: batchnorm1/moving_variance has values below 0",
        ),
        (
            lambda base: dict(base.weights_) | {"conv1/bias": np.full(8, 1e300)},
            "init_weights: conv1/bias has values that are not finite",
        ),
        *(
            (
                lambda base, bad=bad: dict(base.weights_) | {"conv1/bias": bad},
                r"init_weights\['conv1/bias'\] must be an array of real numbers",
            )
            for bad in (np.full(8, 1j), list("abcdefgh"), [[1], [1, 2]], np.full(8, None))
        ),
    ],
)
def test_weights_that_cannot_be_used_are_refused(base, source, message):
    with pytest.raises((TypeError, ValueError), match=message):
        net(init_weights=source(base)).fit(X, Y)


def test_a_file_of_weights_that_is_not_there(tmp_path):
    message = r"ConvNetClassifier: init_weights: There is no file '.*none.npz'. .* save"
    with pytest.raises(FileNotFoundError, match=message):
        net(init_weights=tmp_path / "none.npz").fit(X, Y)


def test_a_transformers_net_is_a_beginning(base, tmp_path):
    whole = ConvNetTransformer(FrozenEstimator(base), "dense1").fit(X)
    whole.save(tmp_path / "whole.npz")
    want = net(init_weights=FrozenEstimator(base)).fit(X, Y)
    for source in (FrozenEstimator(whole), tmp_path / "whole.npz"):
        assert_same_weights(net(init_weights=source).fit(X, Y), want)


def test_frozen_layers_that_were_not_loaded_are_warned_of(base):
    layers = [Conv2D(9, 3), *BODY[1:]]
    with pytest.warns(
        UserWarning, match=r"freeze keeps the random weights of conv1, batchnorm1, conv2"
    ):
        net(layers, init_weights=FrozenEstimator(base), freeze="until:batchnorm2").fit(X, Y)
    with pytest.warns(UserWarning, match=r"freeze keeps the random weights of conv1"):
        net(layers, init_weights=base.weights_, freeze="conv1").partial_fit(X, Y, classes=[0, 1, 2])
    net(layers, init_weights=base.weights_, freeze="batchnorm2").fit(X, Y)
    net(layers, freeze="conv1").fit(X, Y)  # random features, which one may want


@pytest.mark.parametrize(
    ("images", "params", "message"),
    [
        (X.astype(float), {}, "Fitted on uint8 images .* but got float64 with max 255"),
        (X.astype(np.uint16), {}, "Fitted on uint8 images .* but got uint16 with max 255"),
        (X / 255, {}, None),
        (X.astype(np.uint16) * 257, {}, None),
        (X.astype(float), {"rescale": 1 / 255}, None),
    ],
)
def test_other_units_are_warned_of(base, tmp_path, images, params, message):
    path = tmp_path / "base.npz"
    base.save(path)
    for source in (FrozenEstimator(base), path):
        clf = net(init_weights=source, max_iter=1, **params)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.filterwarnings(
                "ignore", ".*Only uint8 and uint16 are divided by their maximum"
            )
            clf.fit(images, Y)
        assert len(caught) == (message is not None)
        assert message is None or re.search(message, str(caught[0].message))


def test_the_other_nets_own_scale_is_told(base):
    own = net(rescale=2).fit(X, Y)
    with pytest.warns(UserWarning, match="It would multiply X by 2; here it is 0.00392157"):
        net(init_weights=FrozenEstimator(own)).fit(X, Y)


def test_scikit_learn_can_copy_it(base):
    params = dict(
        init_weights=FrozenEstimator(base),
        freeze=["until:conv2"],
        layer_learning_rates={"dense*": 0.5},
    )
    clf = net(**params)
    want = clone(clf).fit(X, Y)
    assert_same_weights(clone(clf).fit(X, Y), want)
    assert_same_weights(pickle.loads(pickle.dumps(clf)).fit(X, Y), want)
    again = pickle.loads(pickle.dumps(want))
    assert again.init_report_ == want.init_report_
    assert_same_weights(make_pipeline(FunctionTransformer(), clf).fit(X, Y)[-1], want)
    grid = GridSearchCV(
        clf, {"freeze": [None, "conv*"], "init_weights": [base.weights_, None]}, cv=2
    )
    assert np.isfinite(grid.fit(X, Y).cv_results_["mean_test_score"]).all()


def test_rates_of_layers():
    """A factor for all is another rate; a smaller one for some is a shorter way for those."""
    options = dict(solver="sgd", momentum=0.0, alpha=0.0, max_iter=1)
    want = net(learning_rate_init=0.002, **options).fit(X, Y)
    got = net(learning_rate_init=0.02, layer_learning_rates={"*": 0.1}, **options).fit(X, Y)
    for name, array in want.weights_.items():
        np.testing.assert_allclose(got.weights_[name], array, rtol=1e-5, atol=1e-7)
    last = net(
        learning_rate_init=0.02, layer_learning_rates={"*": 7, "conv*": 5, "?*": 0.1}, **options
    )
    assert_same_weights(last.fit(X, Y), got)


def test_layers_up_to(base):
    layers = base.layers_up_to("pool1")
    assert [layer.name for layer in layers] == ["conv1", "batchnorm1", "activation1", "pool1"]
    assert [layer.name for layer in base.layers_up_to("flatten")][-1] == "batchnorm2"
    with pytest.raises(
        ValueError, match=r"'convx' is not the name of a layer. The layers are conv1.*dense1"
    ):
        base.layers_up_to("convx")
    with pytest.raises(ValueError, match="not fitted"):
        net().layers_up_to("conv1")


def test_a_regressor_begins_with_a_classifiers_body(base):
    reg = ConvNetRegressor(
        base.layers_up_to("flatten"),
        init_weights=FrozenEstimator(base),
        freeze="until:batchnorm2",
        max_iter=1,
    ).fit(X, Y.astype(float))
    assert reg.init_report_["loaded"] == ["conv1", "batchnorm1", "conv2", "batchnorm2"]


def test_the_report_is_shown(base, capsys):
    net(init_weights=base.weights_, verbose=True, max_iter=1).fit(X, Y)
    assert "init_weights: loaded: conv1, batchnorm1" in capsys.readouterr().out


@pytest.mark.parametrize("factor", [1e-3, 1, 1e3])
def test_a_regressor_learns_targets_in_other_units_from_old_weights(factor):
    """The output layer is loaded in standardized units, so it starts near the new targets."""
    y = X.mean(axis=(1, 2, 3)) * 7 + 100
    old = ConvNetRegressor(BODY, max_iter=20, random_state=0).fit(X, y)
    new = ConvNetRegressor(BODY, max_iter=1, init_weights=FrozenEstimator(old), random_state=0)
    assert new.fit(X, factor * (y + 50)).score(X, factor * (y + 50)) > 0.5
