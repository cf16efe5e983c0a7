"""What is looked at after an epoch, and when outputs are computed to be sure."""

import numpy as np
import pytest

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.graph import Network, Trainer
from convnet.graph.arrays import is_finite
from convnet.layers import BatchNorm, Conv2D, Dense, ReLU
from convnet.training.examples import Examples
from convnet.training.loop import MAX_GROWTH, growth

X = np.random.default_rng(0).random((20, 4, 4, 1)).astype(np.float32)
Y = np.arange(20) % 2


def test_is_finite():
    for values in ([0, -1], [3e38, 3e38], [1e-45]):
        assert is_finite(np.array(values, np.float32))
    for value in (np.nan, np.inf, -np.inf):
        assert not is_finite(np.array([[1, value]], np.float32))


def test_growth():
    ones = np.ones((100, 7), np.float32)  # of 100 units read, each: a norm of 10
    assert growth(
        {"dense1/weights": ones, "dense1/bias": np.zeros(7, np.float32)}
    ) == pytest.approx(1)
    assert growth({"a/weights": ones, "b/weights": ones[:, :1]}) == pytest.approx(2)
    assert growth({"a/weights": ones, "b/weights": ones / 100}) == pytest.approx(1)
    assert growth({"a/bias": np.full(3, 1e5, np.float32)}) == pytest.approx(5)
    assert growth({"a/weights": ones, "b/gamma": ones[0] * 10}) == pytest.approx(2)
    assert growth({"a/weights": ones * 1e30}) == np.inf  # the squares overflow
    norm = {"n/gamma": 1.0, "n/beta": 0.0, "n/moving_mean": 0.0, "n/moving_variance": 1e-6}
    norm = {name: np.full(3, value, np.float32) for name, value in norm.items()}
    assert growth(norm) == pytest.approx(3, abs=1e-3)


@pytest.mark.parametrize("deep", [0, 8])
def test_usual_nets_are_calm(deep, monkeypatch):
    """No outputs are computed but those that are asked for."""
    monkeypatch.setattr(Examples, "outputs", None)
    block = [Conv2D(8, 3, padding="same"), BatchNorm(), ReLU()]
    net = ConvNetClassifier(
        [*block * (1 + deep), Dense(8)], max_iter=3, random_state=0, learning_rate="constant"
    ).fit(X, Y)
    assert growth(net.weights_) < MAX_GROWTH


@pytest.mark.parametrize("options", [{}, {"batch_size": 5}, {"early_stopping": True}])
def test_outputs_that_overflow_after_the_last_step(options):
    """The losses are those before the step: they show nothing of the weights that it leaves."""
    layers = [Dense(4), Dense(4), Dense(4)]
    settings = dict(batch_size=len(Y), learning_rate="constant") | options
    clf = ConvNetClassifier(layers, learning_rate_init=1e20, max_iter=1, random_state=0, **settings)
    before = dict(vars(clf))
    with pytest.raises(ValueError, match=r"in epoch 1, batch \d, at learning rate 1e\+20. Lower"):
        clf.fit(X, Y)
    assert vars(clf) == before


def test_mean_squares_that_overflow():
    """Of a gradient above 1.8e19 the square is infinite: its weight would never move again."""
    net = ConvNetRegressor([], max_iter=1, random_state=0, learning_rate="constant")
    with pytest.raises(ValueError, match="moments of the solver are no longer finite in epoch 1"):
        net.fit(X * 1e19, Y * 1e3)


def test_a_trainer_knows_its_moments():
    trainer = Trainer(Network([], (3,), 1), loss="squared_error", batch_size=4)
    assert trainer.is_finite()
    trainer._optimizer.moments[1][0] = np.inf
    assert not trainer.is_finite()


def test_predictions_that_overflow():
    net = ConvNetRegressor([Dense(4)], max_iter=1, random_state=0, learning_rate="constant").fit(
        X, Y
    )
    weights = {name: array * np.float32(1e30) for name, array in net.weights_.items()}
    with np.errstate(all="ignore"):
        huge = net._network_cache.network(net.weights_)
        kept = huge.get_weights()
        huge.set_weights(weights)
        for call in (
            net.predict,
            lambda X: net.score(X, Y),
            lambda X: net.feature_maps(X, "output"),
        ):
            with pytest.raises(ValueError, match="are not finite: its weights or the values of X"):
                call(X)
        for method in ("saliency", "occlusion", "integrated_gradients"):
            with pytest.raises(ValueError, match="are not finite"):
                net.explain(X, method)
        with pytest.raises(ValueError, match="are not finite"):
            net.trace(X[0])
    huge.set_weights(kept)
    assert np.isfinite(net.predict(X)).all()
