"""Checkpoints: resuming is the same, to the bit, as never having stopped."""

import json
import pickle
from functools import partial

import numpy as np
import pytest
from fits import assert_same_fit, raise_at_step
from sklearn.base import clone

from convnet import ConvNetClassifier
from convnet.augment import RandomFlip
from convnet.callbacks import Callback, Checkpoint
from convnet.callbacks.checkpoint import read_weights
from convnet.graph import Trainer
from convnet.layers import BatchNorm, Conv2D, Dense, Dropout
from convnet.schedules import Cosine, OneCycle, ReduceOnPlateau, Warmup

NET = [Conv2D(4, 3), BatchNorm(), Dropout(0.3), Dense(8, activation="relu")]


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    y = np.arange(150) % 3
    X = rng.integers(0, 256, (150, 6, 6, 1)).astype(np.uint8)
    X[np.arange(150), y, y] = 255
    return X, y


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.npz"


@pytest.fixture
def clf(path):
    return ConvNetClassifier(
        NET, max_iter=6, random_state=0, batch_size=40, learning_rate_init=0.01,
        callbacks=[Checkpoint(path)], learning_rate="constant",
    )  # fmt: skip


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"solver": "sgd", "learning_rate": OneCycle()},
        {"early_stopping": True, "learning_rate": "cosine", "learning_rate_init": 0.3},
        {"early_stopping": True, "scoring": "neg_log_loss", "solver": "rmsprop"},
        {"tol": 10.0, "n_iter_no_change": 3},
        {"learning_rate": "adaptive", "tol": 0.3, "n_iter_no_change": 1, "clip_norm": 0.5},
        {"learning_rate": ReduceOnPlateau(0.3, 1, min_delta=0.5, cooldown=1)},
        {
            "learning_rate": Warmup(2, ReduceOnPlateau(0.3, 0, min_delta=0.5, min_lr=1e-3)),
            "early_stopping": True,
        },
        {"class_weight": "balanced", "shuffle": False, "learning_rate": lambda e: 0.01 / (e + 1)},
    ],
)
@pytest.mark.parametrize("n", [6, 11, 19])
def test_resuming_is_never_having_stopped(clf, data, path, monkeypatch, params, n):
    clf.set_params(**params)
    whole = clone(clf).set_params(callbacks=None).fit(*data)
    with monkeypatch.context() as patch:
        raise_at_step(patch, n)
        with pytest.raises(KeyboardInterrupt):
            clf.fit(*data)
    taken = []
    with monkeypatch.context() as patch:
        real = Trainer.step
        patch.setattr(Trainer, "step", lambda *a, **k: taken.append(1) or real(*a, **k))
        clf.fit(*data)
    a_epoch = 4
    assert len(taken) < a_epoch * whole.n_iter_  # it did not start again
    assert_same_fit(clf, whole)
    np.testing.assert_array_equal(clf.predict_proba(data[0]), whole.predict_proba(data[0]))
    finished = clone(clf)
    with monkeypatch.context() as patch:
        raise_at_step(patch, 1, RuntimeError)
        finished.fit(*data)
    assert_same_fit(finished, whole)


def test_with_rows_to_validate_on_and_other_free_parameters(clf, data, monkeypatch):
    X, y = data
    val = dict(X_val=X[100:], y_val=y[100:], sample_weight_val=np.linspace(1, 2, 50))
    whole = clone(clf).set_params(callbacks=None).fit(X[:100], y[:100], **val)
    raise_at_step(monkeypatch, 10)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X[:100], y[:100], **val)
    clf.set_params(n_jobs=1, max_time=1e6, callbacks=[*clf.callbacks, Callback()])
    assert_same_fit(clf.fit(X[:100], y[:100], **val), whole)


def test_a_seed_that_was_drawn(clf, data, monkeypatch):
    clf.set_params(random_state=None, early_stopping=True)
    with monkeypatch.context() as patch:
        raise_at_step(patch, 10)
        with pytest.raises(KeyboardInterrupt):
            clf.fit(*data)
    again = pickle.loads(pickle.dumps(clf)).fit(*data)
    assert again.n_iter_ == 6
    seed = again._validation_split
    expected = clone(clf).set_params(callbacks=None)
    monkeypatch.setattr("convnet.fitting.session.draw_seed", lambda _: seed)
    assert_same_fit(again, expected.fit(*data))


def test_more_epochs(clf, data):
    short = clone(clf).set_params(max_iter=2).fit(*data)
    whole = clone(clf).set_params(callbacks=None).fit(*data)
    assert short.n_iter_ == 2
    assert_same_fit(clf.fit(*data), whole)


