"""Every parameter is checked, in fit and not before."""

import numpy as np
import pytest
from sklearn.base import clone

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.engine import SOLVERS
from convnet.schedules import Cosine, Step

BAD = {
    "layers": [3, "no such file.json", [3], {"layers": 3}, Cosine(), None],
    "input_shape": ["8x8", (), (2, 2, 2, 2), (0, 4), (2.0, 2), True],
    "data_format": ["NCHW", None, 1],
    "rescale": ["min-max", 0, -1, np.nan, True, 1e-50, 1e50],
    "augment": [[3], "flip", 0],
    "solver": ["lbfgs", "Adam", None],
    "alpha": [-1, "1", np.inf, np.nan, None, 10**400],
    "batch_size": [0, -1, 1.5, "all", None],
    "learning_rate": [
        "invscaling",
        None,
        0.1,
        Step(0),
        Step(factor=2),
        Cosine(-1),
        Cosine(warmup=0.5),
        Cosine,
    ],
    "learning_rate_init": [0, -1, np.inf, "0.1", None],
    "max_iter": [0, -1, 1.5, "20", None],
    "shuffle": ["yes", None, 1],
    "random_state": ["seed", -1, 0.5],
    "tol": [-1, np.nan, None, 10**400],
    "verbose": ["yes", -1, None],
    "warm_start": ["no", None],
    "momentum": [-0.1, 1.1, None],
    "nesterovs_momentum": ["yes", None],
    "beta_1": [-0.1, 1, None],
    "beta_2": [-0.1, 1, None],
    "epsilon": [0, -1, None],
    "clip_norm": [0, -1, "1", np.nan],
    "early_stopping": ["yes", None],
    "init_weights": [3, {}, {"dense1/weights": np.zeros((1, 1))}],
    "weight_names": [3, "conv1", {"conv1": 3}, {3: "conv1"}, {"conv1": "x" * 1001}, {"conv1": "x"}],
    "freeze": [3, "no-such-layer", ["dense1", 3], "until:nowhere"],
    "cache_augmented": [0, 1.5, "8"],
    "layer_learning_rates": [0.1, {"dense1": 0}, {"dense1": -1}, {"no-such-layer": 0.1}],
    "validation_fraction": [0, 1, None],
    "n_iter_no_change": [0, 1.5, None],
    "max_time": [0, -1, "1 h", np.nan],
    "scoring": ["accurate", 3, []],
    "callbacks": [3, [3], "csv"],
    "class_weight": ["equal", 3, {0: -1, 1: 1}, {0: np.nan, 1: 1}, {5: 1.0}],
    "label_smoothing": [-0.1, 1, None, "a little"],
    "normalize_y": ["yes", None, 1],
    "loss": ["squared_loss", "mse", None, 2],
    "n_jobs": [0, 1.5, "2", True],
}


ESTIMATORS = [ConvNetClassifier, ConvNetRegressor]
EACH = [(kind, name) for kind in ESTIMATORS for name in kind().get_params(deep=False)]


def test_every_bad_value_is_of_a_parameter():
    assert set(BAD) == {name for _, name in EACH}


@pytest.mark.parametrize(("kind", "name"), EACH)
def test_bad_values_are_refused_by_fit(kind, name):
    X, y = np.zeros((10, 4)), np.arange(10) % 2
    for value in BAD[name]:
        clf = kind().set_params(**{name: value})
        with pytest.raises((ValueError, TypeError)) as caught:
            clf.fit(X, y)
        assert "n_features_in_" not in vars(clf)
        if name not in ("layers", "class_weight", "random_state"):
            assert name in str(caught.value)


NUMBERS = [
    *("alpha", "learning_rate_init", "tol", "epsilon", "beta_1", "momentum", "max_time"),
    *("clip_norm", "rescale", "max_iter", "validation_fraction", "label_smoothing", "n_jobs"),
]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [10**400, -(10**400)], ids=["big", "-big"])
def test_numbers_beyond_floats(name, value):
    if name == "n_jobs" and isinstance(value, int):
        return  # as many as there are
    with pytest.raises(ValueError, match=name):
        ConvNetClassifier(**{name: value}).fit([[0], [1]], [0, 1])


@pytest.mark.parametrize("freeze", ["*?" * 10**5, ["dense1"] * 1001, {"dense1": 1}])
def test_patterns_of_a_size_to_look_up(freeze):
    with pytest.raises(ValueError, match="freeze must be"):
        ConvNetClassifier(freeze=freeze).fit([[0], [1]], [0, 1])


def test_an_array_of_no_axes_is_shown():
    with pytest.raises(ValueError, match=r"0 or more; got \{0: array\(0\.5\), 1: 1\}"):
        ConvNetClassifier(class_weight={0: np.array(0.5), 1: 1}).fit([[0], [1]], [0, 1])


def test_class_weights_beyond_floats():
    for value in (10**400, "1", None):
        with pytest.raises(ValueError, match="class_weight must have finite weights"):
            ConvNetClassifier(class_weight={0: value, 1: 1.0}).fit([[0], [1]], [0, 1])


def test_seeds_and_sources():
    for value in ([bytes(10**6)], 10**400, -1):
        with pytest.raises(ValueError, match=r"random_state|Seed must be") as caught:
            ConvNetClassifier(random_state=value).fit([[0], [1]], [0, 1])
        assert len(str(caught.value)) < 300
    with pytest.raises(ValueError, match="a path has more than 4096 characters"):
        ConvNetClassifier(init_weights="x" * 10**5).fit([[0], [1]], [0, 1])


def test_a_rate_that_raises():
    with pytest.raises(ValueError, match="learning_rate raised ZeroDivisionError for epoch 0"):
        ConvNetClassifier(learning_rate=lambda epoch: 1 / epoch).fit([[0], [1]], [0, 1])
    with pytest.raises(ValueError, match="for epoch 0; expected a finite number, 0 or more"):
        ConvNetClassifier(learning_rate=lambda epoch: 10**400).fit([[0], [1]], [0, 1])


def test_parameters_that_cannot_be_copied():
    deep = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested too deeply to be cloned"):
        clone(ConvNetClassifier(deep))


def test_the_message_names_estimator_parameter_and_value():
    with pytest.raises(ValueError) as caught:
        ConvNetClassifier(solver="adma").fit([[0], [1]], [0, 1])
    solvers = f"one of {', '.join(map(repr, SOLVERS))}"
    assert str(caught.value) == (
        f"ConvNetClassifier: solver must be {solvers}; got 'adma'. Did you mean 'adam'?"
    )


def test_numpy_numbers_are_accepted():
    clf = ConvNetClassifier(
        max_iter=np.int64(1),
        batch_size=np.int32(4),
        alpha=np.float32(0),
        shuffle=np.True_,
        n_jobs=np.int8(1),
    )
    assert clf.fit([[0], [1]], [0, 1]).n_iter_ == 1
