"""Fingerprints of training images."""

import numpy as np
import pytest

import convnet
from convnet import ConvNetClassifier
from convnet.fitted.seen_images import MAX_HASHES, Sketch, fingerprints

RNG = np.random.default_rng(0)


def test_values_count_and_not_their_form():
    X = RNG.integers(0, 256, (7, 5, 4, 3), dtype=np.uint8)
    hashes = fingerprints(X)
    for same in (X.astype(float), X.astype(np.int64), X.reshape(7, -1), np.asfortranarray(X)):
        np.testing.assert_array_equal(fingerprints(same), hashes)
    changed = X.copy()
    changed[3, 0, 0, 0] ^= 1
    assert (fingerprints(changed) != hashes).tolist() == [i == 3 for i in range(7)]


def test_chunks(monkeypatch):
    X = RNG.random((50, 6))
    whole = fingerprints(X)
    monkeypatch.setattr("convnet.fitted.seen_images.CHUNK_BYTES", 100)
    np.testing.assert_array_equal(fingerprints(X), whole)


def test_a_small_set_is_known_exactly():
    hashes = fingerprints(RNG.random((100, 3)))
    sketch = Sketch.of(hashes[:60])
    assert sketch.is_whole and sketch.share(hashes) == 0.6
    assert sketch.union(Sketch.of(hashes[50:80])).share(hashes) == 0.8


def test_a_large_set_is_sampled():
    hashes = RNG.integers(0, 2**48, 30_000, dtype=np.uint64)
    training, others = hashes[:20_000], hashes[20_000:]
    sketch = Sketch.of(training)
    assert not sketch.is_whole and len(sketch.hashes) == MAX_HASHES
    assert len(sketch.to_text()) < 2**15 + 100
    assert sketch.share(training[:3000]) == 1 and sketch.share(others) == 0
    mixed = sketch.share(np.concatenate([training[:5000], others[:5000]]))
    assert mixed == pytest.approx(0.5, abs=0.05)
    both = sketch.union(Sketch.of(others[:10]))
    assert both.share(training) == both.share(others[:10]) == 1 and both.share(others[10:]) == 0


def test_text():
    for sketch in (
        Sketch.of(RNG.integers(0, 2**48, 5000, dtype=np.uint64)),
        Sketch.of(np.array([3, 0, 2**48 - 1], np.uint64)),
    ):
        found = Sketch.from_text(sketch.to_text())
        np.testing.assert_array_equal(found.hashes, sketch.hashes)
        assert found.is_whole == sketch.is_whole
    for bad in (
        "",
        "whole:",
        "whole:AAAA",
        "part:AAAAAAAA",
        "whole:AAAAAAAAAAAAAAAA",
        "whole:????",
    ):
        with pytest.raises(ValueError):
            Sketch.from_text(bad)


def test_files_hold_them_and_another_fit_drops_them(tmp_path):
    X, y = RNG.random((20, 4, 4, 1)), np.arange(20) % 2
    clf = ConvNetClassifier([], max_iter=1).fit(X, y)
    clf._seen_images = {"training": Sketch.of(fingerprints(X)).to_text()}
    for name in ("m.npz", "m.safetensors"):
        clf.save(tmp_path / name)
        assert convnet.load(tmp_path / name)._seen_images == clf._seen_images
    assert not hasattr(clf.fit(X, y), "_seen_images")
    clf._seen_images = {"training": "nonsense"}
    with pytest.raises(ValueError, match="_seen_images"):
        clf.save(tmp_path / "bad.npz")
