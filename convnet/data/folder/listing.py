"""Listing: the classes and files of a folder with one subfolder per class. No file is opened."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from convnet.data.errors import Skipped, check_any_left
from convnet.data.images.pillow import EXTENSIONS
from convnet.values.messages import quoted, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


# Files and folders that file managers, archives, network drives and cameras create. They hold thumbnails and metadata.
IGNORED = {
    *("__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found"),
    *("thumbs.db", "ehthumbs.db", "desktop.ini"),
}


class Listing(NamedTuple):
    """Classes and their files, both sorted by name. `folder` is what file names may be relative to.

    `labels` has the class index of each file, int64 (n,). `stamps` has the (size in bytes, modification time in ns) of
    each file.
    """

    folder: str
    classes: list[str]
    filenames: list[str]
    labels: NDArray[np.int64]
    stamps: list[tuple[int, int]]
    skipped: list[Skipped]

    def without(self, who: str, lost: Mapping[int, Skipped]) -> Listing:
        """Return a listing without the files in `lost`, {index: Skipped}, which are added to `skipped`.

        Raises ValueError, in the name of `who`, if no file is left.
        """
        if not lost:
            return self
        check_any_left(who, self.folder, len(self.filenames), lost)
        kept = [i for i in range(len(self.filenames)) if i not in lost]
        return self._replace(
            filenames=[self.filenames[i] for i in kept],
            labels=self.labels[kept],
            stamps=[self.stamps[i] for i in kept],
            skipped=[*self.skipped, *(lost[i] for i in sorted(lost))],
        )


def is_ignored(name: str) -> bool:
    """Return whether a file or folder of this name is passed over: hidden ones, and those in `IGNORED`."""
    return name.startswith(".") or name.casefold() in IGNORED


def list_folder(who: str, folder: str | os.PathLike[str]) -> Listing:
    """List a folder with one subfolder per class.

    Names for which `is_ignored` is true, and files with other extensions than `EXTENSIONS` (in any case), are ignored.
    Links are followed. Folders inside class folders are not entered, so links cannot form a loop.

    Parameters
    ----------
    who : str
        Name of the caller, for errors.
    folder : str or path
        The folder.

    Returns
    -------
    listing : Listing
        File names are absolute.

    Raises
    ------
    TypeError
        `folder` is not a path.
    OSError
        The folder does not exist or cannot be read.
    ValueError
        There is no class folder, or none of them contains an image.
    """
    try:
        given = os.fsdecode(folder)
    except TypeError:
        raise TypeError(f"{who}: folder must be a string or a path; got {show(folder)}.") from None
    root = os.path.abspath(given)
    folders, images, skipped = _entries(who, root)
    skipped += [Skipped(path, "is outside the class folders") for path in images]
    if not folders:
        n = len(images)
        files = f"{n} image{'s' * (n != 1)} but " if n else ""
        raise ValueError(
            f"{who}: {quoted(given)} has {files}no class folders. Put the "
            "images of each class into a separate folder, or list them in a CSV file with the columns file and label "
            "(ImageFolder.from_csv)."
        )
    filenames: list[str] = []
    labels: list[int] = []
    stamps: list[tuple[int, int]] = []
    nested: list[str] = []
    for label, path in enumerate(folders):
        inner, own, lost = _entries(None, path)
        skipped += lost
        nested += inner
        skipped += [Skipped(one, "is a folder inside a class folder") for one in inner]
        if not own and not lost:
            skipped.append(Skipped(path, "is a class folder without images"))
        filenames += own
        stamps += own.values()
        labels += [label] * len(own)
    if not filenames:
        remedy = f" Pass one of its subfolders, such as {quoted(folders[0])}." if nested else ""
        reason = f": {skipped[0]}" if skipped and not nested else ""
        raise ValueError(
            f"{who}: no class folder in {quoted(given)} contains an image{reason}.{remedy}"
        )
    classes = [os.path.basename(path) for path in folders]
    return Listing(root, classes, filenames, np.array(labels, np.int64), stamps, skipped)


def _entries(
    who: str | None, folder: str
) -> tuple[list[str], dict[str, tuple[int, int]], list[Skipped]]:
    """Return subfolders, {image file: (size, time)} and skipped files of a folder, each sorted by name.

    A folder that cannot be read is an error in the name of `who`, or is skipped if `who` is None.
    """
    folders, images, skipped = [], {}, []
    try:
        with os.scandir(folder) as inside:
            entries = sorted(inside, key=lambda entry: entry.name)
    except OSError as error:
        if who is None:
            return [], {}, [Skipped(folder, f"cannot be read: {error.strerror}")]
        message = f"{who}: folder {quoted(folder)} cannot be read: {error.strerror}."
        raise type(error)(error.errno, message) from error
    for entry in entries:
        if is_ignored(entry.name):
            continue
        is_image = os.path.splitext(entry.name)[1].lower() in EXTENSIONS
        try:
            found = entry.stat()
        except OSError as error:  # a broken link, or a link to itself
            skipped.append(Skipped(entry.path, f"cannot be read: {error.strerror}"))
            continue
        if stat.S_ISDIR(found.st_mode):
            folders.append(entry.path)
        elif is_image and stat.S_ISREG(found.st_mode):
            images[entry.path] = found.st_size, found.st_mtime_ns
        elif is_image:
            skipped.append(Skipped(entry.path, "is not a regular file"))
    return folders, images, skipped
