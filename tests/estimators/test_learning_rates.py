"""learning_rate: the rates that fit trains at."""

import numpy as np
import pytest

from convnet import ConvNetClassifier
from convnet.schedules import Cosine, Step


@pytest.mark.parametrize(
    "learning_rate, expected",
    [
        ("constant", [1, 1, 1, 1]),
        (Step(2, 0.5), [1, 1, 0.5, 0.5]),
        ("step", [1, 1, 1, 1]),
        ("cosine", [1, 0.853553, 0.5, 0.146447]),
        (Cosine(warmup=2), [1 / 3, 2 / 3, 1, 0.5]),
        (lambda epoch: 0.1 / (epoch + 1), [10, 5, 10 / 3, 2.5]),
    ],
)
def test_learning_rates(digits, learning_rate, expected):
    X, y = digits[0][:50], digits[1][:50]
    clf = ConvNetClassifier(
        [], learning_rate=learning_rate, learning_rate_init=0.01, max_iter=4
    ).fit(X, y)
    np.testing.assert_allclose(
        clf.history_["learning_rate"], np.multiply(expected, 0.01), rtol=1e-5
    )


def test_adaptive_rate(digits):
    X, y = digits[0][:50], digits[1][:50]
    clf = ConvNetClassifier(
        [], learning_rate="adaptive", learning_rate_init=0.01, tol=10.0, n_iter_no_change=1
    )
    rates = clf.set_params(max_iter=100).fit(X, y).history_["learning_rate"]
    np.testing.assert_allclose(rates[:5], [0.01, 0.01, 0.01, 0.002, 0.002])
    assert len(rates) < 100 and 2e-7 < rates[-1] <= 1e-6


def test_bad_rate_of_a_callable(digits):
    X, y = digits[0][:50], digits[1][:50]
    with pytest.raises(ValueError, match="learning_rate returned -1 for epoch 0"):
        ConvNetClassifier([], learning_rate=lambda epoch: -1).fit(X, y)
