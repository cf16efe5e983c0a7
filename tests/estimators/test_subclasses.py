"""Subclasses of the estimators with constructors of their own, as scikit-learn allows them of MLPClassifier."""

import inspect
import pickle
import re

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_html_repr

import convnet
from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.callbacks import Checkpoint
from convnet.layers import Conv2D, Dense

LAYERS = (Dense(3),)


class Own(ConvNetClassifier):
    """Lists two parameters, one of which is of the base class."""

    def __init__(self, filters=8, max_iter=5):
        super().__init__([Conv2D(filters, 3)], max_iter=max_iter, random_state=0)
        self.filters = filters


class Deeper(Own):
    """Hides the parameters of a class that hides parameters."""

    def __init__(self, half=2, callbacks=None):
        super().__init__(2 * half, max_iter=2)
        self.half = half
        self.callbacks = callbacks


class Listing(ConvNetRegressor):
    """Lists `layers`, so its nested names work."""

    def __init__(self, layers=LAYERS, seed=0):
        super().__init__(layers, random_state=seed, max_iter=1)
        self.layers = layers
        self.seed = seed


class Computed(ConvNetClassifier):
    """Computes `layers` when they are read."""

    def __init__(self, filters=8):
        super().__init__(max_iter=1, random_state=0)
        self.filters = filters

    @property
    def layers(self):
        return [Conv2D(self.filters, 3)]


