"""Peak memory of a fit on more images than are kept: bounded, and far below what they take."""

import os
import subprocess
import sys

import numpy as np
import pytest

N, SIDE = 6000, 100
IMAGES = N * SIDE * SIDE * 3  # bytes: 172 MiB
CACHE = 2**24
LIMIT = (
    IMAGES * 3 // 5
)  # the cache, some chunks of 8 MiB, some batches of 4, the decoder and the net

CHILD = """
import sys, threading
import numpy as np
from convnet import ConvNetClassifier
from convnet.layers import Conv2D, MaxPool2D

kind, path, n, side, cache = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])

def status():
    lines = open("/proc/self/status", encoding="utf-8").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:"))

if kind == "folder":
    from convnet.data import ImageFolder
    X = ImageFolder(path, size=side, cache_bytes=cache)
elif kind == "h5py":
    import h5py
    X = h5py.File(path)["X"]
elif kind == "zarr":
    import zarr
    X = zarr.open(path, mode="r")
elif kind == "memmap":
    X = np.memmap(path, dtype=np.uint8, mode="r", shape=(n, side, side, 3))
else:
    X = np.fromfile(path, dtype=np.uint8).reshape(n, side, side, 3)
clf = ConvNetClassifier(
    [Conv2D(8, 5, stride=4, activation="relu"), MaxPool2D(4)], max_iter=1, early_stopping=True,
    scoring="accuracy",
)
before = 0 if kind == "array" else status()
most, over = [before], threading.Event()

def watch():
    while not over.wait(0.002):
        most.append(status())

thread = threading.Thread(target=watch)
thread.start()
try:
    clf.fit(X, np.arange(n) % 2).predict(X)
finally:
    over.set()
    thread.join()
print(max(most) - before)
"""


def write(kind, path):
    rng = np.random.default_rng(0)
    blocks = (rng.integers(0, 256, (500, SIDE, SIDE, 3), dtype=np.uint8) for _ in range(N // 500))
    if kind == "folder":
        image = pytest.importorskip("PIL.Image")
        for i, pixels in enumerate(rng.integers(0, 256, (N, 10, 10, 3), dtype=np.uint8)):
            (path / str(i % 2)).mkdir(exist_ok=True, parents=True)
            image.fromarray(pixels).save(path / str(i % 2) / f"{i}.bmp")
        return
    if kind in ("memmap", "array"):
        with path.open("wb") as file:
            for block in blocks:
                file.write(block.data)
        return
    shape, chunks = (N, SIDE, SIDE, 3), (10, SIDE, SIDE, 3)
    if kind == "h5py":
        file = pytest.importorskip("h5py").File(path, "w")
        X = file.create_dataset("X", shape, "u1", chunks=chunks)
    else:
        X = pytest.importorskip("zarr").open(path, mode="w", shape=shape, dtype="u1", chunks=chunks)
    for i, block in enumerate(blocks):
        X[500 * i : 500 * (i + 1)] = block
    if kind == "h5py":
        file.close()


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="asks Linux")
@pytest.mark.parametrize("kind", ["folder", "memmap", "h5py", "zarr", "array"])
def test_memory_is_bounded(kind, tmp_path):
    """Pages of a mapped file do not count: the system takes them back when it needs them."""
    write(kind, tmp_path / "X")
    numbers = map(str, (N, SIDE, CACHE))
    child = [sys.executable, "-c", CHILD, kind, str(tmp_path / "X"), *numbers]
    done = subprocess.run(child, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    grown = int(done.stdout)
    if kind == "array":  # which shows that the test can see it
        assert grown > IMAGES
    else:
        assert grown < LIMIT, f"{grown / 2**20:.0f} MiB"
