"""Listing of the images and labels in a CSV file. No image file is opened."""

from __future__ import annotations

import codecs
import csv
import io
import os
import stat
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from convnet.data.errors import Skipped
from convnet.data.folder.listing import Listing
from convnet.data.images.pillow import EXTENSIONS
from convnet.values.messages import MAX_NAME, printable, quoted, shorten, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


DELIMITERS = ",;\t"
FILE_NAMES = (
    *("file", "filename", "file_name", "file name", "filepath", "path", "image", "image_path"),
    *("image name", "image_name", "image_id", "img", "photo", "id"),
)
LABEL_NAMES = (
    "label",
    "labels",
    "class",
    "class_name",
    "category",
    "target",
    "y",
    "breed",
    "species",
)
TRIED = (".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG")  # extensions that a name may lack
REMEDY = "Write two columns, the name of an image file and its label, or name two columns file and label."


class Labeled(NamedTuple):
    """A file, its label, and the line that says so."""

    filename: str
    label: str
    line: int


def list_csv(
    who: str, csv_file: str | os.PathLike[str], folder: str | os.PathLike[str] | None
) -> Listing:
    """List the images in a CSV file of file names and labels; see `ImageFolder.from_csv`.

    Parameters
    ----------
    who : str
        Name of the caller, for errors.
    csv_file : str or path
        The file.
    folder : str, path or None
        What file names are relative to. Files that are not there are looked for in the folder of the CSV file.

    Returns
    -------
    listing : Listing
        File names are absolute. Files that do not exist and lines without a label are skipped.

    Raises
    ------
    TypeError
        `csv_file` or `folder` is not a path.
    OSError
        `csv_file` or `folder` does not exist or cannot be read.
    ValueError
        The columns cannot be told apart, a file has two labels, or no listed file exists.
    """
    try:
        given = os.fsdecode(csv_file)
        beside = os.path.dirname(os.path.abspath(given))
        root = beside if folder is None else os.path.abspath(os.fsdecode(folder))
    except TypeError:
        raise TypeError(
            f"{who}: csv_file and folder must be strings or paths; got {show(csv_file)} and {show(folder)}."
        ) from None
    if not os.path.isdir(root):
        raise FileNotFoundError(f"{who}: there is no folder {quoted(root)}.")
    found: dict[str, Labeled] = {}
    stamps: dict[str, tuple[int, int]] = {}
    skipped: list[Skipped] = []
    shown = printable(shorten(given, MAX_NAME))
    for name, label, line in _rows(who, given, (root, beside)):
        path, stamp = _find((root, beside), name)
        if not label:
            skipped.append(Skipped(path, f"has no label in line {line} of {shown}"))
        elif stamp is None:
            skipped.append(Skipped(path, f"does not exist (line {line} of {shown})"))
        elif path not in found:
            found[path], stamps[path] = Labeled(path, label, line), stamp
        elif found[path].label != label:
            first = found[path]
            one, other = (printable(shorten(each, MAX_NAME)) for each in (first.label, label))
            raise ValueError(
                f"{who}: {quoted(given)} gives {quoted(name)} two labels: {one} in line {first.line} and "
                f"{other} in line {line}. Delete one of the lines."
            )
    if not found:
        reason = f": {skipped[0]}" if skipped else ""
        raise ValueError(
            f"{who}: {quoted(given)} lists no image with a label in {quoted(root)}{reason}. Write names of files "
            "relative to that folder."
        )
    files = sorted(found.values(), key=lambda one: (one.label, one.filename))
    classes = sorted({one.label for one in files})
    codes = {name: code for code, name in enumerate(classes)}
    labels = np.array([codes[one.label] for one in files], np.int64)
    filenames = [one.filename for one in files]
    return Listing(root, classes, filenames, labels, [stamps[name] for name in filenames], skipped)


def _rows(who: str, path: str, roots: Sequence[str]) -> Iterator[Labeled]:
    """Yield the file names, labels and numbers of the lines of a CSV file."""
    text = _text(who, path)
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    file_column, label_column, has_begun = 0, 1, False
    try:
        for cells in rows:
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if not has_begun:
                has_begun = True
                columns = _columns(cells)
                if columns is not None:
                    file_column, label_column = columns
                    continue
                if len(cells) != 2:
                    raise ValueError(
                        f"{who}: cannot tell the columns of {quoted(path)} apart; its first line is {show(first)}. "
                        f"{REMEDY}"
                    )
                if not _names_image(roots, cells[0]):
                    continue  # names of columns, whatever they are
            cells += [""] * (1 + max(file_column, label_column) - len(cells))
            if cells[file_column]:
                yield Labeled(cells[file_column], cells[label_column], rows.line_num)
    except csv.Error as error:
        raise ValueError(f"{who}: {quoted(path)} is not a CSV file: {error}. {REMEDY}") from None


def _text(who: str, path: str) -> str:
    """Return the text of a file. Bytes that are not UTF-8 are kept as in names of files."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        message = f"{who}: {quoted(path)} cannot be read: {error.strerror}."
        raise type(error)(error.errno, message) from error
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    if b"\0" in data:
        raise ValueError(f"{who}: {quoted(path)} is not a text file. Save the table as CSV.")
    return data.removeprefix(codecs.BOM_UTF8).decode("utf-8", errors="surrogateescape")


def _columns(cells: list[str]) -> tuple[int, int] | None:
    """Return the columns of file names and labels if `cells` are names of columns that say so."""
    names = [cell.lower() for cell in cells]
    files = [i for known in FILE_NAMES for i, name in enumerate(names) if name == known]
    labels = [i for known in LABEL_NAMES for i, name in enumerate(names) if name == known]
    return (files[0], labels[0]) if files and labels else None


def _names_image(roots: Sequence[str], name: str) -> bool:
    return (
        os.path.splitext(name)[1].lower() in EXTENSIONS
        or "/" in name
        or _find(roots, name)[1] is not None
    )


def _find(roots: Sequence[str], name: str) -> tuple[str, tuple[int, int] | None]:
    """Return the path of a file in one of these folders, and its size and time; None if there is no such file.

    The name may have backslashes, as Windows writes them, or lack the extension.
    """
    names = [name, *([name.replace("\\", "/")] if "\\" in name else [])]
    if os.path.splitext(name)[1].lower() not in EXTENSIONS:
        names += [one + extension for one in list(names) for extension in TRIED]
    for root, one in product(roots, names):
        path = os.path.normpath(os.path.join(root, one))
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(status.st_mode):
            return path, (status.st_size, status.st_mtime_ns)
    return os.path.normpath(os.path.join(roots[0], name)), None
