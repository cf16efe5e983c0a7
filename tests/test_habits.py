"""Names and calls that users know from Keras, PyTorch and scikit-learn: each error says what to write here."""

import inspect
import pickle
import re

import numpy as np
import pytest
from error_messages import SCREEN, message
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.layers import (
    Conv2D,
    MaxPool2D,
    as_layers,
)
from convnet.values import foreign_estimator_tables

X = np.random.default_rng(0).random((30, 8, 8, 1))
y = np.arange(30) % 3


class Mine(ConvNetClassifier):
    """A user's class."""


class Own(ConvNetClassifier):
    """A user's class with its own constructor."""

    def __init__(self, filters=8, max_iter=1):
        super().__init__([Conv2D(filters, 3)], max_iter=max_iter)
        self.filters = filters


class LeakyReLU:
    """Stands for a layer of another library."""


class EarlyStopping:
    """Stands for a callback of another library."""


def net(cls=ConvNetClassifier, **params):
    return cls([Conv2D(4, 3)], **params)


@pytest.fixture(scope="module")
def fitted():
    return net(max_iter=1, early_stopping=True, random_state=0).fit(X, y)


@pytest.mark.parametrize(
    ("params", "text"),
    [
        (dict(epochs=5), "Write max_iter=5."),
        (dict(lr=0.1), "Write learning_rate_init=0.1."),
        (dict(optimizer="adam"), "Write solver='adam'."),
        (dict(loss="categorical_crossentropy"), "Leave it out: the net is trained on the cross-entropy."),
        (dict(metrics=["accuracy"]), 'Write scoring="accuracy".'),
        (
            dict(validation_split=0.2),
            "Write early_stopping=True, validation_fraction=0.2.",
        ),
        (dict(hidden_layer_sizes=(100,)), 'Write layers=[Dense(100, activation="relu")].'),
        (dict(activation="relu"), "Pass it to the layers: Conv2D(16, 3, activation='relu')."),
        (dict(dropout=0.5), "Put Dropout(0.5) into the list of layers."),
        (dict(device="cuda"), "Leave it out: convnet computes in float32 on the CPU."),
        (dict(patience=3), "Write n_iter_no_change=3."),
        (dict(seed=0), "Write random_state=0."),
        (dict(n_classes=3), "Leave it out: the output layer and its activation follow from y."),
        (dict(module=LeakyReLU()), "Write layers=[Conv2D(16, 3), ...]"),
        (dict(weights=X), "Write init_weights=..."),
        (dict(solvr="adam"), "Did you mean 'solver'?"),
        (dict(nonsense=1), "has no parameter 'nonsense'."),
    ],
)  # fmt: skip
def test_parameters_of_an_estimator(params, text):
    name = next(iter(params))
    for cls in (ConvNetClassifier, Mine):
        found = message(lambda cls=cls: cls(**params), TypeError)
        assert found.startswith(f"{cls.__name__} has no parameter {name!r}.") and text in found


def test_several_parameters_at_once():
    text = message(lambda: ConvNetClassifier(epochs=5, lr=0.1, a=1, b=2), TypeError)
    assert "Write max_iter=5." in text and "Write learning_rate_init=0.1." in text
    assert "'a'" in text and "'b'" not in text


def test_a_regressor_has_a_loss():
    assert "Write loss='mse'." in message(lambda: ConvNetRegressor(criterion="mse"), TypeError)
    for name, loss in [("mse", "squared_error"), ("mae", "absolute_error"), ("smooth_l1", "huber")]:
        text = message(lambda name=name: ConvNetRegressor(loss=name).fit(X, y))
        assert text.endswith(f"got '{name}'. Did you mean '{loss}'?")


def test_a_constructor_of_the_users_own():
    """Only parameters that it has are suggested."""
    assert message(lambda: Own(epochs=3), TypeError) == (
        "Own has no parameter 'epochs'. Write max_iter=3."
    )
    assert message(lambda: Own(lr=3), TypeError) == "Own has no parameter 'lr'."


def test_a_transformer():
    text = message(lambda: ConvNetTransformer(model=1), TypeError)
    assert text == "ConvNetTransformer has no parameter 'model'. Write estimator=..."
    assert "Did you mean 'layer'?" in message(
        lambda: ConvNetTransformer(net(), layers=3), TypeError
    )


