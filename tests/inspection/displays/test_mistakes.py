"""MistakesDisplay."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.inspection import MistakesDisplay
from convnet.layers import Dense


def words(display):
    return [axes.get_title() for axes in display.axes_.flat if axes is not None]


def test_the_worst_mistakes_come_first(clf, photographs, ax):
    X, y = photographs
    predicted, p = clf.predict(X), clf.predict_proba(X)
    wrong = [i for i in range(len(X)) if predicted[i] != y[i]]
    worst = sorted(wrong, key=lambda i: -p[i, list(clf.classes_).index(predicted[i])])[:5]
    assert len(wrong) > 5
    display = MistakesDisplay.from_estimator(clf, X, y, n=5, ax=ax)
    assert list(display.rows) == worst
    np.testing.assert_array_equal(display.true, y[worst])
    np.testing.assert_array_equal(display.predicted, predicted[worst])
    np.testing.assert_array_equal(display.probabilities, p[worst].max(axis=1))
    np.testing.assert_allclose(display.images, X[worst] / 255, rtol=1e-6)
    assert (display.n_mistakes, display.n_rows) == (len(wrong), 60)
    drawn = [axes for axes in display.axes_.flat if axes is not None]
    for axes, i, title in zip(drawn, worst, words(display), strict=True):
        np.testing.assert_allclose(axes.images[0].get_array(), X[i] / 255, rtol=1e-6)
        assert title == f"{y[i]} → {predicted[i]}\n{p[i].max():.0%} sure"
    heading = f"true → predicted in 60 images: 5 of {len(wrong)} mistakes"
    assert heading in [axes.get_title() for axes in display.figure_.axes]


def test_no_mistakes(clf, photographs, ax):
    X, _ = photographs
    display = MistakesDisplay.from_estimator(clf, X, clf.predict(X), ax=ax)
    assert display.n_mistakes == 0 and display.images.shape == (0, 10, 9, 3)
    ((axes,),) = display.axes_
    assert [text.get_text() for text in axes.texts] == ["no mistakes in 60 images"]


def test_labels_that_the_net_does_not_know(clf, photographs):
    X, _ = photographs
    display = MistakesDisplay.from_estimator(clf, X, np.full(60, "a bird of paradise"))
    assert display.n_mistakes == 60
    assert words(display)[0].startswith("a bird of paradise\n→ ")


def test_numbers(photographs):
    X, y = photographs
    values = (y == "cat") * 7.0
    net = ConvNetRegressor([Dense(3)], max_iter=2, random_state=0).fit(X, values)
    errors = np.abs(net.predict(X) - values)
    display = MistakesDisplay.from_estimator(net, X, values, n=4)
    assert list(display.rows) == list(np.argsort(-errors, kind="stable")[:4])
    assert display.probabilities is None and display.n_mistakes == 60
    worst = display.rows[0]
    assert words(display)[0] == f"{values[worst]:.4g} → {net.predict(X)[worst]:.4g}"


def test_arrays_alone():
    display = MistakesDisplay(
        np.zeros((2, 4, 4, 3)), ["a", "b"], ["b", "a"], probabilities=[0.9996, 0.5]
    ).plot()
    assert words(display) == ["a → b\n>99% sure", "b → a\n50% sure"]


def test_refusals(clf, photographs):
    X, y = photographs
    with pytest.raises(NotFittedError):
        MistakesDisplay.from_estimator(ConvNetClassifier(), X, y)
    with pytest.raises(ValueError, match=r"one label or value per row; y has shape \(59,\)"):
        MistakesDisplay.from_estimator(clf, X, y[:59])
    with pytest.raises(ValueError, match=r"n must be an integer, 1 or more; got 0"):
        MistakesDisplay.from_estimator(clf, X, y, n=0)
    several = ConvNetClassifier([Dense(2)], max_iter=1).fit(X, np.arange(180).reshape(60, 3) % 2)
    with pytest.raises(ValueError, match=r"predict returns shape \(60, 3\)"):
        MistakesDisplay.from_estimator(several, X, y)
    assert not plt.get_fignums()
