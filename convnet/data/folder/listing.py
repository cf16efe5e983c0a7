"""What lies in a folder of class folders, by name, without a file being opened."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from convnet.data.errors import Skipped, check_left
from convnet.data.images.pillow import ENDINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class Listing(NamedTuple):
    """Classes and their files, both sorted by name.

    `labels` are the indices of the files' classes, int64 (n,); `stamps` the files' (size, time of change in ns).
    """

    folder: str
    classes: list[str]
    filenames: list[str]
    labels: NDArray[np.int64]
    stamps: list[tuple[int, int]]
    skipped: list[Skipped]

    def without(self, who: str, lost: Mapping[int, Skipped]) -> Listing:
        """Return the listing without some files, {number: Skipped}, which join what is skipped.

        ValueError, of `who`, where none is left.
        """
        if not lost:
            return self
        check_left(who, self.folder, len(self.filenames), lost)
        rows = [row for row in range(len(self.filenames)) if row not in lost]
        return self._replace(
            filenames=[self.filenames[row] for row in rows],
            labels=self.labels[rows],
            stamps=[self.stamps[row] for row in rows],
            skipped=[*self.skipped, *(lost[row] for row in sorted(lost))],
        )


def list_folder(who: str, folder: str | os.PathLike[str]) -> Listing:
    """Return the `Listing` of a folder with a folder a class.

    Names that begin with a dot, and files with other endings than `ENDINGS` (in either case), are passed over. Links
    are followed; folders inside class folders are not, so that no link can lead in a circle.

    Parameters
    ----------
    who : str
        What needs it, for errors.
    folder : str or path
        The folder.

    Returns
    -------
    listing : Listing
        Its file names begin with the folder's absolute path.

    Raises
    ------
    TypeError
        `folder` is no path.
    OSError
        There is no such folder, or it may not be read.
    ValueError
        It has no class folder, or none of them has an image.
    """
    try:
        given = os.fsdecode(folder)
    except TypeError:
        raise TypeError(f"{who}: folder must be text or a path; got {folder!r}.") from None
    root = os.path.abspath(given)
    folders, images, skipped = _entries(who, root)
    skipped += [Skipped(path, "lies beside the class folders, in none of them") for path in images]
    if not folders:
        raise ValueError(
            f"{who}: {given!r} has no class folders"
            f"{f', but {len(images)} images' if images else ''}. Put the images of each class into a folder of its own."
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
        remedy = f" Pass one of its folders, such as {folders[0]!r}." if nested else ""
        reason = f": {skipped[0]}" if skipped and not nested else ""
        raise ValueError(f"{who}: no class folder of {given!r} has an image{reason}.{remedy}")
    classes = [os.path.basename(path) for path in folders]
    return Listing(root, classes, filenames, np.array(labels, np.int64), stamps, skipped)


def _entries(
    who: str | None, folder: str
) -> tuple[list[str], dict[str, tuple[int, int]], list[Skipped]]:
    """Return folders, {image: (size, time)} and what is skipped, each sorted by name.

    A folder that cannot be read is an error of `who`, or without that is skipped.
    """
    folders, images, skipped = [], {}, []
    try:
        with os.scandir(folder) as inside:
            entries = sorted(inside, key=lambda entry: entry.name)
    except OSError as error:
        if who is None:
            return [], {}, [Skipped(folder, f"cannot be read: {error.strerror}")]
        message = f"{who}: folder {folder!r} cannot be read: {error.strerror}."
        raise type(error)(error.errno, message) from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        is_image = os.path.splitext(entry.name)[1].lower() in ENDINGS
        try:
            found = entry.stat()
        except OSError as error:  # a link to nowhere or to itself
            skipped.append(Skipped(entry.path, f"cannot be read: {error.strerror}"))
            continue
        if stat.S_ISDIR(found.st_mode):
            folders.append(entry.path)
        elif is_image and stat.S_ISREG(found.st_mode):
            images[entry.path] = found.st_size, found.st_mtime_ns
        elif is_image:
            skipped.append(Skipped(entry.path, "is no regular file"))
    return folders, images, skipped
