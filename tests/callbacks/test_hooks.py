"""Hooks: when they are called, what they see, and what an error in one leaves behind."""

import csv
import gc
import io
import weakref

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from convnet import ConvNetClassifier
from convnet.callbacks import Callback, Checkpoint, HistoryCSV
from convnet.layers import Dense


class Log(Callback):
    """Keeps the names of the calls."""

    def __init__(self):
        self.calls = []

    def on_fit_begin(self, run):
        self.calls.append(("fit begin", run.epoch, run.last_epoch))

    def on_epoch_begin(self, run):
        self.calls.append(("epoch begin", run.epoch))

    def on_epoch_end(self, run):
        assert run.history["loss"][-1] == run.metrics["loss"]
        self.calls.append(("epoch end", run.epoch))

    def on_fit_end(self, run):
        self.calls.append(("fit end", run.epoch))

    def close(self, run):
        self.calls.append("close")


class Hook(Callback):
    """Calls a function in one hook."""

    def __init__(self, name, function):
        setattr(self, name, function)


@pytest.fixture
def data():
    X, y = load_digits(return_X_y=True)
    return X[:200], y[:200]


@pytest.fixture
def clf():
    return ConvNetClassifier(
        [Dense(8, activation="relu")], max_iter=3, random_state=0, learning_rate="constant"
    )


def test_the_order_of_calls(clf, data):
    log = Log()
    clf.set_params(callbacks=[log], warm_start=True).fit(*data)
    epochs = [call for n in range(3) for call in (("epoch begin", n), ("epoch end", n + 1))]
    assert log.calls == [("fit begin", 0, 3), *epochs, ("fit end", 3), "close"]
    clf.set_params(max_iter=1).fit(*data)
    assert log.calls[9:] == [
        *(("fit begin", 3, 4), ("epoch begin", 3), ("epoch end", 4), ("fit end", 4), "close")
    ]
    clf.partial_fit(*data)
    assert len(log.calls) == 14


def test_batches(clf, data):
    seen = []
    hook = Hook("on_batch_end", lambda run: seen.append((run.epoch, run.batch, run.n_batches)))
    between = Hook("on_epoch_end", lambda run: seen.append(run.batch) and None)
    clf.set_params(callbacks=[hook, between], batch_size=90).fit(*data)
    assert seen == [step for n in range(3) for step in ((n, 1, 3), (n, 2, 3), (n, 3, 3), 0)]


def test_no_state_within_an_epoch(clf, data):
    """The moments would be newer than the weights."""
    clf.set_params(callbacks=[Hook("on_batch_end", lambda run: run.state())])
    with pytest.raises(RuntimeError, match="Call state\\(\\) in on_epoch_end"):
        clf.fit(*data)


def test_a_hook_ends_training(clf, data):
    stop = Hook("on_epoch_end", lambda run: run.epoch == 2)
    log = Log()
    clf.set_params(callbacks=[stop, log]).fit(*data)
    assert clf.n_iter_ == 2 and log.calls[-3:] == [("epoch end", 2), ("fit end", 2), "close"]


@pytest.mark.parametrize(
    "hook",
    [
        "resume",
        "on_fit_begin",
        "on_epoch_begin",
        "on_batch_end",
        "on_epoch_end",
        "on_fit_end",
        "close",
    ],
)
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_ends_fit_and_leaves_the_estimator_as_it_was(clf, data, hook, error):
    def fails(run):
        raise error("of a hook")

    fitted, log = clone(clf).fit(*data), Log()
    for est in (clf, fitted):
        est.set_params(callbacks=[log, Hook(hook, fails)])
        before = dict(vars(est))
        with pytest.raises(error, match="of a hook") as caught:
            est.fit(data[0][:50], data[1][:50])
        assert caught.traceback[-1].name == "fails"
        assert vars(est).keys() == before.keys()
        assert all(vars(est)[name] is value for name, value in before.items())
        assert log.calls == [] if hook == "resume" else log.calls[-1] == "close"


def test_a_fitted_estimator_of_its_own(clf, data):
    seen = []
    clf.set_params(early_stopping=True, learning_rate_init=0.1, max_iter=6)
    spy = Hook("on_epoch_end", lambda run: seen.append((run.fitted(), run.best_epoch)) and None)
    clf.set_params(callbacks=[spy]).fit(*data)
    for n, (early, best) in enumerate(seen, 1):
        expected = clone(clf).set_params(callbacks=None, max_iter=n).fit(*data)
        assert early.n_iter_ == n and early.best_iter_ == best == expected.best_iter_
        np.testing.assert_array_equal(early.predict_proba(data[0]), expected.predict_proba(data[0]))


