"""HistoryDisplay."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.inspection import FilterDisplay, HistoryDisplay
from convnet.inspection.displays.fits import KEY, PALETTE
from convnet.layers import Dense


def legend(display):
    """Return the title of the only legend, and its entries: label, color and line style."""
    boxes = [ax.get_legend() for ax in display.axes_ if ax.get_legend()]
    (box,) = boxes
    handles = [(line.get_color(), line.get_linestyle()) for line in box.get_lines()]
    texts = [text.get_text() for text in box.get_texts()]
    return box.get_title().get_text(), dict(zip(texts, handles, strict=True))


def test_curves_of_a_classifier(clf, ax):
    display = HistoryDisplay.from_estimator(clf, ax=ax)
    losses, scores = display.axes_
    history = clf.history_
    for name, key, axes, style in [
        ("loss", "loss", losses, "--"),
        ("validation_loss", "validation_loss", losses, "-"),
        ("scores", "score", scores, "--"),
        ("validation_scores", "validation_score", scores, "-"),
    ]:
        assert (getattr(display, name) == history[key]).all()
        line = display.lines_[name]
        assert (line.get_xdata() == np.arange(1, clf.n_iter_ + 1)).all()
        assert (line.get_ydata() == history[key]).all() and line.axes is axes
        assert (line.get_color(), line.get_linestyle()) == (PALETTE[0], style)
    assert (losses.get_ylabel(), scores.get_ylabel()) == ("loss", "accuracy")
    assert scores.get_xlabel() == "epoch" and losses.get_xlabel() == ""
    assert display.figure_ is losses.figure
    assert len(display.figure_.axes) == 3 + (ax is not None)  # and the one that was divided


def test_the_best_epoch_is_marked(clf):
    display = HistoryDisplay.from_estimator(clf)
    assert [set(mark.get_xdata()) for mark in display.best_iter_lines_] == [{clf.best_iter_}] * 2
    assert [mark.axes for mark in display.best_iter_lines_] == list(display.axes_)
    score = clf.validation_scores_[clf.best_iter_ - 1]
    title, entries = legend(display)
    assert title == "ConvNetClassifier" and list(entries) == [
        "training",
        "validation",
        f"best epoch {clf.best_iter_} (accuracy {score:.4g})",
    ]
    assert list(entries.values()) == [(PALETTE[0], style) for style in ("--", "-", ":")]


@pytest.mark.parametrize("kind", [ConvNetRegressor, ConvNetClassifier])
def test_no_validation(photographs, kind):
    X, y = photographs
    net = kind([Dense(3)], max_iter=40, random_state=0).fit(X, y == "cat")
    display = HistoryDisplay.from_estimator(net, name="small")
    losses, scores = display.axes_
    assert list(display.lines_) == ["loss", "scores"] and display.validation_loss is None
    assert (display.lines_["scores"].get_ydata() == net.history_["score"]).all()
    assert (scores.get_xlabel(), losses.get_ylabel()) == ("epoch", "loss")
    assert scores.get_ylabel() == ("R²" if kind is ConvNetRegressor else "accuracy")
    assert not display.best_iter_lines_
    assert legend(display) == ("small", {"training": (PALETTE[0], "--")})
    given = plt.subplots(2)[1]
    again = display.plot(given, line_kw={"linewidth": 3, "color": "k"})
    assert again is display and display.axes_[0] is given[0] and given[0].axison
    assert display.lines_["loss"].get_linewidth() == 3


def two(clf, photographs):
    X, y = photographs
    other = clone(clf).set_params(max_iter=7, random_state=1).fit(X, y)
    assert other.best_iter_ != clf.best_iter_
    return other


@pytest.mark.parametrize("place", ["divided", "panels", "pair"])
def test_several_fits(clf, photographs, place):
    other = two(clf, photographs)
    ax = plt.subplots(2)[1] if place == "pair" else plt.subplots()[1]
    first = HistoryDisplay.from_estimator(clf, ax=ax, name="a")
    ax = first.axes_ if place == "panels" else ax
    second = HistoryDisplay.from_estimator(other, ax=ax, name="b")
    last = HistoryDisplay([3, 2], name="c").plot(ax)  # has no scores
    assert list(second.axes_) == list(first.axes_) and list(last.axes_) == [first.axes_[0]]
    assert len(first.figure_.axes) == (2 if place == "pair" else 3)
    for i, (display, net) in enumerate([(first, clf), (second, other)]):
        drawn = [*display.lines_.values(), *display.best_iter_lines_]
        assert {line.get_color() for line in drawn} == {PALETTE[i]}
        assert {mark.get_xdata()[0] for mark in display.best_iter_lines_} == {net.best_iter_}
    title, entries = legend(first)
    notes = [
        f"{name}: best epoch {net.best_iter_} (accuracy {max(net.validation_scores_):.4g})"
        for name, net in [("a", clf), ("b", other)]
    ]
    assert title == "" and entries == {
        **dict(zip([*notes, "c"], [(color, "-") for color in PALETTE], strict=False)),
        "training": (KEY, "--"),
        "validation": (KEY, "-"),
        "best epoch": (KEY, ":"),
    }
    assert first.axes_[1].get_xlim() == (0.5, 1.02 * 7 + 0.5)
    assert first.axes_[0].get_xlim() == (0.5, 1.02 * 7 + 0.5)


def test_names_of_several_fits(clf):
    display = HistoryDisplay.from_estimator(clf)
    for name in (None, 64):
        HistoryDisplay.from_estimator(clf, ax=display.axes_, name=name)
    names = [label.partition(":")[0] for label in legend(display)[1]][:3]
    assert names == ["ConvNetClassifier 1", "ConvNetClassifier 2", "64"]
    assert display.name == "ConvNetClassifier"


def test_cleared_axes_start_again(clf):
    axes = plt.subplots(2)[1]
    HistoryDisplay.from_estimator(clf, ax=axes)
    for ax in axes:
        ax.clear()
    display = HistoryDisplay.from_estimator(clf, ax=axes)
    assert display.lines_["loss"].get_color() == PALETTE[0]
    assert "training" in legend(display)[1] and len(legend(display)[1]) == 3


def test_axes_that_cannot_be_divided(clf):
    ax = plt.subplots()[1]
    ax.plot([1, 2])
    with pytest.raises(ValueError, match=r"ax has curves. Pass two axes, or None"):
        HistoryDisplay.from_estimator(clf, ax=ax)
    ax = plt.subplots()[1]
    FilterDisplay.from_estimator(clf, ax=ax)
    with pytest.raises(ValueError, match=r"ax is hidden, or another display has divided it"):
        HistoryDisplay.from_estimator(clf, ax=ax)


def test_axes_side_by_side_have_both_their_labels(clf):
    figure, axes = plt.subplots(1, 2)
    HistoryDisplay.from_estimator(clf, ax=axes)
    figure.canvas.draw()
    for ax in axes:
        assert ax.get_xlabel() == "epoch" and any(t.get_text() for t in ax.get_xticklabels())


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
        # The training score is R², whatever `scoring` is.
        assert ("scores" in display.lines_) == (scoring is None)
    HistoryDisplay.from_estimator(clf, ax=display.axes_)
    assert display.axes_[1].get_ylabel() == "score"
    same = ConvNetClassifier([Dense(3)], max_iter=2, early_stopping=True, scoring="accuracy")
    assert "scores" in HistoryDisplay.from_estimator(same.fit(X, y)).lines_


def test_arrays_alone():
    display = HistoryDisplay([3, 2, 1], validation_scores=[0.1, 0.3, 0.2], score_name="recall")
    axes = plt.subplots(2)[1]
    display.plot(axes)
    assert list(display.axes_) == list(axes) and not display.best_iter_lines_
    with pytest.raises(ValueError, match=r"HistoryDisplay.plot needs 1 or 2 axes; got 3"):
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
    assert axes[0].get_legend().get_texts()[-1].get_text() == "kept epoch 3 (score 0.5)"
    axes = HistoryDisplay([3, 2, 1], best_iter=3).plot().axes_
    assert axes[0].get_legend().get_texts()[-1].get_text() == "kept epoch 3"


def test_a_score_name_that_cannot_be_drawn():
    display = HistoryDisplay(
        [2, 1],
        validation_scores=[0.1, 0.9],
        score_name="caf\udce9 $",
        best_iter=2,
        name="$x\udce9",
    )
    ax = display.plot().axes_[1]
    display.figure_.canvas.draw()
    assert ax.get_ylabel() == "caf\\xe9 $"
    title, entries = legend(display)
    assert title == "$x\\xe9" and list(entries)[-1] == "best epoch 2 (caf\\xe9 $ 0.9)"
    display.plot(display.axes_)
    display.figure_.canvas.draw()
    assert next(iter(legend(display)[1])).startswith("$x\\xe9 1: best epoch 2")


def test_short_names_of_line_properties():
    lines = HistoryDisplay([2.0, 1.0]).plot(line_kw=dict(lw=3, ls=":", c="k")).lines_
    assert (lines["loss"].get_linewidth(), lines["loss"].get_linestyle()) == (3, ":")
    assert lines["loss"].get_color() == "k"


def test_a_best_epoch_that_does_not_exist():
    with pytest.raises(
        ValueError, match="best_iter must be from 1 to 2, the number of epochs; got 5"
    ):
        HistoryDisplay([2.0, 1.0], validation_scores=[0.1, 0.2], best_iter=5).plot()
