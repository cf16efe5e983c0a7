"""Training on images that are read while the net trains, compared with training on an array.

    python benchmarks/stream.py [--nets keraslab catdog16 catdog] [--kinds folder]

A folder of generated images is read as an `ImageFolder` whose memory cache holds all images ("folder"), a quarter of
them ("quarter") or none ("no memory"). The same images are stored as a memmap and, if installed, with h5py and zarr.
All of them take turns in one process, one `partial_fit` per turn. The first epoch, which decodes the images, is shown
separately; for the later ones, the median is shown. Before any figure is printed, the weights are compared bit by bit.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from folders import write_images
from nets import NETS

from convnet import ConvNetClassifier
from convnet.data import ImageFolder


def stored(images, path):
    """Store the images with each library; return {name: stored images}."""
    mapped = np.memmap(path / "X.raw", dtype=np.uint8, mode="w+", shape=images.shape)
    mapped[:] = images
    mapped.flush()
    found = {"memmap": np.memmap(path / "X.raw", dtype=np.uint8, mode="r", shape=images.shape)}
    chunks = (1, *images.shape[1:])
    try:
        import h5py

        file = h5py.File(path / "X.h5", "w")
        found["h5py"] = file.create_dataset("X", data=images, chunks=chunks)
    except ImportError:
        pass
    try:
        import zarr

        store = zarr.open(
            path / "X.zarr", mode="w", shape=images.shape, dtype=images.dtype, chunks=chunks
        )
        store[:] = images
        found["zarr"] = store
    except ImportError:
        pass
    return found


def sources(path, net, n, threads):
    """Return {name: X}, all with the same images and the array first, and the targets."""
    size, channels = net.input_shape[0], net.input_shape[2]
    write_images(path / "images", n, size, channels)
    options = dict(size=size, channels=channels, n_jobs=threads)
    folder = ImageFolder(path / "images", **options)
    images = np.asarray(ImageFolder(path / "images", **options, cache_bytes=0))
    parts = {
        "array": images,
        "folder": folder,
        "quarter": ImageFolder(path / "images", **options, cache_bytes=images.nbytes // 4),
        "no memory": ImageFolder(path / "images", **options, cache_bytes=0),
    }
    return parts | stored(images, path), folder.target


def compare(name, net, options):
    """Print a line for each source."""
    with tempfile.TemporaryDirectory() as folder:
        rows, y = sources(Path(folder), net, options.images, options.threads)
        rows = {key: X for key, X in rows.items() if key in ("array", *options.kinds)}
        clfs = {
            key: ConvNetClassifier(
                net.layers, batch_size=net.batch, random_state=0, n_jobs=options.threads
            )
            for key in rows
        }
        times = {key: [] for key in rows}
        for _ in range(options.epochs):
            for key, clf in clfs.items():
                start = time.perf_counter()
                clf.partial_fit(rows[key], y, classes=[0, 1])
                times[key].append(time.perf_counter() - start)
        for key, clf in clfs.items():
            for part, want in clfs["array"].weights_.items():
                np.testing.assert_array_equal(clf.weights_[part], want, err_msg=f"{key} {part}")
        usual = np.median(times["array"][1:])
        for key, seconds in times.items():
            later = np.median(seconds[1:])
            ratio = np.median(np.divide(seconds[1:], times["array"][1:]))
            print(
                f"{name:12}{key:12}{seconds[0]:12.3f}{later:12.3f}{later / usual:10.3f}{ratio:10.3f}",
                flush=True,
            )


def main():
    """Compare all kinds of X on each net."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nets", nargs="*", default=["keraslab", "catdog16", "catdog"])
    parser.add_argument(
        "--kinds",
        nargs="*",
        default=["folder", "quarter", "no memory", "memmap", "h5py", "zarr"],
        help="what to compare with the array",
    )
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    columns = ("first s", "later s")
    heads = "".join(f"{head:>12}" for head in columns) + f"{'/ array':>10}{'by turn':>10}"
    print(f"{'net':12}{'X':12}{heads}")
    for name in options.nets:
        compare(name, NETS[name], options)


if __name__ == "__main__":
    main()
