"""freeze: what stays, to the byte, and what is computed for it."""

from unittest import mock

import numpy as np
import pytest
from fits import assert_same_weights
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from transfer_nets import BODY, NET, X, Y, net

from convnet.augment import CutMix, MixUp, RandomContrast, RandomFlip, RandomRotation
from convnet.callbacks import Checkpoint
from convnet.fitting import prefix_choice, transfer
from convnet.layers import Conv2D, Dense, Dropout, Residual
from convnet.training import frozen_prefix, prediction

FREEZE = ["conv1", "conv*", "batchnorm*", "until:conv2", ["until:batchnorm1", "dense1"], "output"]


@pytest.mark.parametrize("freeze", FREEZE, ids=str)
@pytest.mark.parametrize("augment", [None, [RandomFlip()]], ids=["plain", "augmented"])
def test_frozen_arrays_are_the_same_bytes(base, freeze, augment):
    clf = net(init_weights=FrozenEstimator(base), freeze=freeze, augment=augment, solver="adamw")
    clf.fit(X, Y)
    chosen = transfer.frozen_parameters(freeze, clf._network_cache.network(clf.weights_).plan)
    assert chosen
    for name, array in clf.weights_.items():
        unchanged = array.tobytes() == base.weights_[name].tobytes()
        assert unchanged == (name in chosen), name


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(freeze="conv9"), "freeze: 'conv9' is not a layer. There are: conv1, batchnorm1"),
        (dict(freeze="until:conv9"), "'until:conv9' is not a layer"),
        (dict(freeze="*"), "nothing to train"),
        (dict(freeze=3), "freeze must be"),
        (dict(freeze=[]), "freeze must be"),
        (dict(layer_learning_rates={"nope": 0.1}), "layer_learning_rates: 'nope' is not a layer"),
        (dict(layer_learning_rates={"conv1": 0}), "above 0"),
        (dict(layer_learning_rates=[0.1]), "layer_learning_rates must be"),
    ],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        net(**params).fit(X, Y)


AUGMENT = [RandomFlip(), RandomRotation(20), RandomContrast(0.3)]
CACHED = {
    "plain": dict(freeze="until:batchnorm2"),
    "within": dict(
        layers=[*BODY[:3], Dropout(0.3), *BODY[3:], Dropout(0.5), Dense(9)], freeze="until:conv2"
    ),
    "weights": dict(freeze="until:pool1", class_weight={0: 0, 1: 1, 2: 3}),
    "split": dict(freeze="until:conv2", early_stopping=True),
    "augmented": dict(freeze="until:conv2", augment=AUGMENT, cache_augmented=2),
    "augmented, validated": dict(
        freeze="until:pool1", augment=AUGMENT, cache_augmented=3, early_stopping=True
    ),
    "block": dict(
        layers=[Conv2D(8, 3), Residual([Conv2D(8, 3, padding="same"), Dropout(0.2)]), Dense(5)],
        freeze="until:residual1",
    ),
}


@pytest.mark.parametrize("case", CACHED)
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_kept_outputs_have_no_bearing_on_the_bits(case, n_jobs):
    params = dict(CACHED[case])
    layers = params.pop("layers", NET)
    params |= dict(max_iter=3, n_jobs=n_jobs)
    kept = net(layers, **params).fit(X, Y)
    with mock.patch.object(frozen_prefix, "MAX_CACHED_BYTES", 0):
        again = net(layers, **params).fit(X, Y)
    assert_same_weights(kept, again)
    assert kept.loss_curve_ == again.loss_curve_
    if params.get("early_stopping"):
        assert kept.validation_loss_curve_ == again.validation_loss_curve_


def test_augmented_versions_are_those_of_the_first_epochs():
    """With as many versions as epochs, the fit is one that augments in each epoch, to the rounding of layers."""
    params = dict(freeze="until:pool1", augment=AUGMENT, max_iter=3)
    fresh, cached = net(**params).fit(X, Y), net(**params, cache_augmented=3).fit(X, Y)
    np.testing.assert_allclose(cached.loss_curve_, fresh.loss_curve_, rtol=1e-5)
    once = net(**params, cache_augmented=1).fit(X, Y)
    assert abs(once.loss_curve_[2] - fresh.loss_curve_[2]) > 1e-3
    np.testing.assert_allclose(once.loss_curve_[0], fresh.loss_curve_[0], rtol=1e-5)


def test_each_version_of_an_image_passes_once():
    clf = net(freeze="until:conv2", augment=AUGMENT, cache_augmented=2, max_iter=5)
    assert len(samples_through_the_prefix(clf)) == 2 * len(X)