def test_warm_start(clf, data, path, monkeypatch):
    begun = clone(clf).set_params(callbacks=None, max_iter=2, warm_start=True).fit(*data)
    whole = pickle.loads(pickle.dumps(begun)).set_params(max_iter=3).fit(*data)
    part = pickle.loads(pickle.dumps(begun)).set_params(max_iter=3, callbacks=clf.callbacks)
    other = pickle.loads(pickle.dumps(part))
    with monkeypatch.context() as patch:
        raise_at_step(patch, 7, RuntimeError)
        with pytest.raises(RuntimeError):
            part.fit(*data)
    assert_same_fit(other.fit(*data), whole)
    with pytest.raises(ValueError, match=r"a fit with epochs done before=2; this fit has .*=5"):
        other.fit(*data)


class Halved:
    """A rate without a text of its own: what Python shows of it is where it lies."""

    def __call__(self, epoch):
        return 1e-3 / 2**epoch


def test_objects_are_not_told_apart_by_where_they_lie(clf, data, path):
    whole = clone(clf).set_params(callbacks=None, learning_rate=Halved()).fit(*data)
    for rate in (lambda: Halved(), lambda: partial(Halved.__call__, Halved())):
        stop = Checkpoint(path, resume=False)
        clone(clf).set_params(learning_rate=rate(), max_iter=2, callbacks=[stop]).fit(*data)
        assert_same_fit(clone(clf).set_params(learning_rate=rate()).fit(*data), whole)


def test_augmentations_of_a_file_are_known_by_what_it_says(clf, data, path, tmp_path):
    spec = tmp_path / "augment.json"
    spec.write_text('[{"type": "RandomFlip"}]')
    clf.set_params(augment=spec, max_iter=1).fit(*data)
    clf.set_params(augment=[RandomFlip()]).fit(*data)
    spec.write_text('[{"type": "Cutout", "size": 2}]')
    with pytest.raises(ValueError, match=r"a fit with augment=\[RandomFlip\(\)\]; this fit has"):
        clf.set_params(augment=spec).fit(*data)


@pytest.mark.parametrize(
    "change, name",
    [
        ({"alpha": 0.5}, "alpha=0.0001; this fit has alpha=0.5"),
        ({"layers": NET[1:]}, r"layers=\[Conv2D"),
        ({"random_state": 1}, "random_state=0; this fit has random_state=1"),
        ({"batch_size": 30}, "batch_size=40"),
        ({"learning_rate": Cosine()}, "max_iter=none|learning_rate='constant'"),
        ({"early_stopping": True}, "early_stopping=False"),
    ],
)
def test_other_parameters_are_refused_by_name(clf, data, path, change, name):
    clf.set_params(max_iter=1).fit(*data)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=f"the file was written by a fit with ({name})"):
        clone(clf).set_params(**change).fit(*data)
    assert path.read_bytes() == before
    clone(clf).set_params(callbacks=[Checkpoint(path, resume=False)], **change).fit(*data)
    assert path.read_bytes() != before


def test_a_schedule_of_another_length_is_refused(clf, data):
    clf.set_params(learning_rate="one_cycle", max_iter=2).fit(*data)
    with pytest.raises(ValueError, match="max_iter=2; this fit has max_iter=3"):
        clf.set_params(max_iter=3).fit(*data)


def test_other_data_are_refused(clf, data):
    X, y = data
    clf.set_params(max_iter=1).fit(X, y)
    pixel, label = X.copy(), y.copy()
    pixel[77, 3, 3] ^= 1
    label[77] = (label[77] + 1) % 3
    others = [(pixel, y), (X, label), (X[:149], y[:149]), (X / 255, y), (X, y, np.full(150, 2))]
    for passed in others:
        with pytest.raises(ValueError, match="the file was written by a fit with data="):
            clf.fit(*passed)
    with pytest.raises(ValueError, match="the file was written by a fit with validation data=none"):
        clf.fit(X, y, X_val=X, y_val=y)


