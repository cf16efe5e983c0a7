"""Receptive fields against changes of single pixels; maximal patches against a search of all positions."""

import numpy as np
import pytest
from reference import Reference
from sklearn.exceptions import NotFittedError

from convnet import ConvNetClassifier
from convnet.graph import Network
from convnet.inspection.explain import base
from convnet.inspection.explain.receptive_field import receptive_field
from convnet.layers import (
    Activation,
    AvgPool1D,
    AvgPool2D,
    BatchNorm,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    MaxPool1D,
    MaxPool2D,
    Parallel,
    Residual,
    Resize,
    SeparableConv2D,
    UpSample1D,
    UpSample2D,
    ZeroPad2D,
)

NETS = {
    "kernels": ([Conv2D(2, (3, 2)), Conv2D(2, 2, stride=(2, 1)), Conv2D(3, 3)], (15, 9, 2)),
    "padding": ([Conv2D(2, 3, padding="same"), Conv2D(2, 4, padding="same", stride=3)], (11, 8, 1)),
    "rows that nothing reads": ([Conv2D(2, 1, stride=3), Conv2D(2, 2, padding=1)], (12, 9, 1)),
    "a lot of padding": ([Conv2D(2, 2, padding=4), Conv2D(2, 2, stride=2)], (7, 8, 1)),
    "dilation": ([Conv2D(2, 3, dilation=(2, 3), padding=((1, 2), (3, 0)))], (9, 9, 1)),
    "pools": ([MaxPool2D(3, stride=2, padding=1), AvgPool2D((2, 3), padding="same")], (12, 13, 1)),
    "zeros": ([ZeroPad2D(((2, 0), (0, 3))), Conv2D(2, 3), ZeroPad2D(1), MaxPool2D(2)], (7, 6, 1)),
    "residual": (
        [
            Residual([Conv2D(2, 3, padding="same"), BatchNorm(), Conv2D(2, 3, padding="same")]),
            Residual([Conv2D(3, 3, stride=2, padding="same"), Residual([Conv2D(3, 1)])]),
            Residual([Conv2D(3, 1), Activation("tanh")], activation="leaky_relu", drop_path=0.5),
        ],
        (9, 10, 2),
    ),
    "a shortcut of another stride": ([Residual([Conv2D(2, 2, stride=3, padding="same")])], (4, 4, 1)),
    "separable": ([SeparableConv2D(4, 3, stride=2, dilation=1), Dropout(0.5)], (9, 8, 2)),
    "signal": (
        [
            Conv1D(3, 4, stride=2, padding=(3, 0)), MaxPool1D(3, stride=2, padding="same"),
            Residual([Conv1D(3, 3, padding="same", dilation=2)]), AvgPool1D(2),
        ],
        (64, 2),
    ),
    "branches": (
        [
            Parallel([[Conv2D(2, 3, padding="same")], [Conv2D(1, (1, 5), padding="same")], []]),
            Residual([Conv2D(3, 2, stride=2, padding="same")], shortcut=[Conv2D(3, 1, stride=2)]),
        ],
        (8, 9, 1),
    ),
    "channels scaled by the whole map": (
        [Conv2D(2, 3), Parallel([[], [GlobalAvgPool2D(), Dense(2)]], "multiply"), Conv2D(2, 2)],
        (6, 7, 1),
    ),
    "transposed": (
        [Conv2D(2, 3, stride=2), Conv2DTranspose(2, 4, stride=(2, 3), padding=1),
         Conv2DTranspose(2, 3, stride=3), Conv2D(2, 3)],
        (9, 8, 1),
    ),
    "upsampled": (
        [Conv2D(2, 3, stride=2), UpSample2D((2, 3)), Conv2D(2, 3, padding="same"),
         UpSample2D(2, interpolation="bilinear"), MaxPool2D(2, ceil_mode=True)],
        (9, 11, 1),
    ),
    "resized": ([Resize((7, 20)), Conv2D(2, 3), Resize((9, 6), method="area")], (12, 9, 1)),
    "upsampled signal": ([Conv1D(3, 4, stride=2), UpSample1D(3), Conv1D(2, 4)], (24, 2)),
    "everything": ([Conv2D(2, 3), GlobalAvgPool2D(), Dense(3)], (5, 6, 1)),
    "flat": ([Conv2D(2, 3), Flatten(), Dense(3)], (5, 6, 1)),
}  # fmt: skip