def test_cache_augmented_without_frozen_layers():
    with pytest.warns(UserWarning, match="cache_augmented has no effect, because freeze"):
        net(freeze="conv2", augment=AUGMENT, cache_augmented=2).fit(X, Y)
    with pytest.warns(UserWarning, match="cache_augmented has no effect, because augment is None"):
        net(freeze="until:conv2", cache_augmented=2).fit(X, Y)


def test_more_versions_than_can_be_cached(monkeypatch):
    monkeypatch.setattr(prefix_choice, "MAX_CACHED_BYTES", 1000)
    with pytest.warns(UserWarning, match="for 2 versions of each image take 0.0 GiB. Only"):
        net(freeze="until:conv2", augment=AUGMENT, cache_augmented=2).fit(X, Y)


@pytest.mark.parametrize("one", [MixUp(), CutMix()], ids=repr)
def test_versions_of_single_images_are_not_mixed(one):
    clf = net(freeze="until:conv2", augment=[RandomFlip(), one], cache_augmented=2)
    with pytest.raises(
        ValueError, match="cache_augmented=2 caches versions of single images, but M"
    ):
        clf.fit(X, Y)
    clf.set_params(cache_augmented=None, max_iter=2).fit(X, Y)


def test_a_validation_set_passes_through_frozen_layers_once():
    """Only the layers behind the prefix run after each epoch, with the scores of the whole net."""
    clf = net(freeze="until:pool1", max_iter=4, n_iter_no_change=np.inf)
    passed = samples_through_the_prefix(clf, X_val=X[:40], y_val=Y[:40])
    assert len(passed) == len(X) + 40
    last = clf.set_params(max_iter=clf.best_iter_).fit(X, Y, X_val=X[:40], y_val=Y[:40])
    assert last.validation_scores_[-1] == last.score(X[:40], Y[:40])


def test_a_prefix_that_ends_before_a_batch_norm_is_no_validation_cache():
    """Prediction folds the batch norm into the convolution, which rounds differently from one behind the prefix."""
    clf = net(freeze="until:conv2", max_iter=2)
    assert len(samples_through_the_prefix(clf, X_val=X[:40], y_val=Y[:40])) == len(X)


def samples_through_the_prefix(clf, **validation):
    """Fit, and return the rows of X that passed through the frozen prefix; -1 for images that are not rows of X."""
    seen = []

    def count(network, X, *, rows=None, layer=None, **options):
        if layer is not None:
            seen.extend([-1] * len(X) if rows is None else rows)
        return prediction.predict_in_batches(network, X, rows=rows, layer=layer, **options)

    with mock.patch.object(frozen_prefix, "predict_in_batches", count):
        clf.fit(X, Y, **validation)
    return seen


def test_a_row_passes_through_the_prefix_once():
    rows = samples_through_the_prefix(net(max_iter=4, freeze="until:conv2"))
    assert sorted(rows) == list(range(90))
    assert not samples_through_the_prefix(net(freeze="until:conv2", augment=[RandomFlip()]))
    assert not samples_through_the_prefix(net([Dropout(0.1), *NET], freeze="until:conv2"))
    assert not samples_through_the_prefix(net(freeze="conv2"))


def test_partial_fit_freezes(base):
    clf = net(init_weights=base.weights_, freeze="until:batchnorm2")
    for _ in range(2):
        clf.partial_fit(X, Y, classes=[0, 1, 2])
    whole = net(init_weights=base.weights_, freeze="until:batchnorm2", shuffle=False)
    again = clone(whole).set_params(max_iter=2).fit(X, Y)
    for _ in range(2):
        whole.partial_fit(X, Y, classes=[0, 1, 2])
    assert_same_weights(whole, again)
    same_names = [k for k in base.weights_ if k.startswith(("conv", "batchnorm"))]
    for name in same_names:
        np.testing.assert_array_equal(clf.weights_[name], base.weights_[name])


def test_a_checkpoint_resumes_to_the_bit_and_knows_its_start(base, tmp_path):
    params = dict(init_weights=FrozenEstimator(base), freeze="until:conv2")
    straight = net(max_iter=4, **params).fit(X, Y)
    path = tmp_path / "state.npz"
    net(max_iter=2, callbacks=[Checkpoint(path)], **params).fit(X, Y)
    resumed = net(max_iter=4, callbacks=[Checkpoint(path, resume=True)], **params).fit(X, Y)
    assert_same_weights(resumed, straight)
    other = params | dict(init_weights={k: v + 1 for k, v in base.weights_.items()})
    with pytest.raises(ValueError, match="init_weights"):
        net(max_iter=4, callbacks=[Checkpoint(path, resume=True)], **other).fit(X, Y)
