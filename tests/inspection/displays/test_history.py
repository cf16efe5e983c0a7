"""HistoryDisplay."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.inspection import HistoryDisplay
from convnet.layers import Dense


def test_curves_of_a_classifier(clf, ax):
    display = HistoryDisplay.from_estimator(clf, ax=ax)
    losses, scores = display.axes_
    history = clf.history_
    assert (display.loss == history["loss"]).all()
    assert (display.validation_scores == history["validation_score"]).all()
    for name, key in [("loss", "loss"), ("validation_loss", "validation_loss")]:
        line = display.lines_[name]
        assert (line.get_xdata() == np.arange(1, clf.n_iter_ + 1)).all()
        assert (line.get_ydata() == history[key]).all() and line.axes is losses
    line = display.lines_["validation_scores"]
    assert (line.get_ydata() == history["validation_score"]).all() and line.axes is scores
    assert (losses.get_ylabel(), scores.get_ylabel()) == ("loss", "accuracy")
    assert scores.get_xlabel() == "epoch" and losses.get_xlabel() == ""
    assert display.figure_ is losses.figure
    assert len(display.figure_.axes) == 3 + (ax is not None)  # and the one that was divided


def test_the_best_epoch_is_marked(clf):
    display = HistoryDisplay.from_estimator(clf)
    assert [set(mark.get_xdata()) for mark in display.best_iter_lines_] == [{clf.best_iter_}] * 2
    score = clf.validation_scores_[clf.best_iter_ - 1]
    words = [text.get_text() for text in display.axes_[1].get_legend().get_texts()]
    assert f"best epoch: {clf.best_iter_} ({score:.4g})" in words
    words = [text.get_text() for text in display.axes_[0].get_legend().get_texts()]
    assert words == ["training", "validation", f"best epoch: {clf.best_iter_}"]


def test_no_validation(photographs):
    X, y = photographs
    net = ConvNetRegressor([Dense(3)], max_iter=40, random_state=0).fit(X, y == "cat")
    display = HistoryDisplay.from_estimator(net)
    (ax,) = display.axes_
    assert list(display.lines_) == ["loss"] and display.validation_loss is None
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    given = plt.subplots()[1]
    again = display.plot(given, line_kw={"linewidth": 3, "color": "k"})
    assert again is display and display.axes_[0] is given and given.axison
    assert display.lines_["loss"].get_linewidth() == 3


def test_names_of_scores(clf, photographs):
    X, y = photographs

    def largest_error(net, X, y):
        return -np.abs(net.predict(X) - y).max()

    for scoring, name in [
        (None, "R²"),
        ("neg_mean_squared_error", "neg mean squared error"),
        (largest_error, "largest error"),
    ]:
        net = ConvNetRegressor([Dense(3)], max_iter=2, early_stopping=True, scoring=scoring)
        display = HistoryDisplay.from_estimator(net.fit(X, y == "cat"))
        assert display.axes_[1].get_ylabel() == name


def test_arrays_alone():
    display = HistoryDisplay([3, 2, 1], validation_scores=[0.1, 0.3, 0.2], score_name="recall")
    axes = plt.subplots(2)[1]
    display.plot(axes)
    assert list(display.axes_) == list(axes) and not display.best_iter_lines_
    with pytest.raises(ValueError, match=r"HistoryDisplay.plot draws in 2 axes; got 3"):
        display.plot(plt.subplots(3)[1])


def test_refusals(clf):
    with pytest.raises(NotFittedError):
        HistoryDisplay.from_estimator(ConvNetClassifier())
    with pytest.raises(TypeError, match=r"got Pipeline. Pass the net inside it: pipeline\[-1\]"):
        HistoryDisplay.from_estimator(make_pipeline(clf))
    assert not plt.get_fignums()


def test_the_mark_of_a_kept_epoch_that_is_not_the_best():
    display = HistoryDisplay(
        [3, 2, 1], validation_loss=[3, 2, 2], validation_scores=[0.1, 0.9, 0.5], best_iter=3
    )
    axes = display.plot().axes_
    assert [one.get_legend().get_texts()[-1].get_text() for one in axes] == [
        "kept epoch: 3",
        "kept epoch: 3 (0.5)",
    ]


def test_a_score_name_that_cannot_be_drawn():
    display = HistoryDisplay(
        [2, 1], validation_scores=[0.1, 0.9], score_name="caf\udce9 $", best_iter=2
    )
    ax = display.plot().axes_[1]
    display.figure_.canvas.draw()
    assert ax.get_ylabel() == "caf\\xe9 $"
    assert ax.get_legend().get_texts()[-1].get_text() == "best epoch: 2 (0.9)"
