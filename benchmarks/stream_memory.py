"""Peak memory of training on images that are not all kept in memory.

    python benchmarks/stream_memory.py [--images 20000] [--size 150] [--cache 1024 128] [--kinds folder memmap]

For each kind of file, a process of its own trains a net for two epochs. Its peak memory is shown in MB, after importing
the library and at the end. "anonymous" leaves out the pages of mapped files, which the system reclaims when it needs
memory; for a memmap, the difference is the file. The files are written in advance, a few images at a time. The images
in the folder are small and are enlarged when they are read, so that writing and decoding are fast.
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
FILE = 50  # maximum side of the images in the folder
BLOCK = 100  # images written at a time


def status(field):
    """Return memory of this process, in MB: "VmHWM" is its peak so far, "RssAnon" its anonymous memory now."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:"))


class Peak:
    """Context that records the peak of "RssAnon", which Linux does not record itself."""

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
    """Write n images as this kind of file."""
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
    """Open the images without reading them."""
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
    """Print figures as JSON: peak before and after two epochs, peak of anonymous memory, seconds of training."""
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
    """Run `train` in a process of its own; return the figures."""
    child = [sys.executable, __file__, "train", kind, path, n, size, cache]
    done = subprocess.run(list(map(str, child)), stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    """Print a line for each kind of file and, for the folder, for each size of the memory cache."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=150)
    parser.add_argument(
        "--cache",
        type=int,
        nargs="*",
        default=[1024, 128],
        help="sizes of the memory cache of the folder, in MiB",
    )
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
