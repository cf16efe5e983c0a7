"""save and load: what is loaded, and what cannot be saved."""

import re
import sys

import numpy as np
import pandas as pd
import pytest
from fitted_nets import (
    FITTED as COMPARED,
    assert_same,
    classifier,
    images,
    multilabel,
    regressor,
    transformer,
)
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator

import convnet
from convnet import ConvNetClassifier, ConvNetTransformer
from convnet._extras import install_command
from convnet.augment import RandomFlip, RandomTranslation
from convnet.callbacks import Callback
from convnet.fitted.attributes import ATTRIBUTES
from convnet.layers import Conv2D, Dense, Dropout, Residual, to_json
from convnet.schedules import Cosine, OneCycle, Step, Warmup

ENDINGS = "npz", "safetensors"
LABELS = {
    "text": np.array(["cat", "dog", "Ålesund 🐟"]),
    "wide text": np.array(["a", "b"], dtype="U40"),
    "objects": np.array(["cat", "dog", "eel"], dtype=object),
    "booleans": np.array([False, True]),
    "int8": np.array([-3, 0, 100], dtype=np.int8),
    "int64": np.array([-(2**62) - 1, 3, 2**62 + 1]),
    "uint64": np.array([1, 2**63 + 1], dtype=np.uint64),
    "float32": np.array([0.0, 1.0, 3.0], dtype=np.float32),
    "float64": np.array([-1.0, 2.0**60]),
}


def again(estimator, tmp_path, ending="npz"):
    path = tmp_path / f"model.{ending}"
    estimator.save(path)
    return convnet.load(path)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", [classifier, multilabel, regressor])
def test_round_trip(tmp_path, kind, ending):
    net, X = kind()
    found = again(net, tmp_path, ending)
    assert_same(found, net, X)
    assert found.get_params(deep=False) == net.get_params(deep=False)
    assert str(found.summary()) == str(net.summary())


@pytest.mark.parametrize("ending", ENDINGS)
def test_several_outputs(tmp_path, ending):
    net, X = regressor(3, loss="huber")
    found = again(net, tmp_path, ending)
    assert_same(found, net, X)
    assert found.loss == "huber"


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", LABELS)
def test_labels_of_any_kind(tmp_path, name, ending):
    net, X = classifier(LABELS[name])
    found = again(net, tmp_path, ending)
    assert_same(found, net, X)
    assert set(map(type, found.classes_)) == set(map(type, net.classes_))


@pytest.mark.parametrize("frozen", [False, True])
def test_transformer(tmp_path, frozen):
    whole, X = transformer()
    if frozen:
        whole = ConvNetTransformer(FrozenEstimator(whole.estimator_), "dense1").fit(X)
    found = again(whole, tmp_path, "safetensors")
    np.testing.assert_array_equal(found.transform(X), whole.transform(X))
    np.testing.assert_array_equal(found.get_feature_names_out(), whole.get_feature_names_out())
    assert found.layer == whole.layer and found.n_features_in_ == whole.n_features_in_
    assert isinstance(found.estimator, FrozenEstimator) == frozen
    assert hasattr(found.estimator, "weights_") == frozen
    y = np.resize([0, 1, 2], len(X))
    np.testing.assert_array_equal(
        clone(found).fit(X, y).transform(X), clone(whole).fit(X, y).transform(X)
    )


def test_parameters(tmp_path):
    inner = [Conv2D(2, 3, padding="same"), Dropout(0.5)]
    layers = [Residual(inner, activation="relu"), Dense(5, name="last")]
    params = {
        "augment": [RandomFlip(), RandomTranslation((0.1, 0.2), fill_mode="wrap")],
        "learning_rate": Warmup(1, Cosine(final=0.1)),
        "class_weight": {0: 1.0, 1: np.float64(2.5), 2: 1},
        "n_iter_no_change": np.inf,
        "input_shape": (8, 6, 2),
        "early_stopping": True,
        "validation_fraction": 0.3,
        "solver": "rmsprop",
        "batch_size": np.int64(7),
        "rescale": np.float32(0.1),
        "clip_norm": 1 / 3,
        "max_iter": 3,
    }
    net, X = classifier(layers=layers, **params)
    found = again(net, tmp_path)
    assert_same(found, net, X)
    assert found.get_params(deep=False) == net.get_params(deep=False)
    assert {type(key) for key in found.class_weight} == {int}
    y = np.resize([0, 1, 2], len(X))
    np.testing.assert_array_equal(
        found.fit(X, y).predict_proba(X), clone(net).fit(X, y).predict_proba(X)
    )