@pytest.mark.parametrize("hook", ["on_fit_begin", "on_epoch_begin"])
@pytest.mark.parametrize("asked", ["fitted", "state"])
def test_nothing_is_there_before_the_first_epoch(clf, data, hook, asked):
    ask = Hook(hook, lambda run: getattr(run, asked)())
    with pytest.raises(ValueError, match=r"no epoch has ended|before the first epoch has ended"):
        clf.set_params(callbacks=[ask]).fit(*data)


@pytest.mark.parametrize("asked", ["epoch", "history", "best_epoch", "epoch_is_complete"])
def test_there_is_no_training_yet_to_resume(clf, data, asked):
    ask = Hook("resume", lambda run: getattr(run, asked))
    with pytest.raises(ValueError, match="has not begun: ask in on_fit_begin, or later"):
        clf.set_params(callbacks=[ask]).fit(*data)


def test_bad_callbacks(clf, data):
    for bad in (Log, [Log], Log(), ["csv"]):
        with pytest.raises(ValueError, match=r"callbacks must be None or a list of .*Callback"):
            clf.set_params(callbacks=bad).fit(*data)


def test_clones_share_callbacks_in_searches_and_pipelines(clf, data):
    log = Log()
    clf.set_params(callbacks=[log], max_iter=1)
    assert clone(clf).callbacks[0] is log
    search = GridSearchCV(clf, {"alpha": [0.0, 0.1]}, cv=2).fit(*data)
    assert sum(call == "close" for call in log.calls) == 5 and search.best_score_ > 0
    cross_validate(make_pipeline(MinMaxScaler(), clf), *data, cv=2)
    assert sum(call == "close" for call in log.calls) == 7


def test_history_as_csv(clf, data, tmp_path):
    path = tmp_path / "history.csv"
    lengths = []
    watch = Hook(
        "on_epoch_end", lambda run: lengths.append(len(path.read_text().splitlines())) and None
    )
    clf.set_params(callbacks=[HistoryCSV(path), watch], warm_start=True).fit(*data)
    assert lengths == [2, 3, 4]
    clf.set_params(early_stopping=True, max_iter=1).fit(*data)
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [row.pop("epoch") for row in rows] == ["1", "2", "3", "4"]
    for name, metrics in clf.history_.items():
        found = [float(row[name] or "nan") for row in rows]
        np.testing.assert_array_equal(found, metrics)
    assert rows[0]["validation_score"] == "" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(ValueError, match="HistoryCSV: there is no folder"):
        clf.set_params(callbacks=[HistoryCSV(tmp_path / "no" / "h.csv")]).fit(*data)


@pytest.mark.parametrize("callback", [HistoryCSV, Checkpoint])
def test_a_path_that_cannot_be_written_is_refused_before_training(clf, data, tmp_path, callback):
    log = Log()
    for path, message in (
        (tmp_path, "is a folder. Pass the path of a file"),
        ("", "is a folder"),
        (tmp_path / ("a" * 250), "cannot be written: File name too long"),
        (3, "path must be a string or a path; got 3"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"^{callback.__name__}: .*{message}"):
            clf.set_params(callbacks=[callback(path), log]).fit(*data)
    assert not log.calls and not list(tmp_path.iterdir())


@pytest.mark.parametrize("callback", [HistoryCSV, Checkpoint])
def test_a_file_has_the_rights_of_any_other_and_its_path_may_be_bytes(
    clf, data, tmp_path, callback
):
    path, other = tmp_path / "mine", tmp_path / "other"
    other.touch()
    clf.set_params(callbacks=[callback(bytes(path))]).fit(*data)
    assert path.stat().st_mode == other.stat().st_mode


def test_the_memory_of_a_fit_goes_with_it(clf, data):
    """At once: the objects of a fit are not part of a cycle, which would wait for the garbage collector."""
    runs = []

    class Keep(Callback):
        def on_fit_begin(self, run):
            runs.append(weakref.ref(run))

    gc.disable()
    try:
        fitted = clone(clf).set_params(callbacks=[Keep()]).fit(*data)
        assert runs[0]() is None
        assert fitted.n_iter_
    finally:
        gc.enable()
