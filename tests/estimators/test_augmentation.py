"""The estimator's parameter augment."""

import numpy as np
import pytest
from fits import assert_same_fit
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.augment import (
    CutMix,
    Cutout,
    MixUp,
    RandomBrightness,
    RandomCrop,
    RandomFlip,
    RandomRotation,
)
from convnet.augment.plan import plan_augment
from convnet.fitting.session import draw_seed
from convnet.graph.runtime.augmenter import augmented
from convnet.layers import Conv2D, MaxPool2D

LAYERS = [Conv2D(4, 3, activation="relu"), MaxPool2D(2)]
AUGMENT = [RandomFlip(), RandomRotation(15), RandomBrightness(0.2), Cutout(3)]


def data(n=60, dtype=np.uint8):
    rng = np.random.default_rng(0)
    y = np.arange(n) % 3
    X = rng.integers(0, 128, (n, 9, 8, 1))
    X[np.arange(n), y * 2] += 120
    return X.astype(dtype), y


def make(**params):
    return ConvNetClassifier(
        LAYERS, **{"augment": AUGMENT, "max_iter": 3, "random_state": 7} | params
    )


def test_it_trains_and_predicts_without():
    X, y = data()
    clf = make(max_iter=40, learning_rate_init=0.01).fit(X, y)
    assert clf.score(X, y) > 0.9
    plain = clone(clf).set_params(augment=None).fit(X, y)
    assert clf.loss_curve_ != plain.loss_curve_
    want = clf.predict_proba(X)
    np.testing.assert_array_equal(clf.predict_proba(X), want)
    plain.weights_, plain._network_cache = clf.weights_, clf._network_cache.empty_copy()
    np.testing.assert_array_equal(plain.predict_proba(X), want)


@pytest.mark.parametrize("n_jobs", [2, 3, 7])
def test_the_same_bits_at_any_number_of_threads(n_jobs):
    X, y = data()
    assert_same_fit(make(n_jobs=1).fit(X, y), make(n_jobs=n_jobs).fit(X, y))


def test_dtype_and_order_of_the_axes_decide_nothing():
    X, y = data()
    X[0, 0, 0] = 255  # the range, which float32 does not know by itself
    want = make().fit(X, y)
    assert_same_fit(want, make(rescale=1 / 255).fit(X.astype(np.float32), y))
    first = make(data_format="channels_first").fit(X.transpose(0, 3, 1, 2), y)
    assert_same_fit(want, first)
    flat = make(input_shape=(9, 8)).fit(X.reshape(len(X), -1), y)
    assert_same_fit(want, flat)


def test_an_empty_list_is_none():
    X, y = data()
    assert_same_fit(make(augment=None).fit(X, y), make(augment=[]).fit(X, y))


def test_plain_data_and_text():
    X, y = data()
    dicts = [one.to_dict() for one in AUGMENT]
    text = "[{type: RandomFlip}, {type: RandomRotation, degrees: 15}, " \
        "{type: RandomBrightness, factor: 0.2}, {type: Cutout, size: 3}]"  # fmt: skip
    want = make().fit(X, y)
    for spec in (dicts, {"augment": dicts}, text.replace("[{", "- {").replace("}, ", "}\n- ")[:-1]):
        assert_same_fit(want, make(augment=spec).fit(X, y))


def test_held_out_rows_are_never_changed():
    """Neither those of the split nor X_val: their figures are those of the unchanged images."""
    X, y = data()
    clf = make(early_stopping=True, validation_fraction=0.5).fit(X, y)
    X_val, y_val = data(30)
    passed = make().fit(X, y, X_val=X_val, y_val=y_val)
    best = passed.best_iter_ - 1
    assert passed.validation_scores_[best] == passed.score(X_val, y_val)
    losses = -np.log(passed.predict_proba(X_val)[np.arange(30), y_val]).mean()
    assert passed.validation_loss_curve_[best] == pytest.approx(losses, rel=1e-5)
    assert len(clf.validation_scores_) == 3