def test_layers_by_position():
    text = message(lambda: ConvNetClassifier(Conv2D(4, 3), MaxPool2D(2)), TypeError)
    assert text.endswith(
        "Pass the layers as one list: ConvNetClassifier([Conv2D(...), MaxPool2D(...)])."
    )
    text = message(lambda: Mine([Conv2D(4, 3)], 10), TypeError)
    assert text.startswith("Mine takes layers by position; got 2 values. Give the others by name:")


@pytest.mark.parametrize("cls", [ConvNetClassifier, ConvNetRegressor, ConvNetTransformer, Mine])
def test_constructors_are_as_scikit_learn_needs_them(cls):
    """The signature is explicit, and clones and pickles are made as ever."""
    names = list(inspect.signature(cls).parameters)
    assert names == list(inspect.signature(cls.__init__).parameters)[1:]
    assert "kwargs" not in names and sorted(names) == cls._get_param_names()
    first = cls(net()) if cls is ConvNetTransformer else net(cls, max_iter=3)
    params = {k: v for k, v in first.get_params(deep=False).items() if k != "estimator"}
    for copy in (clone(first), pickle.loads(pickle.dumps(first)), cls.__new__(cls)):
        if vars(copy):
            found = copy.get_params(deep=False)
            assert {k: found[k] for k in params} == params
    fit = inspect.signature(cls.fit).parameters
    assert list(fit)[:3] == ["self", "X", "y"]


def test_a_search_over_a_foreign_name():
    search = GridSearchCV(net(max_iter=1), {"epochs": [1, 2]}, cv=2, error_score="raise")
    text = message(lambda: search.fit(X, y), ValueError)
    assert "Invalid parameter 'epochs' for estimator ConvNetClassifier. Write max_iter=1." in text


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda clf: clf.fit(X, y, epochs=5),
            "fit() has no parameter 'epochs'. Pass it to the constructor: Mine(..., max_iter=5).",
        ),
        (
            lambda clf: clf.fit(X, y, batch_size=32),
            "fit() has no parameter 'batch_size'. Pass it to the constructor: Mine(..., batch_size=32).",
        ),
        (
            lambda clf: clf.fit(X, y, validation_data=(X, y)),
            "fit() has no parameter 'validation_data'. Write X_val=X_val, y_val=y_val.",
        ),
        (
            lambda clf: clf.fit(X, y, eval_set=[(X, y)]),
            "fit() has no parameter 'eval_set'. Write X_val=X_val, y_val=y_val.",
        ),
        (
            lambda clf: clf.fit(X, y, validation_split=0.1),
            "Mine(..., early_stopping=True, validation_fraction=0.1).",
        ),
        (
            lambda clf: clf.fit(X, y, steps_per_epoch=3),
            "fit() has no parameter 'steps_per_epoch'. Leave it out: an epoch visits each sample of X once.",
        ),
        (lambda clf: clf.fit(x=X, y=y), "fit() has no parameter 'x'. Pass the samples as X."),
        (lambda clf: clf.fit(X, y, sampel_weight=y), "Did you mean 'sample_weight'?"),
        (lambda clf: clf.partial_fit(X, y, epochs=2), "partial_fit() has no parameter 'epochs'."),
        (
            lambda clf: clf.fit(X, y, X, y),
            "fit() takes X, y and sample_weight by position; got 4 values. Give the others by name: X_val, y_val",
        ),
        (lambda clf: clf.fit(X), "fit() needs y."),
        (lambda clf: clf.fit(), "fit() needs X and y."),
        (lambda clf: clf.score(X), "score() needs y."),
        (
            lambda clf: clf.fit({"X": X, "y": y}),
            "fit() needs y. X is a dict. Pass its arrays, such as fit(data['X'], data['y']).",
        ),
        (
            lambda clf: clf.fit({"data": X, "target": y}),
            "fit() needs y. Write fit(photos.data, photos.target) for a Bunch named photos.",
        ),
        (lambda clf: clf.predict(X, batch_size=32), "predict() has no parameter 'batch_size'. Leave"),
        (lambda clf: clf.score(X, y, verbose=0), "score() has no parameter 'verbose'. Leave it out"),
        (lambda clf: clf.explain(X, methd="saliency"), "explain() has no parameter 'methd'. Did you"),
        (lambda clf: clf.summary(X, y, 3), "summary() takes X and y by position; got 3 values."),
    ],
)  # fmt: skip
def test_calls_name_the_users_class(call, text):
    found = message(lambda: call(net(Mine)), TypeError)
    assert text in found and ("Mine." in found or "Mine(" in found) and "BaseConvNet" not in found


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("photos", "photos = convnet.data.load_images('photos'), then X is photos.data"),
        ("photo.jpg", "convnet.data.ImageReader(size=(150, 150)).transform(['photo.jpg'])."),
        ("images.npz", "Read the file with numpy.load('images.npz')"),
        ("table.csv", "Read the file with pandas.read_csv('table.csv')"),
        (["a.png", "b.png"], "the first is 'a.png'. Read the files with convnet.data.ImageReader"),
        (np.array(["a.png"]), "the first is 'a.png'. Read the files with convnet.data.ImageReader"),
    ],
)
def test_a_path_in_place_of_x(fitted, path, text):
    labels = [0] * (1 if isinstance(path, str) else len(path))
    calls = [
        lambda: net().fit(path, labels),
        lambda: fitted.predict(path),
        lambda: fitted.score(path, labels),
    ]
    for call in [*calls, lambda: net().fit(path), lambda: fitted.score(path)]:
        assert text in message(call, TypeError)


