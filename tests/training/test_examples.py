"""Rows, weights and their order."""

import numpy as np

from convnet.training.examples import Examples, permutation


def test_permutation_follows_from_seed_and_epoch():
    rows = np.arange(5, 105)
    order = permutation(rows, 3, 7)
    np.testing.assert_array_equal(permutation(rows, 3, 7), order)
    np.testing.assert_array_equal(np.sort(order), rows)
    for seed, epoch in [(3, 8), (4, 7), (7, 3)]:
        assert not np.array_equal(permutation(rows, seed, epoch), order)
    assert order.dtype == rows.dtype and rows[0] == 5


def test_weight():
    rows = np.array([0, 2])
    examples = Examples(np.zeros((3, 1)), np.zeros(3), np.arange(3), None, 1.0)
    assert examples.weight(rows) == 2
    weighted = Examples(np.zeros((3, 1)), np.zeros(3), np.arange(3), np.float32([1, 5, 0.5]), 1.0)
    assert weighted.weight(rows) == 1.5 and weighted.take(rows).rows is rows