def test_preview():
    """Row by row what an augmented fit sees, in the units of X: a fit on it without augmentation is the same."""
    X, y = data()
    X[0, 0, 0] = 255
    clf = make(max_iter=1)
    shown = clf.preview_augment(X, n=2)
    assert shown.shape == (60, 2, 9, 8, 1) and shown.dtype == np.uint8
    assert not hasattr(clf, "weights_")
    np.testing.assert_array_equal(clf.preview_augment(X[:5])[:, 0], shown[:5, 0])
    np.testing.assert_array_equal(clf.fit(X, y).preview_augment(X, n=2), shown)
    floats = make(rescale=1 / 255).preview_augment(X.astype(np.float32), n=2)
    other = make(max_iter=1, augment=None, rescale=1 / 255).fit(floats[:, 0], y)
    assert other.loss_ == pytest.approx(clf.loss_, rel=1e-5)
    plan, seed = plan_augment(AUGMENT, X.shape[1:], 255.0), draw_seed(7)
    np.testing.assert_array_equal(floats[:, 1], augmented(X, plan, seed=seed, epoch=1))
    np.testing.assert_array_equal(make(augment=[]).preview_augment(X, 2)[:, 1], X)
    assert floats.dtype == np.float32 and floats.max() > 255 > 0 > floats.min()
    np.testing.assert_array_equal(shown, np.clip(np.rint(floats), 0, 255))


@pytest.mark.parametrize("augment", [AUGMENT, None])
@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (np.uint8, np.uint8),
        (np.uint16, np.uint16),
        (np.int64, np.float32),
        (np.float64, np.float32),
        (bool, np.float32),
    ],
)
def test_preview_has_the_dtype_that_matplotlib_shows(dtype, expected, augment):
    X, _ = data(4)
    shown = make(augment=augment, rescale=None).preview_augment(
        (X > 99 if dtype is bool else X).astype(dtype)
    )
    assert shown.dtype == expected and (augment or (shown[:, 0] == X).all() or dtype is bool)


def test_preview_of_uint8_is_drawn_correctly():
    """White where brightness exceeds the range, as in training; not where a float exceeds 1."""
    X = np.full((1, 4, 4, 3), 100, np.uint8)
    X[0, 0, 0] = 0, 100, 255
    clf = make(augment=[RandomBrightness(0.5)])
    shown = clf.preview_augment(X, 9)
    moved = np.rint(shown[0, :, 3, 3, 0].astype(int) - 100)
    assert (moved > 10).any() and (moved < -10).any()
    expected = np.clip(X[0, 0, 0] + moved[:, None], 0, 255)
    np.testing.assert_array_equal(shown[0, :, 0, 0], expected)


@pytest.mark.filterwarnings("ignore:.*Only uint8 and uint16 are divided by their maximum")
def test_rows_of_no_weight_have_no_part_in_the_range_of_values():
    """Brightness changes by shares of it."""
    X, y = data()
    X = X.astype(np.float32)
    more = np.concatenate([X, np.full((1, 9, 8, 1), -9e4, np.float32)])
    got = make().fit(more, [*y, 0], sample_weight=[1] * len(X) + [0])
    assert_same_fit(got, make().fit(X, y))


def test_preview_leaves_the_random_state_alone():
    X, state = data()[0], np.random.RandomState(3)
    clf, before = make(random_state=state), state.get_state()[1].copy()
    first = clf.preview_augment(X)
    np.testing.assert_array_equal(clf.preview_augment(X), first)
    np.testing.assert_array_equal(state.get_state()[1], before)