def reaching(layers, weights, shape):
    """Return which output positions change with each pixel (row, column): bool, by the float64 reference."""
    reference = Reference(layers, weights)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(1, *shape))
    before = reference.forward(x)
    changed = []
    for place in np.ndindex(*shape[:-1]):
        moved = np.zeros(before.shape[1:], dtype=bool)
        for sign in (1000.0, -1000.0):  # large: it wins in every pool, or loses
            other = x.copy()
            other[(0, *place)] += sign * rng.uniform(1, 2, shape[-1])
            moved |= (reference.forward(other) != before)[0]
        changed.append(moved.any(axis=-1))
    return np.array(changed).reshape(*shape[:-1], *before.shape[1:-1])


def check(layers, shape, name):
    """Pixels outside a range never change the value; the first and last pixels of the range do."""
    rows, columns = receptive_field(Network(layers, shape).plan, name)
    outer = [info.name for info in Network(layers, shape).plan.layers]
    layers = layers[: outer.index(name) + 1]
    changed = reaching(layers, Network(layers, shape, seed=3).get_weights(), shape)
    changed = changed.reshape(*(1,) * (3 - len(shape)), *shape[:-1], len(rows.first), -1)
    inside = 0
    for i, j in np.ndindex(len(rows.first), len(columns.first)):
        seen = np.argwhere(changed[:, :, i, j])
        box = np.array([[rows.first[i], columns.first[j]], [rows.last[i], columns.last[j]]])
        if len(seen):
            assert (seen.min(0) >= box[0]).all() and (seen.max(0) <= box[1]).all(), (i, j)
        if (box[0] >= 0).all() and (box[1] < changed.shape[:2]).all():
            assert [*seen.min(0), *seen.max(0)] == [*box[0], *box[1]], (i, j)
            inside += 1
    assert inside, "no place to tell"


@pytest.mark.parametrize(
    "key",
    [pytest.param(key, marks=[pytest.mark.slow] if key == "residual" else []) for key in NETS],
)
def test_the_receptive_field_is_what_changes_the_output(key):
    layers, shape = NETS[key]
    for info in Network(layers, shape).plan.layers:
        check(layers, shape, info.name)


# the strongest patches ----------------------------------------------------------------------------------
LAYERS = [
    Conv2D(5, 3, padding=1, stride=2, activation="relu"),
    Residual([Conv2D(4, 3, padding="same", activation="tanh")]),
    MaxPool2D(2),
    Conv2D(3, 2),
    Dense(4),
]
SIZES = {
    "conv1": (3, 3), "residual1/conv1": (7, 7), "residual1/shortcut": (3, 3), "residual1": (7, 7),
    "pool1": (9, 9), "conv2": (13, 12), "dense1": (14, 12), "output": (14, 12),
}  # fmt: skip


def fitted(X, layers=LAYERS, **params):
    return ConvNetClassifier(layers, max_iter=2, random_state=0, **params).fit(
        X, np.arange(len(X)) % 3
    )


@pytest.fixture(scope="module")
def net():
    """Return a net and 40 images of 14×12×2."""
    X = np.random.default_rng(0).integers(0, 256, (40, 14, 12, 2), dtype=np.uint8)
    return fitted(X), X


def searched(X, maps, size, steps, n):
    """Yield patches, activations, rows and positions of each channel, found by sorting the maxima of all images."""
    for channel in range(maps.shape[-1]):
        best = []
        for row, one in enumerate(maps[..., channel]):
            place = max(
                np.ndindex(*one.shape), key=lambda place, one=one: (one[place], -sum(place))
            )
            best.append((-one[place], row, place))
        for rank, (value, row, place) in enumerate(sorted(best)[:n]):
            axes = zip(place, steps, size, X.shape[1:], strict=False)
            corner = [i * s - p if longest < side else 0 for i, (s, p), longest, side in axes]
            patch = np.zeros((*size, X.shape[-1]), X.dtype)
            for offset in np.ndindex(*size):
                pixel = tuple(np.add(corner, offset))
                if all(0 <= i < side for i, side in zip(pixel, X.shape[1:], strict=False)):
                    patch[offset] = X[(row, *pixel)]
            yield channel, rank, patch, -value, row, corner


# Of each axis the distance between patches, and how far the first begins before the image.
STEPS = {
    "conv1": (2, 1), "residual1/conv1": (2, 3), "residual1/shortcut": (2, 1), "residual1": (2, 3),
    "pool1": (4, 3), "conv2": (4, 3),
}  # fmt: skip


