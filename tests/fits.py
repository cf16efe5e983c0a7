"""Compare two fits bit by bit, or make a training step fail."""

import numpy as np

from convnet.graph import Trainer


def assert_same_weights(found, expected, *layers):
    """Check that two nets have the same weights, or the same weights in these layers."""
    if not layers:
        assert found.weights_.keys() == expected.weights_.keys()
    for name, array in expected.weights_.items():
        if not layers or name.rpartition("/")[0] in layers:
            np.testing.assert_array_equal(found.weights_[name], array, err_msg=name)


def assert_same_fit(found, expected):
    """Check that two nets have the same weights and history, apart from the seconds."""
    assert_same_weights(found, expected)
    history, other = (
        {name: values for name, values in net.history_.items() if name != "seconds"}
        for net in (found, expected)
    )
    assert history == other and found.best_iter_ == expected.best_iter_


def raise_at_step(monkeypatch, n, error=KeyboardInterrupt):
    """Make the n-th step of all trainers, counted from now on, raise an error."""
    step, calls = Trainer.step, []

    def counted_step(self, *args, **kwargs):
        calls.append(1)
        if len(calls) == n:
            raise error
        return step(self, *args, **kwargs)

    monkeypatch.setattr(Trainer, "step", counted_step)