@pytest.mark.parametrize("rate", ["step", Step(3, 0.5), OneCycle(div_factor=5), Warmup(1)])
def test_learning_rates(tmp_path, rate):
    net, _ = classifier(learning_rate=rate)
    assert again(net, tmp_path).learning_rate == rate


def test_layers_in_a_file_are_saved_as_layers(tmp_path):
    layers = [Conv2D(2, 3), Dense(5)]
    path = tmp_path / "net.json"
    path.write_text(to_json(layers))
    net, X = classifier(layers=str(path))
    net.save(tmp_path / "model.npz")
    path.unlink()
    found = convnet.load(tmp_path / "model.npz")
    assert_same(found, net, X)
    assert found.layers == layers


def test_other_layers_set_after_fit(tmp_path):
    net, X = classifier(layers=[Dense(4)])
    net.set_params(layers=[Dense(9)])
    found = again(net, tmp_path)
    assert_same(found, net, X)
    assert found.layers == [Dense(9)]


def test_parameters_that_are_not_plain_data_are_not_saved(tmp_path):
    net, X = classifier(
        random_state=np.random.RandomState(0),
        callbacks=[Callback()],
        learning_rate=lambda epoch: 0.1,
    )
    with pytest.warns(
        UserWarning, match="not saved: callbacks, learning_rate, random_state. The loaded"
    ) as w:
        net.save(tmp_path / "model.npz")
    assert w[0].filename == __file__
    found = convnet.load(tmp_path / "model.npz")
    assert_same(found, net, X)
    assert found.random_state is found.callbacks is None and found.learning_rate == "auto"


def test_init_weights_are_not_saved_unless_they_are_a_path(tmp_path):
    """Arrays and nets may be larger than the rest of the file."""
    base, X = classifier(layers=[Dense(40)])
    y = np.resize([0, 1, 2], len(X))
    base.save(tmp_path / "base.npz")
    size = (tmp_path / "base.npz").stat().st_size
    params = {"max_iter": 1, "random_state": 0, "freeze": "dense1"}
    for start in (dict(base.weights_), base.weights_, FrozenEstimator(base)):
        net = ConvNetClassifier([Dense(40)], init_weights=start, **params).fit(X, y)
        with pytest.warns(UserWarning, match="not saved: init_weights"):
            found = again(net, tmp_path)
        assert_same(found, net, X)
        assert found.init_weights is None and found.freeze == "dense1"
        assert (tmp_path / "model.npz").stat().st_size < size + 400
    net = net.set_params(init_weights=tmp_path / "base.npz").fit(X, y)
    found = again(net, tmp_path)
    np.testing.assert_array_equal(clone(found).fit(X, y).predict_proba(X), net.predict_proba(X))


@pytest.mark.parametrize("ending", ENDINGS)
def test_resume_from_a_file(tmp_path, ending):
    net, X = classifier(early_stopping=True, warm_start=True)
    y = np.resize([0, 1, 2], len(X))
    found = again(net, tmp_path, ending)
    found.fit(X, y), net.fit(X, y)
    np.testing.assert_array_equal(found.predict_proba(X), net.predict_proba(X))
    assert found.validation_scores_ == net.validation_scores_
    found.set_params(early_stopping=False).partial_fit(X, y)
    assert found.n_iter_ == 5
    assert_same(again(found, tmp_path, ending), found, X)  # its history has NaN now


def test_a_file_of_one_format_as_the_other(tmp_path):
    net, X = classifier()
    other = again(again(net, tmp_path, "npz"), tmp_path, "safetensors")
    assert_same(other, net, X)


