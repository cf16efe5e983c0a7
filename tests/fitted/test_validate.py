"""Inconsistent fitted attributes: refused when they come from a pickle, or before they are used."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from fitted_nets import classifier, multilabel, regressor, transformer

import convnet
from convnet.fitted import validate
from convnet.fitted.attributes import ATTRIBUTES, FittedAttributeTypes
from convnet.fitted.network_cache import NetworkCache
from convnet.fitted.weights import Weights
from convnet.layers import BatchNorm, Conv2D, Dense


@pytest.fixture(scope="module")
def fitted():
    return classifier(layers=[Conv2D(2, 3), BatchNorm(), Dense(3)])


def weights(**changed):
    """Return a change of some arrays that bypasses the checks of the class."""

    def change(state):
        state["weights_"] = object.__new__(Weights)
        state["weights_"]._arrays = dict(STATE["weights_"]) | changed

    return change


def put(**changed):
    return lambda state: state.update(changed)


def spec(**changed):
    """Return a change of the layers or shapes that the net is planned from."""

    def change(state):
        cache = state["_network_cache"]
        given = {k: getattr(cache, k) for k in ("layers", "input_shape", "n_outputs")}
        state["_network_cache"] = NetworkCache(**given | changed)

    return change


STATE = classifier(layers=[Conv2D(2, 3), BatchNorm(), Dense(3)])[0].__getstate__()
BIAS = STATE["weights_"]["conv1/bias"]
KERNEL = STATE["weights_"]["conv1/weights"]
GIVEN, INFOS = STATE["_input_format"], STATE["layers_"]
INCONSISTENT = "(Inconsistent|Missing) fitted attribute '"
EDITS = {
    "no weights": lambda s: s.pop("weights_"),
    "no network cache": lambda s: s.pop("_network_cache"),
    "weights of another shape": weights(**{"conv1/bias": BIAS[:1].copy()}),
    "float64": weights(**{"conv1/bias": BIAS.astype(np.float64)}),
    "big-endian": weights(**{"conv1/bias": BIAS.astype(">f4")}),
    "Fortran order": weights(**{"conv1/weights": np.asfortranarray(KERNEL)}),
    "strided": weights(**{"conv1/bias": np.repeat(BIAS, 2)[::2]}),
    "objects": weights(**{"conv1/bias": BIAS.astype(object)}),
    "0-d": weights(**{"conv1/bias": np.float32(1).reshape(())}),
    "NaN": weights(**{"conv1/bias": BIAS + np.float32("nan")}),
    "a negative variance": weights(**{"batchnorm1/moving_variance": -BIAS - 1}),
    "a list": weights(**{"conv1/bias": BIAS.tolist()}),
    "huge": weights(**{"conv1/bias": np.broadcast_to(np.float32(0), 2**40)}),
    "one more": weights(x=BIAS),
    "a dict": put(weights_=dict(STATE["weights_"])),
    "other layers": spec(layers=(Conv2D(3, 3), BatchNorm(), Dense(3))),
    "layers that are numbers": spec(layers=(1, 2)),
    "layers in a file": spec(layers="net.json"),
    "a huge shape": spec(input_shape=(2**62, 2**62, 2)),
    "a side of NumPy's": spec(input_shape=(np.int64(8), 6, 2)),
    "a negative side": spec(input_shape=(-8, 6, 2)),
    "no outputs": spec(n_outputs=0),
    "outputs that are a string": spec(n_outputs="3"),
    "one class more": put(classes_=np.arange(4)),
    "classes in a list": put(classes_=[0, 1, 2]),
    "huge classes": put(classes_=np.broadcast_to(np.int8(0), 2**40)),
    "unsorted classes": put(classes_=np.array([2, 1, 0])),
    "features": put(n_features_in_=95),
    "huge features": put(n_features_in_=10**400),
    "a shape of another net": put(input_shape_=(6, 8, 2)),
    "layers in another order": put(layers_=INFOS[::-1]),
    "another output shape": put(layers_=(replace(INFOS[0], output_shape=(9, 9, 9)), *INFOS[1:])),
    "no layers": put(layers_=None),
    "a scale of NaN": put(_input_format=replace(GIVEN, scale=float("nan"))),
    "an unknown dtype": put(_input_format=replace(GIVEN, dtype="f4")),
    "no input format": put(_input_format=None),
    "an indicator of texts": put(_indicator_dtype=np.dtype("U3")),
    "a short history": put(history_={"loss": [1.0]}),
    "a curve of texts": put(loss_curve_=["a", "b"]),
    "a best epoch after the last": put(best_iter_=3),
    "columns": put(feature_names_in_=np.array(["a"], dtype=object)),
    "an image form of another shape": put(image_form_={"size": (1, 1), "channels": 1, "fit": "pad"}),
    "a report": put(init_report_={"loaded": 1}),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_state_is_refused(name):
    state = dict(STATE)
    EDITS[name](state)
    net = convnet.ConvNetClassifier()
    before = dict(vars(net))
    with pytest.raises(ValueError, match=INCONSISTENT):
        net.__setstate__(state)
    assert vars(net) == before


@pytest.mark.parametrize("has_predicted", [False, True])
@pytest.mark.parametrize("name", EDITS)
def test_attributes_set_by_hand(fitted, name, has_predicted):
    """The next use refuses them; the attributes of before work again."""
    net, X = copy.copy(fitted[0]), fitted[1]
    if has_predicted:
        net.predict(X)
    before = dict(vars(net))
    EDITS[name](vars(net))
    calls = {
        "predict": lambda: net.predict(X),
        "partial_fit": lambda: net.partial_fit(X, np.resize([0, 1, 2], len(X))),
        "explain": lambda: net.explain(X, "saliency"),
        "trace": lambda: net.trace(X[0]),
        "summary": net.summary,
        "preview_augment": lambda: net.preview_augment(X),
        "feature_maps": lambda: net.feature_maps(X, "conv1"),
        "save": lambda: net.save("net.npz"),
    }
    match = f"{INCONSISTENT}|not fitted" if name == "no weights" else INCONSISTENT
    for call in calls:
        if name == "no weights" and call in ("partial_fit", "summary", "preview_augment"):
            continue  # of a net that is not fitted
        with pytest.raises(ValueError, match=match):
            calls[call]()
    net.__dict__ = before
    np.testing.assert_array_equal(net.predict(X), fitted[0].predict(X))


def test_partial_fit_does_not_plan_the_net_again(fitted, monkeypatch):
    """It checks training attributes only: they are lists, which can change in place."""
    net, X = copy.copy(fitted[0]), fitted[1]
    y = np.resize([0, 1, 2], len(X))
    net.partial_fit(X, y)
    planned = []
    monkeypatch.setattr(validate, "Plan", lambda *args: planned.append(args))
    net.partial_fit(X, y).partial_fit(X, y)
    assert not planned
    net.history_["loss"].append(0.0)
    with pytest.raises(
        ValueError, match=r"'history_': expected 5 entries, found 6\. Fit the estimator again"
    ):
        net.partial_fit(X, y)
    del net.history_["loss"], net.n_iter_
    with pytest.raises(ValueError, match="Missing fitted attribute 'n_iter_'"):
        net.partial_fit(X, y)


def test_predictions_follow_weights_set_by_hand(fitted):
    """partial_fit continues from them too, with new moments."""
    net, X = copy.copy(fitted[0]), fitted[1]
    y = np.resize([0, 1, 2], len(X))
    other, _ = classifier(layers=net.layers, random_state=7)
    net.partial_fit(X, y).predict(X)
    again = copy.copy(net)
    net.weights_ = again.weights_ = other.weights_
    np.testing.assert_array_equal(net.predict_proba(X), other.predict_proba(X))
    np.testing.assert_array_equal(
        net.partial_fit(X, y).predict_proba(X), again.partial_fit(X, y).predict_proba(X)
    )


@pytest.mark.parametrize("state", [None, 3, [], {1: 2}])
def test_a_state_that_is_not_a_dict_of_attributes(state):
    with pytest.raises(TypeError, match="its state is not a dict of attributes"):
        convnet.ConvNetClassifier().__setstate__(state)


@pytest.mark.parametrize("found", [True, 1.0, "1", 0, -1])
def test_invalid_state_formats(found):
    with pytest.raises(ValueError, match="its state has format"):
        convnet.ConvNetClassifier().__setstate__(STATE | {"_state_format": found})


@pytest.mark.parametrize("kind", [multilabel, regressor])
def test_other_tasks(kind):
    net, X = kind()
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again.predict(X), net.predict(X))
    for name in ("n_outputs_", "classes_", "_indicator_dtype"):
        state = net.__getstate__()
        state[name] = 7
        with pytest.raises(ValueError, match=INCONSISTENT):
            again.__setstate__(state)


@pytest.mark.parametrize(
    ("name", "value"),
    [("layer_", None), ("layer_", "conv9"), ("estimator_", 3), ("estimator_", None)],
)
def test_transformers(name, value):
    net, X = transformer()
    state = net.__getstate__() | {name: value}
    with pytest.raises((ValueError, TypeError), match=name):
        object.__new__(type(net)).__setstate__(state)
    setattr(net, name, value)
    for call in (net.transform, net.get_feature_names_out, lambda X: net.save("net.npz")):
        with pytest.raises((ValueError, TypeError), match=name):
            call(X)


def test_every_shared_attribute_has_a_type():
    types = FittedAttributeTypes.__annotations__
    assert {a.name for a in ATTRIBUTES if a.doc} <= set(types) <= {a.name for a in ATTRIBUTES}