@pytest.mark.parametrize("call", ["fit", "predict"])
def test_images_of_different_sizes(fitted, call):
    images = [np.zeros((8, 8)), np.zeros((9, 8)), np.zeros((8, 8))]
    text = message(
        lambda: net().fit(images, [0, 1, 2]) if call == "fit" else fitted.predict(images)
    )
    assert "inhomogeneous" not in text and "(8, 8)" in text and "(9, 8)" in text
    assert "ImageReader" in text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("compile", "Leave it out: solver="),
        ("evaluate", "Write net.score(X, y)."),
        ("history", "Write net.history_."),
        ("state_dict", "Write net.weights_."),
        ("eval", "Leave it out: predict uses no dropout"),
        ("to", "Leave it out: convnet computes in float32 on the CPU."),
        ("coefs_", "Write net.weights_."),
        ("transform", "Write ConvNetTransformer(net).fit(X, y).transform(X)."),
    ],
)
def test_attributes(fitted, name, text):
    found = message(lambda: getattr(fitted, name), AttributeError)
    assert found.startswith(f"ConvNetClassifier has no attribute {name!r}. {text}")
    assert not hasattr(fitted, name) and getattr(fitted, name, None) is None


def test_other_attributes_fail_as_ever(fitted):
    found = message(lambda: fitted.nonsense, AttributeError)
    assert found == "'ConvNetClassifier' object has no attribute 'nonsense'"
    unfitted = ConvNetTransformer(net())
    assert "estimator_" in message(lambda: unfitted.n_features_in_, AttributeError)


def test_attributes_in_the_table_exist(fitted):
    for name, text in foreign_estimator_tables.ATTRIBUTES.entries.items():
        assert not hasattr(fitted, name), name
        for member in re.findall(r"(?<!\w)net\.(\w+)", text):
            assert hasattr(fitted, member), text


HUGE = [
    "x" * 100_000,
    b"x" * 100_000,
    ["x" * 1000] * 1000,
    list(range(100_000)),
    {str(i): i for i in range(10_000)},
    np.arange(100_000.0),
    10**5000,
]


@pytest.mark.parametrize("value", HUGE, ids=lambda value: type(value).__name__)
def test_no_message_is_longer_than_a_screen(value):
    for name in ConvNetClassifier._get_param_names():
        if name in ("verbose", "n_jobs", "max_iter", "n_iter_no_change", "batch_size", "clip_norm"):
            continue  # take large integers
        try:
            net().set_params(**{name: value}).fit(X, y)
        except Exception as error:
            assert len(str(error)) <= SCREEN, f"{name}: {str(error)[:200]}"
    for field in Conv2D.parameter_names():
        try:
            Conv2D(**{"filters": 4, "kernel_size": 3} | {field: value})
        except Exception as error:
            assert len(str(error)) <= SCREEN, f"{field}: {str(error)[:200]}"
    for call in (
        lambda: ConvNetClassifier(epochs=value),
        lambda: Conv2D(4, 3, strides=value),
        lambda: net().fit(X, y, epochs=value),
        lambda: net().fit(X, value),
        lambda: net().fit(value, y),
        lambda: net().fit(value),
        lambda: as_layers([value]),
        lambda: as_layers(value),
    ):
        message(call, Exception)