def test_names_of_columns(tmp_path):
    X = images().reshape(24, -1)
    frame = pd.DataFrame(X, columns=[f"pixel {i}" for i in range(X.shape[1])])
    net, _ = classifier(X=frame)
    found = again(net, tmp_path)
    assert_same(found, net, frame)
    with pytest.warns(UserWarning, match="feature names"):
        found.predict(X)


def test_the_input_format_is_saved(tmp_path):
    net, X = classifier()
    found = again(net, tmp_path)
    with pytest.raises(ValueError, match=r"Fitted on uint8 images \(÷255\) but got float64"):
        found.predict(X.astype(float))


def test_the_table_of_fitted_attributes_is_that_of_fits():
    """Each row is an attribute that some fit sets, and is compared after loading by the other tests.

    Tests of folders compare image_form_, and tests of the command line _seen_images.
    """
    nets = [classifier(early_stopping=True)[0], multilabel()[0], regressor(2)[0]]
    frame = pd.DataFrame(images().reshape(24, -1)).add_prefix("pixel ")
    nets += [classifier(X=frame)[0].partial_fit(frame, np.resize([0, 1, 2], 24))]
    found = {name for net in nets for name in vars(net).keys() - net.get_params().keys()}
    assert found == {a.name for a in ATTRIBUTES} - {
        "image_form_",
        "_folder_classes",
        "_seen_images",
    }
    assert {*COMPARED, "weights_", "_network_cache"} == found | {"image_form_"}


def test_size(tmp_path):
    net, _ = classifier(layers=[Dense(600), Dense(600)])
    for ending in ENDINGS:
        path = tmp_path / f"m.{ending}"
        net.save(path)
        weights = sum(array.nbytes for array in net.weights_.values())
        assert path.stat().st_size <= weights + 10_000


def test_without_safetensors(tmp_path, monkeypatch):
    net, _ = classifier()
    net.save(tmp_path / "m.safetensors")
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    again(net, tmp_path, "npz")
    for call in (net.save, convnet.load):
        with pytest.raises(ImportError, match=re.escape(install_command("safetensors"))):
            call(tmp_path / "m.safetensors")


def test_what_cannot_be_saved(tmp_path):
    net, _ = classifier()
    with pytest.raises(NotFittedError):
        ConvNetClassifier().save(tmp_path / "m.npz")
    with pytest.raises(ValueError, match=r"'m\.pkl' must end in \.npz or \.safetensors"):
        net.save("m.pkl")
    with pytest.raises(ValueError, match=r"must end in \.npz"):
        convnet.load("m")
    with pytest.raises(ValueError, match="there is no folder"):
        net.save(tmp_path / "nowhere" / "m.npz")
    with pytest.raises(
        FileNotFoundError, match=r"There is no file '.*m\.npz'\. It was looked for in '"
    ):
        convnet.load(tmp_path / "m.npz")
    with pytest.raises(FileNotFoundError, match=r"There is no file 'no-such-model\.npz'"):
        convnet.load("no-such-model.npz")
    with pytest.raises(ValueError, match="solver must be"):
        net.set_params(solver="newton").save(tmp_path / "m.npz")
    assert not list(tmp_path.iterdir())


def test_a_failing_save_leaves_the_old_file(tmp_path, monkeypatch):
    net, X = classifier()
    net.save(tmp_path / "m.npz")
    other, _ = classifier()

    def full(file, **arrays):
        file.write(b"PK")
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="no space"):
        other.save(tmp_path / "m.npz")
    assert_same(convnet.load(tmp_path / "m.npz"), net, X)
    assert [path.name for path in tmp_path.iterdir()] == ["m.npz"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_others_may_read_a_file(tmp_path, ending):
    net, _ = classifier()
    net.save(tmp_path / f"m.{ending}")
    (tmp_path / "any").touch()
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_a_parameter_that_a_file_lacks_has_its_default():
    """A later release that has more parameters reads the files of this one."""
    net, X = classifier(max_iter=1)
    manifest, weights = net._to_manifest()
    del manifest["parameters"]["max_iter"]
    found = ConvNetClassifier._from_manifest(manifest, lambda shapes: dict(weights))
    assert_same(found, net, X)
    assert found.max_iter == 30
