"""load_images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import Bunch

from convnet.data.errors import check_on_error, report
from convnet.data.images.form import check_form
from convnet.data.folder.listing import list_folder
from convnet.data.images.pillow import check_pillow
from convnet.data.progress import ReadingProgress
from convnet.data.folder.source import ImageSource

if TYPE_CHECKING:
    import os

    from convnet.data.images.form import Form
    from convnet.data.folder.listing import Listing


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
    """Read a folder of photographs, a folder for each class, into one array.

    Parameters
    ----------
    folder : str or path
        It holds a folder for each class, with the images of the class in it, of any size. Folders inside those are
        not read. Names that begin with a dot and files that are no images by their ending are passed over; jpg, png,
        gif, bmp, tiff, webp, ppm and others that Pillow reads are images, in upper or lower case.
    size : (int, int) or int, default=(150, 150)
        Height and width of the rows in pixels; one integer is both.
    channels : int, default=3
        3 is colour, 1 is grey.
    fit : {"crop", "pad", "stretch"}, default="crop"
        How an image of other proportions is brought to `size`: "crop" shows the middle of it, "pad" all of it with
        black margins, "stretch" all of it distorted.
    on_error : {"skip", "raise"}, default="skip"
        Whether what cannot be read is left out, with a warning, or is an error.
    n_jobs : int, default=None
        Threads that decode. None is the number of cores, less where OpenMP or an affinity mask says so; -1 is all CPUs.
    verbose : bool, default=False
        Whether to print progress.

    Returns
    -------
    images : Bunch
        `data`, uint8 (n, h, w, c); `target`, int64 (n,), the class of each as an index into `target_names`, the sorted
        names of the class folders; `filenames`, object (n,), absolute, sorted within each class; `skipped`, a list of
        pairs (filename, reason); `DESCR`, a text. ``np.array(images.target_names)[images.target]`` are the labels by
        name.

    Raises
    ------
    ImportError
        Pillow is not installed.
    ImageError
        With ``on_error="raise"``, something cannot be read: the first by name.
    ValueError
        A parameter has no such value, or there are no class folders or no images that can be read.
    TypeError
        `folder` is no path, or `size` no size.
    OSError
        There is no such folder, or it may not be read.

    Warns
    -----
    UserWarning
        With ``on_error="skip"``, what is skipped: the number and the first names.

    Notes
    -----
    Images are turned as their EXIF orientation says, of animations the first picture is taken, what is transparent is
    laid on white, of 16 bits a channel the upper 8 are kept. An image with more pixels than
    ``PIL.Image.MAX_IMAGE_PIXELS`` is refused by its header.

    Where an image shrinks, areas are averaged: each value is the mean over its rectangle of the image, the pixels on
    the rectangle's edge counting in part, with an error of at most 0.51. A JPEG file of 8 times the wanted sides or
    more is decoded at a reduced size of at least 4 times the wanted, which on photographs is off that mean by about 0.5
    (root of the mean square). Where an image grows, it is interpolated linearly.

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
        report("load_images", listing.skipped, on_error)
    n = len(listing.filenames)
    data = np.empty((n, *form.shape), np.uint8)
    source = ImageSource(listing.filenames, form, cache_bytes=0, n_jobs=n_jobs)
    tick = ReadingProgress("load_images", n) if verbose else None
    lost = source.read_into(data, np.arange(n), until_lost=on_error == "raise", tick=tick)
    if on_error == "raise":
        report("load_images", [lost[min(lost)]] if lost else [], on_error)
    listing = listing.without("load_images", lost)
    report("load_images", listing.skipped, on_error)
    kept = (row for row in range(n) if row not in lost)
    for to, row in enumerate(kept if lost else ()):  # in place: a second array may not fit
        data[to] = data[row]
    return Bunch(
        data=data[: n - len(lost)],
        target=listing.labels,
        target_names=listing.classes,
        filenames=np.array(listing.filenames, object),
        skipped=listing.skipped,
        DESCR=_description(listing, form),
    )


def _description(listing: Listing, form: Form) -> str:
    counts = np.bincount(listing.labels, minlength=len(listing.classes))
    lines = [
        f"{len(listing.filenames)} images of {listing.folder}",
        f"uint8 (height, width, channels) = {form.shape}, fitted by {form.fit!r}",
        *(f"{name}: {count}" for name, count in zip(listing.classes, counts, strict=True)),
        f"skipped: {len(listing.skipped)}",
    ]
    return "\n".join(lines)
