"""scikit-learn's callback protocol: set_callbacks, ProgressBar, ScoringMonitor, alone and nested."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from convnet import ConvNetClassifier
from convnet.callbacks import Checkpoint
from convnet.layers import Dense

protocol = pytest.importorskip("sklearn.callback", reason="the protocol came with scikit-learn 1.9")


class Recorder:
    """Keeps the tasks; ends them where it is told to."""

    def __init__(self, stop_at=None, fail_at=None):
        self.seen, self.fitted, self.stop_at, self.fail_at = [], [], stop_at, fail_at

    def setup(self, estimator, context):
        self.seen.append("setup")

    def teardown(self, estimator, context):
        self.seen.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.seen.append(("begin", context.task_name, context.task_id, context.max_subtasks))

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        self.seen.append(("end", context.task_name, context.task_id))
        self.fitted.append((fitted_estimator, X, y, metadata))
        if context.task_name == "epoch" and context.task_id == self.fail_at:
            raise RuntimeError("of a callback")
        return context.task_name == "epoch" and context.task_id == self.stop_at


class Nested(Recorder):
    """Set on the outer estimator, and propagated to the net."""

    max_propagation_depth = None


@pytest.fixture
def data(digits):
    return digits[0][:150].reshape(150, 64), digits[1][:150]


@pytest.fixture
def clf():
    return ConvNetClassifier(
        [Dense(8, activation="relu")], max_iter=3, random_state=0, learning_rate="constant"
    )


def test_the_tasks_of_a_fit(clf, data):
    recorder = Recorder()
    assert clf.set_callbacks(recorder) is clf
    w = np.linspace(1, 2, 150)
    clf.fit(*data, sample_weight=w)
    epochs = [t for n in range(3) for t in (("begin", "epoch", n, 0), ("end", "epoch", n))]
    assert recorder.seen == [
        *("setup", ("begin", "fit", 0, 3)), *epochs, *(("end", "fit", 0), "teardown")
    ]  # fmt: skip
    for n, (fitted, X, y, metadata) in enumerate(recorder.fitted, 1):
        assert X is data[0] and y is data[1] and metadata["sample_weight"] is w
        n = min(n, 3)
        expected = clone(clf).set_callbacks().set_params(max_iter=n).fit(*data, sample_weight=w)
        assert fitted.n_iter_ == n
        np.testing.assert_array_equal(fitted.predict_proba(X), expected.predict_proba(X))
    left = {name for name in vars(clf) if "callback" in name}
    assert left == {"callbacks", "_skl_callbacks"}


def test_a_callback_ends_training(clf, data):
    clf.set_callbacks(Recorder(stop_at=1)).fit(*data)
    assert clf.n_iter_ == 2


def test_a_callback_that_raises(clf, data):
    recorder = Recorder(fail_at=1)
    clf.set_callbacks(recorder)
    before = dict(vars(clf))
    with pytest.raises(RuntimeError, match="of a callback"):
        clf.fit(*data)
    assert vars(clf) == before and recorder.seen[-1] == "teardown"


def test_refused_data_leave_nothing_behind(clf, data):
    before = dict(vars(clf.set_callbacks(Recorder())))
    with pytest.raises(ValueError, match="NaN"):
        clf.fit(np.full((9, 4), np.nan), np.arange(9))
    assert vars(clf) == before


def test_without_callbacks_no_task_is_made(clf, data, monkeypatch):
    monkeypatch.setattr(type(clf), "_init_callback_context", None)
    clf.fit(*data)


def test_scoring_monitor(clf, data):
    monitor = protocol.ScoringMonitor(scoring="accuracy")
    clf.set_callbacks(monitor).fit(*data)
    log = monitor.get_logs().data
    scores = [row["accuracy"] for row in log if row["task_name"] == "epoch"]
    plain = clone(clf).set_callbacks()
    assert scores == [plain.set_params(max_iter=n).fit(*data).score(*data) for n in (1, 2, 3)]


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_nested_in_a_search_and_a_pipeline(clf, data, n_jobs):
    monitor = protocol.ScoringMonitor(scoring="accuracy")
    pipe = make_pipeline(MinMaxScaler(), clf.set_params(n_jobs=1).set_callbacks(monitor))
    search = GridSearchCV(pipe, {"convnetclassifier__alpha": [0.0, 0.1]}, cv=2, n_jobs=n_jobs)
    search.fit(*data)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == (2 * 2 + 1) * 3  # the refit too
    assert len({row["parent_task_id_path"] for row in rows}) == 5


def test_propagated_callbacks(clf, data):
    recorder = Nested()
    pipe = make_pipeline(MinMaxScaler(), clf).set_callbacks(recorder)
    with pytest.warns(UserWarning, match="MinMaxScaler does not support"):
        pipe.fit(*data)
    names = [task[1] for task in recorder.seen if task[0] == "end"]
    assert names.count("epoch") == 3 and recorder.seen.count("setup") == 1
    assert not hasattr(clf, "_skl_callbacks") and not hasattr(clf, "_parent_callback_ctx")


def test_progress_bar(clf, data, capsys):
    pytest.importorskip("rich", reason="scikit-learn's ProgressBar shows itself by rich")
    clf.set_callbacks(protocol.ProgressBar()).fit(*data)
    assert "ConvNetClassifier - fit" in capsys.readouterr().out
    search = GridSearchCV(clf.set_callbacks(), {"alpha": [0.0, 0.1]}, cv=2)
    search.set_callbacks(protocol.ProgressBar(max_propagation_depth=None)).fit(*data)
    assert "ConvNetClassifier - fit" in capsys.readouterr().out


def test_resuming_has_fewer_tasks(clf, data, tmp_path):
    clf.set_params(callbacks=[Checkpoint(tmp_path / "c.npz")], max_iter=2).fit(*data)
    recorder = Recorder()
    clf.set_params(max_iter=3).set_callbacks(recorder).fit(*data)
    assert clf.n_iter_ == 3 and ("begin", "fit", 0, 1) in recorder.seen


def test_what_set_callbacks_takes(clf, data):
    with pytest.raises(TypeError, match="FitCallback"):
        clf.set_callbacks(Checkpoint("c.npz"))
    with pytest.raises(ValueError, match=r"pass scikit-learn's to set_callbacks"):
        clf.set_params(callbacks=[Recorder()]).fit(*data)
