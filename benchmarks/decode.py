"""Decoding photographs: `load_images`, compared with Pillow in worker processes.

    python benchmarks/decode.py FOLDER [--size 150] [--workers 2] [--repeats 5]

FOLDER holds a subfolder for each class. The contestants take turns; "seconds" is the median over the turns, "minimum"
the fastest turn. "Pillow" decodes whole files and shrinks them with its box filter. "Pillow, draft" decodes JPEG files
at a reduced size if that is at least twice the wanted size, as ``Image.thumbnail`` does. Worker processes start before
the timing and send their images to this process. Before timing, images are compared with area averages in float64.
"""

import argparse
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
from PIL import Image
from timing import seconds, turns

from convnet.data import ImageFolder, load_images

COMPARED = 40  # approximate number of photographs that are checked
CHUNK = 16  # files per task
GAP = 2.0  # reducing_gap of Image.thumbnail


def middle(width, height):
    """Return the box of the central square crop: (left, top, right, bottom)."""
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def pillow(size, draft, path):
    """Return an image that Pillow alone has read and resized."""
    with Image.open(path) as image:
        box, width = middle(*image.size), image.width
        wanted = [max(1, int(side * GAP * size / (box[2] - box[0]))) for side in image.size]
        if draft and image.draft("RGB", wanted):
            divisor = round(width / image.width)
            box = [edge / divisor for edge in box]
        image = image.convert("RGB")
        return np.asarray(image.resize((size, size), Image.Resampling.BOX, box=box))


def mean_over_areas(size, path):
    """Return the image by definition: each pixel is the mean over its area, in float64."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB")).astype(np.float64)
    left, top, right, bottom = middle(pixels.shape[1], pixels.shape[0])

    def weights(n, begin, end):
        edges, pixel = np.linspace(begin, end, size + 1)[:, None], np.arange(n)
        inside = np.minimum(edges[1:], pixel + 1) - np.maximum(edges[:-1], pixel)
        return np.clip(inside, 0, None) * size / (end - begin)

    rows, columns = weights(len(pixels), top, bottom), weights(pixels.shape[1], left, right)
    return np.einsum("ih,hwc,jw->ijc", rows, pixels, columns, optimize=True)


def error(read, wanted):
    """Return the root mean square error and the largest error as text."""
    return f"{np.sqrt(((read - wanted) ** 2).mean()):5.2f} {abs(read - wanted).max():6.1f}"


def main():
    """Print the seconds and the errors of each contestant."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--size", type=int, default=150)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    size, n_jobs = options.size, options.workers
    paths = list(ImageFolder(options.folder, size).filenames)
    images = load_images(options.folder, size, n_jobs=n_jobs)
    assert list(images.filenames) == paths

    chosen = range(0, len(paths), max(1, len(paths) // COMPARED))
    wanted = np.array([mean_over_areas(size, paths[i]) for i in chosen])
    errors = {
        "convnet": error(images.data[list(chosen)], wanted),
        "Pillow": error(np.array([pillow(size, False, paths[i]) for i in chosen]), wanted),
        "Pillow, draft": error(np.array([pillow(size, True, paths[i]) for i in chosen]), wanted),
    }
    ours = np.sqrt(((images.data[list(chosen)] - wanted) ** 2).mean())
    assert ours < 1, "the images are not area averages"

    with ProcessPoolExecutor(n_jobs) as pool:
        list(pool.map(time.sleep, [0.1] * n_jobs))  # wait until all workers have started

        def by_workers(draft):
            return np.array(list(pool.map(partial(pillow, size, draft), paths, chunksize=CHUNK)))

        clocks = {
            "convnet": partial(seconds, partial(load_images, options.folder, size, n_jobs=n_jobs)),
            "Pillow": partial(seconds, partial(by_workers, False)),
            "Pillow, draft": partial(seconds, partial(by_workers, True)),
        }
        times = turns(clocks, options.repeats)
    print(f"{len(paths)} photographs to {size}×{size}, {n_jobs} threads or processes")
    print(f"{'':15}{'seconds':>9}{'minimum':>8}   error: rms, largest")
    for name, noted in times.items():
        print(f"{name:15}{statistics.median(noted):9.3f}{min(noted):8.3f}   {errors[name]}")


if __name__ == "__main__":
    main()
