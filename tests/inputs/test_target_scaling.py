"""Standardized targets."""

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from convnet.inputs.target_scaling import TargetScaling


def targets(n_outputs=3):
    return np.random.default_rng(0).normal([1e3, -2.0, 0.0], [1e-2, 5.0, 1e4], (50, 3))[
        :, :n_outputs
    ]


@pytest.mark.parametrize("weighted", [False, True])
def test_mean_and_scale_are_those_of_the_standard_scaler(weighted):
    y = targets()
    weights = np.arange(50) % 4 if weighted else None
    expected = StandardScaler().fit(y, sample_weight=weights)
    scaling = TargetScaling.standardizing(y, weights)
    np.testing.assert_allclose(scaling.mean, expected.mean_, rtol=1e-9)
    np.testing.assert_allclose(scaling.scale, expected.scale_, rtol=1e-9)


def test_weights_of_one_change_no_bit():
    y = targets()
    ones, none = (
        TargetScaling.standardizing(y, weights) for weights in (np.ones(50, np.float32), None)
    )
    assert (ones.mean == none.mean).all() and (ones.scale == none.scale).all()


@pytest.mark.parametrize("value", [0.0, 0.1, -1e300, 1e-300, 1e8 + 0.1])
def test_a_constant_has_a_scale_of_one(value):
    """Also one whose computed variance is not 0 but a rounding error."""
    scaling = TargetScaling.standardizing(np.full(37, value), None)
    assert scaling.scale == [1.0] and scaling.mean == pytest.approx([value], rel=1e-14)


@pytest.mark.parametrize("shape", [(50,), (50, 1), (50, 2)])
def test_there_and_back(shape):
    y = targets()[:, : int(np.prod(shape[1:]))].reshape(shape)
    scaling = TargetScaling.standardizing(y, None)
    scaled = scaling.transform(y, np.arange(50), "y")
    assert scaled.dtype == np.float32 and scaled.shape == shape and scaled.flags.c_contiguous
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(axis=0), 1, rtol=1e-6)
    back = scaling.inverse_transform(scaled.reshape(50, -1)).reshape(shape)
    np.testing.assert_allclose(back, y, rtol=1e-6, atol=1e-6)


def test_the_identity_changes_no_bit():
    outputs = targets(2).astype(np.float32)
    scaling = TargetScaling.identity(2)
    assert (scaling.inverse_transform(outputs) == outputs).all()
    assert (scaling.transform(targets(2), np.arange(50), "y") == outputs).all()


def test_targets_that_the_loss_cannot_take():
    y = np.array([0.0, 1e30, np.float64(1e300)])
    scaling = TargetScaling(np.zeros(1), np.ones(1), limit=1e19)
    with pytest.raises(ValueError, match=r"y_val has values up to 1e\+30, .* normalize_y=True"):
        scaling.transform(y, np.array([0, 1]), "y_val")
    assert scaling.transform(y, np.array([0]), "y_val")[0] == 0  # the others are not used
    with pytest.raises(ValueError, match="Remove the outliers"):
        TargetScaling(np.ones(1), np.ones(1), limit=1e19).transform(y, np.array([1]), "y")