@pytest.mark.parametrize("layer", SIZES)
def test_against_a_search_of_all(layer, net):
    clf, X = net
    found = clf.maximal_patches(X, layer, n=6)
    maps = clf.feature_maps(X, layer)
    if maps.ndim == 2:
        maps = maps[:, None, None]
    size, channels = SIZES[layer], maps.shape[-1]
    assert found.patches.shape == (channels, 6, *size, 2) and found.patches.dtype == X.dtype
    assert found.activations.shape == found.rows.shape == (channels, 6)
    assert found.activations.dtype == np.float32 and found.positions.shape == (channels, 6, 2)
    steps = (STEPS.get(layer, (1, 0)),) * 2
    for channel, rank, patch, value, row, corner in searched(X, maps, size, steps, 6):
        assert found.activations[channel, rank] == value and found.rows[channel, rank] == row
        assert found.positions[channel, rank].tolist() == corner
        np.testing.assert_array_equal(found.patches[channel, rank], patch)


def test_the_value_depends_on_the_patch_alone(net):
    """An image that contains only the patch activates the channel as much."""
    clf, X = net
    found = clf.maximal_patches(X, "residual1", n=3)
    for which in np.ndindex(4, 3):
        corner, image = found.positions[which], np.zeros_like(X[0])
        for offset in np.ndindex(7, 7):
            pixel = np.add(corner, offset)
            if (pixel >= 0).all() and (pixel < (14, 12)).all():
                image[tuple(pixel)] = found.patches[which][offset]
        value = clf.feature_maps(image[None], "residual1")[0][..., which[0]]
        place = tuple((corner + 3) // 2)
        assert value[place] == pytest.approx(found.activations[which], abs=1e-5)


def test_batches_and_threads_do_not_affect_results(net, monkeypatch):
    clf, X = net
    whole = clf.maximal_patches(X, "conv1")
    monkeypatch.setattr(base, "MAX_MAP_BYTES", 1)
    for n_jobs in (1, 3):
        parts = fitted(X, n_jobs=n_jobs).maximal_patches(X, "conv1")
        for name in whole:
            np.testing.assert_array_equal(parts[name], whole[name])
    equal = clf.maximal_patches(np.repeat(X[:1], 5, axis=0), "conv1", n=3)
    assert (equal.rows == [0, 1, 2]).all()


def test_fewer_images_than_patches(net):
    clf, X = net
    found = clf.maximal_patches(X[:4], "conv2")
    assert found.patches.shape == (3, 4, 13, 12, 2)
    assert (np.sort(found.rows, axis=1) == np.arange(4)).all()


def test_signals():
    X = np.random.default_rng(0).normal(size=(20, 17, 3))
    clf = fitted(X, [Conv1D(4, 3, stride=2, padding=(2, 0), activation="relu"), MaxPool1D(2)])
    found = clf.maximal_patches(X, "pool1", n=5)
    assert found.patches.shape == (4, 5, 5, 3) and found.positions.shape == (4, 5, 1)
    maps = clf.feature_maps(X, "pool1")
    for channel, rank, patch, value, row, corner in searched(X, maps, (5,), ((4, 2),), 5):
        assert found.activations[channel, rank] == value and found.rows[channel, rank] == row
        assert found.positions[channel, rank].tolist() == corner
        np.testing.assert_array_equal(found.patches[channel, rank], patch)


def test_flat_rows():
    X = np.random.default_rng(0).normal(size=(20, 6))
    clf = fitted(X, [Dense(4, activation="relu")])
    found = clf.maximal_patches(X, "dense1", n=2)
    assert found.patches.shape == (4, 2, 6) and found.positions.shape == (4, 2, 0)
    np.testing.assert_array_equal(found.patches, X[found.rows])
    np.testing.assert_array_equal(found.rows[:, 0], clf.feature_maps(X, "dense1").argmax(0))


def test_channels_first(net):
    clf, X = net
    first = fitted(np.moveaxis(X, -1, 1), data_format="channels_first")
    found = first.maximal_patches(np.moveaxis(X, -1, 1), "conv1")
    for name, array in clf.maximal_patches(X, "conv1").items():
        np.testing.assert_array_equal(found[name], array)


def test_invalid_arguments_are_named(net):
    clf, X = net
    with pytest.raises(
        ValueError, match="no layer is called 'conv3'; the layers are conv1, residual1"
    ):
        clf.maximal_patches(X, "conv3")
    with pytest.raises(ValueError, match="n must be an integer, 1 or more; got 0"):
        clf.maximal_patches(X, "conv1", n=0)
    with pytest.raises(ValueError, match=r"shape \(n, 12, 14, 2\); expected \(n, 14, 12, 2\)"):
        clf.maximal_patches(np.moveaxis(X, 1, 2), "conv1")
    with pytest.raises(NotFittedError, match="not fitted yet"):
        ConvNetClassifier().maximal_patches(X, "conv1")