def test_what_is_no_checkpoint_is_refused(clf, data, path):
    clf.set_params(max_iter=1).fit(*data)
    whole = path.read_bytes()
    with np.load(path) as file:
        arrays = dict(file)
    numbers = json.loads(arrays.pop("numbers.json").tobytes())
    for content in (b"", b"text", whole[: len(whole) // 2], pickle.dumps({})):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="is not a checkpoint of convnet"):
            clf.fit(*data)

    def write(numbers, arrays):
        text = np.frombuffer(json.dumps(numbers).encode(), np.uint8)
        with open(path, "wb") as file:
            np.savez(file, **{"numbers.json": text}, **arrays)

    write(numbers | {"format": 99}, arrays)
    with pytest.raises(ValueError, match="has format 99; this convnet reads format 1"):
        clf.fit(*data)
    name = "weights/output/bias"
    for wrong in ({name: np.zeros(99, np.float32)}, {name: arrays[name] * np.nan}):
        write(numbers, arrays | wrong)
        with pytest.raises(ValueError, match="does not fit this net: output/bias has"):
            clf.fit(*data)
    for history in ({}, numbers["history"] | {"loss": []}):
        write(numbers | {"history": history}, arrays)
        with pytest.raises(
            ValueError,
            match=r"does not fit this net: (its history has|the lists of its history have)",
        ):
            clf.fit(*data)
    for seeds in (None, [3], [3, -1], [3, 0.5], "ab", {}, [3, 2**31], [10**400, 1]):
        write({k: v for k, v in (numbers | {"seeds": seeds}).items() if v is not None}, arrays)
        with pytest.raises(ValueError, match="does not fit this net: its seeds are"):
            clf.fit(*data)
    write({k: v for k, v in numbers.items() if k != "stopping"}, arrays)
    with pytest.raises(ValueError, match="does not fit this net: 'stopping'"):
        clf.fit(*data)


NUMBERS = {
    "history": [None, [], {"loss": 3}, {"loss": ["a"], "learning_rate": [1], "seconds": [1]}],
    "best": [
        None,
        3,
        [1.0],
        ["a", 1],
        [float("nan"), 1],
        [1.0, 0],
        [1.0, 2],
        [1.0, 1.0],
        [1.0, 10**400],
    ],
    "stopping": [None, [1.0], ["a", 1], [1.0, None]],
    "rates": [
        None,
        0.1,
        [0.1, 1.0, 0],
        *(["0.1", 1.0, 0, 0], [0, 1.0, 0, 0], [-1.0, 1.0, 0, 0], [float("nan"), 1.0, 0, 0]),
        *([0.1, None, 0, 0], [0.1, float("nan"), 0, 0], [0.1, 1.0, -1, 0], [0.1, 1.0, 0, 0.5]),
    ],
    "over": [None, 1, "yes"],
    "trainer": [None, 3, {}, {"steps": -1}, {"steps": 10**400}, {"steps": "1"}],
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_that_cannot_be_are_refused(clf, data, path, name):
    clf.set_params(max_iter=1).fit(*data)
    with np.load(path) as file:
        arrays = dict(file)
    known = json.loads(arrays.pop("numbers.json").tobytes())
    for value in NUMBERS[name]:
        text = json.dumps(known | {name: value}).encode()
        with open(path, "wb") as file:
            np.savez(file, **{"numbers.json": np.frombuffer(text, np.uint8)}, **arrays)
        with pytest.raises(ValueError, match="does not fit this net"):
            clf.fit(*data)


def test_a_checkpoint_that_grows_is_refused(clf, data, path):
    """Compressed: what it holds may be a thousand times its size."""
    np.savez_compressed(path, **{"numbers.json": np.zeros(2**20, np.uint8)})
    with pytest.raises(
        ValueError, match="is not a checkpoint of convnet: its entries are compressed"
    ):
        clf.fit(*data)


def test_files(clf, data, path, tmp_path):
    clf.set_params(max_iter=1).fit(*data)
    assert list(tmp_path.iterdir()) == [path]
    with np.load(path, allow_pickle=False) as file:
        assert set(file.files) > {"numbers.json", "trainer/moment_1"}
    with pytest.raises(ValueError, match="Checkpoint: there is no folder"):
        clf.set_params(callbacks=[Checkpoint(tmp_path / "no" / "c.npz")]).fit(*data)
    assert repr(Checkpoint("a.npz", resume=False)) == "Checkpoint('a.npz', resume=False)"


def test_a_file_for_each_epoch(clf, data, tmp_path, monkeypatch):
    """A fit resumes from the last one, and files of later epochs of another fit are removed."""
    path = tmp_path / "a{epoch}b.npz"
    others = [tmp_path / name for name in ("a12", "ab.npz", "a-1b.npz", "a01b.npz", "xa9b.npz")]
    for other in others:
        other.touch()
    stale, foreign = tmp_path / "a99b.npz", tmp_path / "a2023b.npz"
    clf.set_params(callbacks=[Checkpoint(stale)]).fit(*data)
    np.savez(foreign, X=[1.0])  # no checkpoint, so it is not removed
    clf.set_params(callbacks=[Checkpoint(path, resume=False)])
    whole = clone(clf).set_params(callbacks=None).fit(*data)
    with monkeypatch.context() as patch:
        raise_at_step(patch, 11)  # in the third epoch
        with pytest.raises(KeyboardInterrupt):
            clf.fit(*data)
    files = {file.name for file in tmp_path.iterdir()} - {other.name for other in others}
    assert files == {"a1b.npz", "a2b.npz", foreign.name}
    foreign.unlink()
    clf.set_params(callbacks=[Checkpoint(path)])
    assert_same_fit(clf.fit(*data), whole)
    states = [read_weights(str(tmp_path / f"a{epoch}b.npz")) for epoch in range(1, 7)]
    assert [state.epoch for state in states] == [1, 2, 3, 4, 5, 6]
    for name, array in whole.weights_.items():
        np.testing.assert_array_equal(states[-1].weights[name], array)
    assert all(other.exists() for other in others)
