"""Peak memory of training on more images than are kept in memory.

    python benchmarks/stream_memory.py [--images 20000] [--size 150] [--cache 1024 128] [--kinds folder memmap]

Each kind is trained for two epochs in a process of its own, whose peak (all that it had in memory at once) is shown
in MB: with the library imported, and at the end. "anonymous" leaves out pages of files that are mapped, which the
system takes back when it needs them: of a memmap the difference is the file. Files are written before, a few images
at a time. Those of the folder are small and enlarged, so that writing and decoding are quick.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np

MEGA = 2**20
FILE = 50  # side of the files
BLOCK = 100  # images that are written at a time


def status(field):
    """Return a figure of this process, in MB: "VmHWM", its peak so far, or "RssAnon", what it has now."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:"))


class Peak:
    """The largest "RssAnon" while it lasts; Linux keeps no peak of that."""

    def __init__(self):
        self.megabytes, self._over = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._over.set()
        self._thread.join()

    def _watch(self):
        while not self._over.wait(0.005):
            self.megabytes = max(self.megabytes, status("RssAnon"))


def write(kind, path, n, size):
    """Write n images of that kind."""
    if kind == "folder":
        from folders import write_images

        write_images(path, n, min(size, FILE))
        return
    shape, rng = (n, size, size, 3), np.random.default_rng(0)
    if kind == "memmap":
        X = np.memmap(path, dtype=np.uint8, mode="w+", shape=shape)
    elif kind == "h5py":
        import h5py

        X = h5py.File(path, "w").create_dataset("X", shape, "u1", chunks=(1, *shape[1:]))
    else:
        import zarr

        X = zarr.open(path, mode="w", shape=shape, dtype="u1", chunks=(1, *shape[1:]))
    for i in range(0, n, BLOCK):
        X[i : i + BLOCK] = rng.integers(0, 256, (min(BLOCK, n - i), *shape[1:]), dtype=np.uint8)


def opened(kind, path, n, size, cache):
    """Return the images, unread."""
    if kind == "folder":
        from convnet.data import ImageFolder

        return ImageFolder(path, size=size, cache_bytes=cache)
    if kind == "memmap":
        return np.memmap(path, dtype=np.uint8, mode="r", shape=(n, size, size, 3))
    if kind == "h5py":
        import h5py

        return h5py.File(path)["X"]
    import zarr

    return zarr.open(path, mode="r")


def train(kind, path, n, size, cache):
    """Print, as JSON, the peak before and after two epochs, and that of anonymous memory."""
    from convnet import ConvNetClassifier
    from convnet.layers import Conv2D, MaxPool2D

    X = opened(kind, path, n, size, cache)
    before = status("VmHWM")
    with Peak() as peak:
        net = [Conv2D(8, 5, stride=2, activation="relu"), MaxPool2D(4)]
        clf = ConvNetClassifier(net, max_iter=2, random_state=0, early_stopping=True)
        clf.fit(X, np.arange(n) % 2)
        clf.predict(X)
    print(json.dumps([before, status("VmHWM"), peak.megabytes, sum(clf.history_["seconds"])]))


def peaks(kind, path, n, size, cache):
    """Return what `train` prints, of a process of its own."""
    child = [sys.executable, __file__, "train", kind, path, n, size, cache]
    done = subprocess.run(list(map(str, child)), stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    """Print a line for each kind, of the folder for each size of its memory."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=150)
    parser.add_argument("--cache", type=int, nargs="*", default=[1024, 128], help="MiB")
    parser.add_argument("--kinds", nargs="*", default=["folder", "memmap", "h5py", "zarr"])
    options = parser.parse_args()
    n, size = options.images, options.size
    print(f"{n} images of {size}×{size}×3: {n * size * size * 3 / MEGA:.0f} MB\n")
    heads = ("imported", "peak", "anonymous", "seconds")
    print(f"{'kind':10}{'cache MiB':>10}" + "".join(f"{head:>12}" for head in heads))
    for kind in options.kinds:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "X")
            write(kind, path, n, size)
            for cache in options.cache if kind == "folder" else [0]:
                figures = peaks(kind, path, n, size, cache * MEGA)
                shown = f"{cache:>10}" if kind == "folder" else f"{'':10}"
                print(f"{kind:10}{shown}" + "".join(f"{one:12.0f}" for one in figures), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["train"]:
        kind, path, *numbers = sys.argv[2:]
        train(kind, path, *map(int, numbers))
    else:
        main()
