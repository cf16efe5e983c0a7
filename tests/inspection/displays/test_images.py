"""Rows of X as pictures."""

from types import SimpleNamespace

import numpy as np
import pytest
from row_sources import Reading, Rising

from convnet.inspection.displays.images import DisplayImages


def pictures(X, shape, data_format="channels_last"):
    net = SimpleNamespace(input_shape_=shape, data_format=data_format)
    return DisplayImages(net, X, "MistakesDisplay")[:]


def test_integers_use_the_range_of_their_dtype():
    X = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)
    np.testing.assert_allclose(pictures(X, (2, 2, 3)), X / 255, rtol=1e-6)
    X = X.astype(np.uint16) * 1000
    np.testing.assert_allclose(pictures(X, (2, 2, 3)), X / 65535, rtol=1e-6)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 0.25, 0.5], [0, 0.25, 0.5]),  # 0 to 1 as they are
        ([0, 4, 16], [0, 0.25, 1]),
        ([-1, 0, 3], [0, 0.25, 1]),
        ([0, 0, 0], [0, 0, 0]),
        ([-2, -2, -2], [0, 0, 0]),
        (np.array([0, 1, 1], bool), [0, 1, 1]),
    ],
)
def test_other_dtypes_use_the_range_of_X(values, expected):
    found = pictures(np.reshape(values, (1, 1, 3)), (1, 3, 1))
    np.testing.assert_allclose(found, np.repeat(expected, 3).reshape(1, 1, 3, 3))


def test_shapes_and_orders():
    image = np.random.default_rng(0).integers(0, 256, (2, 4, 3, 3), dtype=np.uint8)
    expected = pictures(image, (4, 3, 3))
    assert expected.shape == (2, 4, 3, 3) and expected.dtype == np.float32
    first = np.moveaxis(image, -1, 1)
    for X in (first, first.reshape(2, -1)):
        assert (pictures(X, (4, 3, 3), "channels_first") == expected).all()
    assert (pictures(image.reshape(2, -1), (4, 3, 3)) == expected).all()
    gray = pictures(image[..., 0], (4, 3, 1))
    np.testing.assert_allclose(gray, np.repeat(image[..., :1] / 255, 3, axis=-1), rtol=1e-6)
    four = np.concatenate([image, image[..., :1]], axis=-1)
    assert (pictures(four, (4, 3, 4)) == expected).all()
    two = pictures(image[..., :2], (4, 3, 2))
    np.testing.assert_allclose(two[..., 1], image[..., :2].mean(axis=-1) / 255, rtol=1e-6)


def test_data_other_than_images():
    with pytest.raises(ValueError, match=r"MistakesDisplay shows images, .* rows of shape \(6,\)"):
        pictures(np.zeros((2, 6)), (6,))
    with pytest.raises(
        ValueError, match=r"takes images of shape \(2, 2, 3\); X has shape \(2, 6\)"
    ):
        pictures(np.zeros((2, 6)), (2, 2, 3))


@pytest.mark.parametrize("kind", [Rising, Reading])
def test_only_shown_rows_are_read(kind):
    X = np.random.default_rng(0).integers(0, 256, (40, 4, 3, 3), dtype=np.uint8)
    source = kind(X)
    found = DisplayImages(
        SimpleNamespace(input_shape_=(4, 3, 3), data_format="channels_last"), source, ""
    )
    assert (
        len(found) == 40 and (found[np.array([7, 3, 7])] == pictures(X, (4, 3, 3))[[7, 3, 7]]).all()
    )
    assert found[:0].shape == (0, 4, 3, 3) and (found.first(2) == X[:2]).all()
    if kind is Reading:
        assert {int(row) for call in source.calls for row in call} == {0, 1, 3, 7}


def test_range_of_lazily_read_rows():
    X = np.random.default_rng(0).normal(size=(600, 4, 3)).astype(np.float32)
    net = SimpleNamespace(input_shape_=(4, 3, 1), data_format="channels_last")
    assert (DisplayImages(net, Rising(X), "")[5:9] == pictures(X, (4, 3, 1))[5:9]).all()