@pytest.mark.parametrize(
    ("params", "X", "message"),
    [
        (
            {},
            np.ones((30, 8)),
            r"augment\[0\] RandomFlip\(\) needs images, but X is 2-D with 8 features",
        ),
        (
            {"augment": [RandomCrop(8)]},
            None,
            r"RandomCrop\(8\): padding 8 could shift .* width of 8",
        ),
        ({"augment": [Cutout(10)]}, None, r"augment\[0\] Cutout\(10\): size 10 is larger than"),
        (
            {"augment": [{"type": "Cutout", "size": -1}]},
            None,
            r"augment\[0\]: Cutout: size must be",
        ),
        ({"augment": "flip"}, None, "augment must be None or a list of augmentations; got 'flip'"),
    ],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit", "preview_augment"])
def test_refused(params, X, message, method):
    clf = make(**params)
    X = data()[0] if X is None else X
    if X.ndim == 2:
        clf.layers = "auto"
    before = dict(vars(clf))
    args = (X,) if method == "preview_augment" else (X, np.arange(len(X)) % 3)
    more = {"classes": [0, 1, 2]} if method == "partial_fit" else {}
    with pytest.raises((TypeError, ValueError), match=message):
        getattr(clf, method)(*args, **more)
    assert vars(clf) == before


@pytest.mark.parametrize("n", [0, 1.5, True])
def test_preview_of_no_epochs(n):
    with pytest.raises((TypeError, ValueError), match="n must be an integer, 1 or more"):
        make().preview_augment(data()[0], n)


def test_nested_names():
    clf = make()
    params = clf.get_params()
    assert params["augment__1__degrees"] == 15 and params["augment__0"] == RandomFlip()
    sibling = clone(clf)
    clf.set_params(**{"augment__1__degrees": 30, "augment__-1": RandomCrop(1)})
    assert clf.augment == [RandomFlip(), RandomRotation(30), RandomBrightness(0.2), RandomCrop(1)]
    assert sibling.augment == AUGMENT and AUGMENT[1] == RandomRotation(15)
    assert make(augment=None).get_params()["augment"] is None


@pytest.mark.parametrize(
    ("name", "augment", "message"),
    [
        (
            "augment__9__degrees",
            AUGMENT,
            "augment__9: no augmentation has this index. augment__0 is RandomFlip",
        ),
        ("augment__1__degree", AUGMENT, "Did you mean 'degrees'"),
        ("augment__flip__mode", AUGMENT, "augment__flip: no augmentation has this name"),
        ("augment__0__mode", None, "augment__0: no augmentation has this index. The list is empty"),
    ],
)
def test_bad_nested_names(name, augment, message):
    with pytest.raises(ValueError, match=message):
        make(augment=augment).set_params(**{name: 1})


def test_a_bad_value_waits_for_fit():
    clf = make().set_params(augment__1__degrees=400)
    with pytest.raises(ValueError, match=r"augment\[1\]: RandomRotation: degrees must be a number"):
        clf.fit(*data())


def test_search():
    X, y = data()
    grid = {"augment": [None, AUGMENT], "alpha": [0.0]}
    search = GridSearchCV(make(max_iter=1), grid, cv=2, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 2
    grid = {"augment__1__degrees": [0, 30]}
    search = GridSearchCV(make(max_iter=1), grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_estimator_.augment[1].degrees in (0, 30)


MIXED = [RandomFlip(), MixUp(0.4), CutMix()]


def test_mixing_learns():
    """Of classes, several labels and numbers. Only the training loss is that of mixed targets."""
    X, y = data(90)
    clf = make(augment=MIXED, max_iter=60, learning_rate_init=0.02).fit(X, y, X_val=X, y_val=y)
    assert clf.score(X, y) > 0.9
    assert clf.loss_curve_[-1] > clf.validation_loss_curve_[clf.best_iter_ - 1]
    assert clf.history_["score"][-1] < 0.95
    labels = np.stack([y == 0, y > 0, y > 1], axis=1).astype(int)
    several = make(augment=MIXED, max_iter=60, learning_rate_init=0.02).fit(X, labels)
    assert several.score(X, labels) > 0.9
    options = dict(augment=MIXED, max_iter=60, learning_rate_init=0.02, random_state=0)
    assert ConvNetRegressor(LAYERS, **options).fit(X, y * 100.0).score(X, y * 100.0) > 0.8


@pytest.mark.parametrize("n_jobs", [2, 3, 7])
def test_mixing_gives_the_same_bits_at_any_number_of_threads(n_jobs):
    X, y = data(61)
    fits = [
        make(
            augment=MIXED, batch_size=20, class_weight="balanced", label_smoothing=0.1, n_jobs=n
        ).fit(X, y)
        for n in (1, n_jobs)
    ]
    assert_same_fit(*fits)


def test_mixing_behind_frozen_layers():
    """Nothing is cached: frozen layers see the mixed images, so that freezing with a rate of 0 is the same."""
    X, y = data()
    base = make(augment=None).fit(X, y)
    options = dict(augment=MIXED, init_weights=FrozenEstimator(base), solver="sgd", alpha=0.0)
    frozen = make(freeze="until:conv1", **options).fit(X, y)
    still = make(layer_learning_rates={"conv1": 1e-30}, **options).fit(X, y)
    assert frozen.loss_curve_ == pytest.approx(still.loss_curve_, rel=1e-5)
    assert (
        frozen.loss_curve_
        != make(freeze="until:conv1", **options | {"augment": None}).fit(X, y).loss_curve_
    )


def test_preview_mixes_its_images_as_one_batch():
    X, _ = data(30)
    shown = make(augment=[CutMix()]).preview_augment(X)
    changed = shown[:, 0] != X
    assert shown.dtype == np.uint8 and 0.2 < changed.any(axis=(1, 2, 3)).mean() <= 1
    np.testing.assert_array_equal(
        make(augment=MIXED).preview_augment(X[:1], 5)[0].max(), X[0].max()
    )
