"""The order of axes: what seems to be in another order is refused with both readings; what is declared is believed."""

import numpy as np
import pytest

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.layers import AvgPool2D, Conv1D, Conv2D, Dense, GlobalAvgPool1D

SIGNAL, IMAGE = [Conv1D(4, 1), GlobalAvgPool1D()], [Conv2D(4, 1)]
FIRST = {"data_format": "channels_first"}


def fit(layers, shape, **params):
    n = shape[0]
    X = np.random.default_rng(0).random(shape)
    return ConvNetClassifier(layers, max_iter=1, **params).fit(X, np.arange(n) % 2)


@pytest.mark.parametrize(
    ("layers", "shape", "readings"),
    [
        (
            SIGNAL,
            (40, 6, 100),
            ("signals of 100 steps with 6 channels", "signals of 6 steps with 100 channels"),
        ),
        (
            SIGNAL,
            (40, 1, 150),
            ("signals of 150 steps with 1 channel", "signals of 1 step with 150 channels"),
        ),
        (
            IMAGE,
            (4, 3, 20, 20),
            ("images of 20×20 pixels with 3 channels", "images of 3×20 pixels with 20 channels"),
        ),
        (
            IMAGE,
            (4, 1, 250, 22),
            ("images of 250×22 pixels with 1 channel", "images of 1×250 pixels with 22 channels"),
        ),
        (
            IMAGE,
            (4, 4, 8, 8),
            ("images of 8×8 pixels with 4 channels", "images of 4×8 pixels with 8 channels"),
        ),
        (
            IMAGE,
            (4, 12, 8, 8),
            ("images of 8×8 pixels with 12 channels", "images of 12×8 pixels with 8 channels"),
        ),
        (
            IMAGE,
            (4, 2, 64, 64),
            ("images of 64×64 pixels with 2 channels", "images of 2×64 pixels with 64 channels"),
        ),
        (
            "auto",
            (4, 13, 16, 16),
            ("images of 16×16 pixels with 13 channels", "images of 13×16 pixels with 16 channels"),
        ),
    ],
)
def test_both_readings_are_named_and_can_be_chosen(layers, shape, readings):
    one = shape[1:]
    with pytest.raises(ValueError) as caught:
        fit(layers, shape)
    sizes = ", ".join(map(str, one))
    assert str(caught.value) == (
        f"X has shape (n, {sizes}): looks channels-first. If X holds {readings[0]}, pass "
        f'data_format="channels_first" to the estimator. If it holds {readings[1]}, pass input_shape={one}.'
    )
    for method in (ConvNetClassifier(layers).summary, ConvNetClassifier(layers).preview_augment):
        with pytest.raises(ValueError, match="looks channels-first"):
            method(np.zeros(shape))
    assert fit(layers, shape, **FIRST).input_shape_ == (*one[1:], one[0])
    if layers != "auto":
        assert fit(layers, shape, input_shape=one).input_shape_ == one
        assert fit(layers, shape, input_shape=one, **FIRST).input_shape_ == (*one[1:], one[0])


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        (SIGNAL, (40, 100, 6)),
        (SIGNAL, (40, 100, 1)),
        (SIGNAL, (40, 6, 6)),
        (IMAGE, (4, 8, 8, 12)),
        (IMAGE, (4, 19, 19, 17)),
        (IMAGE, (4, 7, 7, 64)),
        (IMAGE, (4, 250, 22, 1)),
        (IMAGE, (4, 3, 4, 64)),
        (IMAGE, (4, 1, 1, 64)),
        (IMAGE, (4, 20, 30, 40)),
        (IMAGE, (4, 30, 28)),
        ("auto", (40, 6, 100)),
    ],
)
def test_these_are_channels_last(layers, shape):
    one = shape[1:] if len(shape) == 4 or layers is SIGNAL else (*shape[1:], 1)
    assert fit(layers, shape).input_shape_ == one


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        (SIGNAL, (40, 6, 100)),
        (SIGNAL, (40, 64, 20)),
        (IMAGE, (4, 22, 8, 16)),
        (IMAGE, (4, 8, 8, 12)),
        (IMAGE, (4, 4, 8, 8)),
    ],
)
def test_channels_first_is_believed(layers, shape):
    assert fit(layers, shape, **FIRST).input_shape_ == (*shape[2:], shape[1])


@pytest.mark.parametrize(
    ("layers", "shape", "reading"),
    [
        (SIGNAL, (40, 150, 1), "signals of 150 steps with 1 channel"),
        (IMAGE, (4, 28, 28, 3), "images of 28×28 pixels with 3 channels"),
    ],
)
def test_channels_first_that_cannot_be_meant(layers, shape, reading):
    with pytest.raises(ValueError) as caught:
        fit(layers, shape, **FIRST)
    remedy = f'looks channels-last. If X holds {reading}, pass data_format="channels_last"'
    assert remedy in str(caught.value)
    assert fit(layers, shape, input_shape=shape[1:], **FIRST).input_shape_ == (*shape[2:], shape[1])


@pytest.mark.parametrize(("layers", "shape"), [(SIGNAL, (40, 30, 2)), (IMAGE, (4, 12, 10, 3))])
def test_other_orders_in_prediction(layers, shape):
    net, X = fit(layers, shape), np.zeros(shape)
    moved = np.moveaxis(X, -1, 1)
    expected = ", ".join(map(str, shape[1:]))
    with pytest.raises(ValueError) as caught:
        net.predict(moved)
    assert str(caught.value).endswith(
        f"expected (n, {expected}). It looks channels-first: pass np.moveaxis(X, 1, -1)."
    )
    assert net.predict(np.moveaxis(moved, 1, -1)).shape == (shape[0],)
    first = fit(layers, moved.shape, **FIRST)
    with pytest.raises(ValueError, match=r"It looks channels-last: pass np\.moveaxis\(X, -1, 1\)"):
        first.predict(X)
    with pytest.raises(ValueError, match="looks channels-first"):
        fit(layers, moved.shape, input_shape=shape[1:])


def test_the_order_of_validation_data_and_of_lazy_data(tmp_path):
    h5py = pytest.importorskip("h5py")
    X, y = np.random.default_rng(0).random((40, 6, 100)), np.arange(40) % 2
    with h5py.File(tmp_path / "x.h5", "w") as file:
        data = file.create_dataset("X", data=X)
        with pytest.raises(ValueError, match="100 steps with 6 channels"):
            ConvNetRegressor(SIGNAL, max_iter=1).fit(data, y)
        net = ConvNetRegressor(SIGNAL, max_iter=1, **FIRST).fit(data, y)
        assert net.input_shape_ == (100, 6)
    with pytest.raises(ValueError, match=r"X_val: .* It looks channels-last"):
        net.fit(X, y, X_val=np.moveaxis(X, 1, -1), y_val=y)


def test_maps_before_layers_of_signals_are_refused_by_the_layer():
    with pytest.raises(
        ValueError, match=r"layers\[0\] 'conv1': it needs a \(length, channels\) signal"
    ):
        fit(SIGNAL, (4, 1, 20, 22))
    assert fit([AvgPool2D((1, 2)), Dense(4)], (4, 6, 10, 12)).input_shape_ == (6, 10, 12)
