"""Data and a small net, and a check that everything in a net is finite."""

import numpy as np

from convnet.layers import Conv2D, Dense, MaxPool2D

N, SHAPE = 9, (5, 6, 3)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, *SHAPE))
CLASSES, NUMBERS = np.arange(N) % 3, RNG.normal(size=N)
LABELS = RNG.integers(0, 2, (N, 3))
CONV = [Conv2D(3, 2, activation="relu"), MaxPool2D(2), Dense(4)]
OPTIONS = dict(layers=CONV, max_iter=1, random_state=0, n_jobs=1)


def assert_finite(net, X, y):
    """Assert that weights, metrics, outputs and the solver's moments are finite."""
    assert all(np.isfinite(array).all() for array in net.weights_.values())
    assert all(np.isfinite(figures).all() for figures in net.history_.values())
    assert np.isfinite([net.loss_, *net.loss_curve_]).all()
    assert np.isfinite(net.predict(X)).all() and np.isfinite(net.score(X, y))
    for name in ("predict_proba", "decision_function"):
        assert not hasattr(net, name) or np.isfinite(getattr(net, name)(X)).all()
    course = net._network_cache.optimization_state
    if course is not None:
        assert all(np.isfinite(v).all() for v in course.trainer.state().values())


def frozen_state(net):
    """Return the attributes, and the bytes of the weights."""
    return dict(vars(net)), {k: v.tobytes() for k, v in getattr(net, "weights_", {}).items()}
