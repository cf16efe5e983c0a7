"""load_images: a folder of images as one array."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import Bunch

from convnet.data.errors import check_on_error, report_skipped
from convnet.data.folder.listing import list_folder
from convnet.data.folder.source import ImageSource
from convnet.data.images.form import check_form
from convnet.data.images.pillow import check_pillow
from convnet.data.progress import ReadingProgress
from convnet.values.messages import printable

if TYPE_CHECKING:
    import os

    from convnet.data.folder.listing import Listing
    from convnet.data.images.form import ImageForm


def load_images(
    folder: str | os.PathLike[str],
    size: tuple[int, int] | int = (150, 150),
    *,
    channels: int = 3,
    fit: str = "crop",
    on_error: str = "skip",
    n_jobs: int | None = None,
    verbose: bool = False,
) -> Bunch:
    """Read a folder of images, with one subfolder per class, into one array.

    Parameters
    ----------
    folder : str or path
        Contains one folder per class, which contains the images of the class, of any size. Folders inside class
        folders are not read. Names that begin with a dot, files without an image extension, and what file managers and
        archives create (``__MACOSX``, ``@eaDir``, ``Thumbs.db``) are ignored. Image extensions are jpg, png, gif, bmp,
        tiff, webp, ppm and others that Pillow reads, in upper or lower case. HEIC needs ``pip install pillow-heif``.
    size : (int, int) or int, default=(150, 150)
        Height and width of the images in pixels. One integer sets both.
    channels : int, default=3
        3 for color, 1 for gray.
    fit : {"crop", "pad", "stretch"}, default="crop"
        How an image of other proportions is resized to `size`: "crop" shows its center, "pad" shows all of it with
        black margins, "stretch" shows all of it distorted.
    on_error : {"skip", "raise"}, default="skip"
        "skip" leaves out files that cannot be read, with a warning. "raise" raises an error for the first.
    n_jobs : int, default=None
        Threads that decode. None: one per core, or fewer if OpenMP or an affinity mask limits them. -1: all CPUs.
    verbose : bool, default=False
        Whether to print progress.

    Returns
    -------
    images : Bunch
        `data`, uint8 (n, h, w, c); `target`, int64 (n,), the class of each image as an index into `target_names`;
        `target_names`, the sorted names of the class folders; `filenames`, object (n,), absolute paths, sorted within
        each class; `skipped`, a list of pairs (filename, reason); `DESCR`, a description. To get labels by name, use
        ``np.array(images.target_names)[images.target]``.

    Raises
    ------
    ImportError
        Pillow is not installed.
    ImageError
        With ``on_error="raise"``, a file cannot be read. The error names the first in alphabetical order.
    ValueError
        A parameter is invalid, or there are no class folders, or no image can be read.
    TypeError
        `folder` is not a path, or `size` is not a size.
    OSError
        The folder does not exist or cannot be read.

    Warns
    -----
    UserWarning
        With ``on_error="skip"``, files are skipped. The warning names the first of them.

    Notes
    -----
    The EXIF orientation is applied. Animations give their first frame. Transparent pixels are composited on white.
    16-bit channels keep their upper 8 bits. An image with more pixels than ``PIL.Image.MAX_IMAGE_PIXELS`` is rejected
    from its header.

    Shrinking averages areas: each value is the mean over its rectangle of the image, in which pixels on the edge count
    in part, with an error of at most 0.51. A JPEG file with sides of 8 times `size` or more is decoded at a reduced
    size of at least 4 times `size`, which on photographs differs from that mean by about 0.5 (root mean square).
    Enlarging interpolates linearly.

    Examples
    --------
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from convnet.data import load_images
    >>> for name, value in [("day", 200), ("night", 20)]:
    ...     Path("photos", name).mkdir(parents=True)
    ...     Image.new("RGB", (40, 30), (value, value, value)).save(f"photos/{name}/1.png")
    >>> images = load_images("photos", size=(24, 24))
    >>> images.data.shape, images.target, images.target_names
    ((2, 24, 24, 3), array([0, 1]), ['day', 'night'])
    """
    form = check_form("load_images", size, channels, fit)
    check_on_error("load_images", on_error)
    check_pillow("load_images")
    listing = list_folder("load_images", folder)
    if on_error == "raise":
        report_skipped("load_images", listing.skipped, on_error)
    n = len(listing.filenames)
    data = np.empty((n, *form.shape), np.uint8)
    source = ImageSource(listing.filenames, form, cache_bytes=0, n_jobs=n_jobs)
    tick = ReadingProgress("load_images", n) if verbose else None
    lost = source.read_into(data, np.arange(n), until_lost=on_error == "raise", tick=tick)
    if on_error == "raise":
        report_skipped("load_images", [lost[min(lost)]] if lost else [], on_error)
    listing = listing.without("load_images", lost)
    report_skipped("load_images", listing.skipped, on_error)
    kept = (i for i in range(n) if i not in lost)
    for to, i in enumerate(
        kept if lost else ()
    ):  # in place: a second array may not fit into memory
        data[to] = data[i]
    return Bunch(
        data=data[: n - len(lost)],
        target=listing.labels,
        target_names=listing.classes,
        filenames=np.array(listing.filenames, object),
        skipped=listing.skipped,
        DESCR=_description(listing, form),
    )


def _description(listing: Listing, form: ImageForm) -> str:
    counts = np.bincount(listing.labels, minlength=len(listing.classes))
    lines = [
        f"{len(listing.filenames)} images in {printable(listing.folder)}",
        f"uint8 (height, width, channels) = {form.shape}, fit={form.fit!r}",
        *(
            f"{printable(name)}: {count}"
            for name, count in zip(listing.classes, counts, strict=True)
        ),
        f"skipped: {len(listing.skipped)}",
    ]
    return "\n".join(lines)