class Passing(ConvNetClassifier):
    """Passes all other parameters on."""

    def __init__(self, filters=8, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters


class Building(ConvNetClassifier):
    """Sets `layers` itself, changes a default, and passes the others on."""

    def __init__(self, filters=8, **kwargs):
        kwargs.setdefault("max_iter", 2)
        super().__init__(layers=[Conv2D(filters, 3)], **kwargs)
        self.filters = filters


class Further(Building):
    """Sets a parameter of a class that passes parameters on."""

    def __init__(self, half=2, **kwargs):
        super().__init__(2 * half, **kwargs)
        self.half = half


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    return rng.random((40, 6, 6)) + y[:, None, None], y


def test_get_params_lists_the_parameters_of_the_constructor():
    assert Own(3).get_params() == {"filters": 3, "max_iter": 5}
    assert Deeper().get_params() == {"half": 2, "callbacks": None}
    assert {"layers__0__units", "layers__0", "seed"} <= Listing().get_params().keys()
    assert repr(Own(3)) == "Own(filters=3)"


def test_parameters_that_are_not_listed_are_those_of_the_base_class():
    own = Own()
    assert own.layers == [Conv2D(8, 3)]
    assert (own.alpha, own.solver, own.random_state) == (1e-4, "adam", 0)
    with pytest.raises(ValueError, match=r"'alpha' for estimator Own.*\['filters', 'max_iter'\]"):
        own.set_params(alpha=1)


@pytest.mark.parametrize(
    ("cls", "name", "n"), [(Own, "filters", 3), (Deeper, "half", 6), (Computed, "filters", 3)]
)
def test_layers_follow_set_params(cls, name, n):
    for net in (cls().set_params(**{name: 3}), clone(cls()).set_params(**{name: 3})):
        assert net.layers == [Conv2D(n, 3)]
    assert clone(net).layers == [Conv2D(n, 3)]


def test_set_params_leaves_hidden_parameters_that_were_set_by_hand():
    net = Own()
    net.alpha = 0.5
    assert net.set_params(filters=2).alpha == 0.5
    layers = net.layers = [Conv2D(7, 1)]
    assert net.set_params(max_iter=2).layers is layers


def test_a_search_fits_other_nets(images):
    search = GridSearchCV(Own(max_iter=1), {"filters": [1, 2]}, cv=2).fit(*images)
    best = search.best_estimator_
    assert best.weights_["conv1/weights"].shape == (3, 3, 1, search.best_params_["filters"])
    pipeline = make_pipeline(Own()).set_params(own__filters=2, own__max_iter=1).fit(*images)
    assert pipeline[-1].weights_["conv1/weights"].shape == (3, 3, 1, 2)
    assert "own__filters" in pipeline.get_params()
    assert "own__layers" not in pipeline.get_params()


def test_html_shows_the_layers(images):
    for net in (Own(), Own(max_iter=1).fit(*images)):
        assert "conv1: Conv2D" in estimator_html_repr(make_pipeline(net))


def test_parameters_that_kwargs_pass_on_are_listed():
    everything = ConvNetClassifier().get_params(deep=False)
    assert Passing(alpha=0.5).get_params(deep=False) == everything | {"filters": 8, "alpha": 0.5}
    without = {name: value for name, value in everything.items() if name != "layers"}
    assert Building(3, alpha=0.5).get_params() == without | {
        "filters": 3,
        "alpha": 0.5,
        "max_iter": 2,
    }
    assert Further(3, alpha=0.5).get_params() == without | {"half": 3, "alpha": 0.5, "max_iter": 2}
    assert repr(Passing(3, alpha=0.5)) == "Passing(alpha=0.5, filters=3)"
    for name in ("filters", "alpha", "n_jobs"):
        assert name in inspect.signature(Passing).parameters


@pytest.mark.parametrize("cls", [Passing, Building, Further])
def test_clones_keep_what_kwargs_pass_on(cls):
    net = clone(cls(3, alpha=0.5, max_iter=7).set_params(tol=0.25))
    assert (net.alpha, net.max_iter, net.tol) == (0.5, 7, 0.25)
    assert net.get_params() == cls(3, alpha=0.5, max_iter=7, tol=0.25).get_params()


def test_a_constructor_with_kwargs_sets_layers_from_its_parameters():
    assert clone(Building(3)).layers == [Conv2D(3, 3)]
    assert clone(Building(3)).set_params(filters=5).layers == [Conv2D(5, 3)]
    assert clone(Further(3)).set_params(half=5).layers == [Conv2D(10, 3)]
    with pytest.raises(ValueError, match="Invalid parameter 'layers' for estimator Building"):
        Building().set_params(layers=[])


def test_a_search_over_a_parameter_that_kwargs_pass_on(images):
    search = GridSearchCV(Building(2, max_iter=1), {"alpha": [0.0, 0.5]}, cv=2).fit(*images)
    assert search.best_estimator_.alpha == search.best_params_["alpha"]
    with pytest.raises(TypeError, match="unexpected keyword argument 'epochs'"):
        Passing(epochs=3)


def test_a_constructor_that_fails_once_is_tried_again():
    class Late(Building):
        def __init__(self, filters=8, **kwargs):
            super().__init__(filters, **kwargs)

    net = Late()
    net.filters = "many"
    assert "layers" in net.get_params()  # its constructor cannot be tried
    net.filters = 8
    assert "layers" not in net.get_params()


@pytest.mark.parametrize("cls", [Own, Deeper, Computed, Passing, Building, Further])
def test_round_trips(images, tmp_path, cls):
    net = cls().fit(*images)
    net.save(tmp_path / "net.npz")
    joblib.dump(net, tmp_path / "net.joblib")
    copies = (
        pickle.loads(pickle.dumps(net)),
        joblib.load(tmp_path / "net.joblib"),
        convnet.load(tmp_path / "net.npz"),
    )
    for copy in copies:
        assert type(copy) is cls
        assert copy.get_params() == net.get_params()
        assert copy.layers == net.layers
        np.testing.assert_array_equal(copy.predict_proba(images[0]), net.predict_proba(images[0]))


def test_a_transformer_of_a_subclass_is_saved(images, tmp_path):
    transformer = ConvNetTransformer(Own(max_iter=1)).fit(*images)
    transformer.save(tmp_path / "net.npz")
    loaded = convnet.load(tmp_path / "net.npz")
    np.testing.assert_array_equal(loaded.transform(images[0]), transformer.transform(images[0]))


def test_a_file_of_a_class_that_is_not_defined(images, tmp_path):
    net = Own(max_iter=1).fit(*images)
    net.__class__ = type("Gone", (Own,), {"__module__": "shop", "__init__": Own.__init__})
    net.save(tmp_path / "net.npz")
    net.__class__.__qualname__ = "Other"
    with pytest.raises(
        ValueError, match=r"the class 'Gone' of the module 'shop', which is not defined\. Import"
    ):
        convnet.load(tmp_path / "net.npz")


def test_a_transformer_with_other_parameters_is_not_saved(images, tmp_path):
    class Other(ConvNetTransformer):
        def __init__(self, filters=2):
            super().__init__(Own(filters, max_iter=1))
            self.filters = filters

    with pytest.raises(
        TypeError, match=r"no subclass of ConvNetTransformer .* got Other\. Pickle it instead"
    ):
        Other().fit(*images).save(tmp_path / "net.npz")


def test_a_parameter_that_a_file_cannot_hold(images, tmp_path):
    class Needing(ConvNetClassifier):
        def __init__(self, function, scale=len):
            super().__init__(max_iter=1)
            self.function = function
            self.scale = scale

    with pytest.raises(
        TypeError, match=r"its parameter 'function' has no default and is not plain .* Pickle it"
    ):
        Needing(len).fit(*images).save(tmp_path / "net.npz")
    with pytest.warns(UserWarning, match="not plain data are not saved: scale"):
        Needing("mean").fit(*images).save(tmp_path / "net.npz")
    assert convnet.load(tmp_path / "net.npz").function == "mean"


def test_checkpoints_tell_hidden_parameters_apart(images, tmp_path):
    path = tmp_path / "checkpoint.npz"
    first = Deeper(1, [Checkpoint(path)]).fit(*images)
    again = Deeper(1, [Checkpoint(path)]).fit(*images)
    assert again.loss_curve_ == first.loss_curve_
    with pytest.raises(ValueError, match="layers"):
        Deeper(2, [Checkpoint(path)]).fit(*images)


def test_a_constructor_that_does_not_call_the_base_class(images):
    class Forgetful(ConvNetClassifier):
        def __init__(self, filters=8):
            self.filters = filters

    message = "Forgetful has no parameter 'layers'. Its __init__ must call super().__init__()"
    with pytest.raises(ValueError, match=re.escape(message)):
        Forgetful().fit(*images)
