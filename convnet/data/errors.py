"""ImageError, and the report of files that are skipped."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

from convnet.values.messages import MAX_NAME, printable, quoted, shorten, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


MAX_NAMED = 3  # skipped files that a warning names


class ImageError(ValueError):
    """An image file cannot be read: it is damaged, truncated, too large, not an image, or not accessible.

    Parameters
    ----------
    message : str
        File name and reason.

    Examples
    --------
    >>> from convnet.data import ImageError, ImageReader
    >>> open("notes.jpg", "w").close()
    >>> try:
    ...     ImageReader().transform(["notes.jpg"])
    ... except ImageError as error:
    ...     print(error)
    ImageReader: notes.jpg is empty.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)


class UnreadableError(Exception):
    """The reason why one file cannot be read, worded as the end of a sentence: "is empty"."""


class Skipped(NamedTuple):
    """A file or folder that is left out, and the reason, worded as the end of a sentence."""

    filename: str
    reason: str

    def __str__(self) -> str:
        return f"{printable(shorten(self.filename, MAX_NAME))} {self.reason}"


def report_skipped(who: str, skipped: Sequence[Skipped], on_error: str) -> None:
    """Warn about skipped files, or with ``on_error="raise"`` raise `ImageError` for the first."""
    if not skipped:
        return
    if on_error == "raise":
        raise ImageError(f'{who}: {skipped[0]}. Pass on_error="skip" to leave it out.')
    more = f"; and {len(skipped) - MAX_NAMED} more" if len(skipped) > MAX_NAMED else ""
    warnings.warn(
        f"{who}: {len(skipped)} skipped: {'; '.join(map(str, skipped[:MAX_NAMED]))}{more}. "
        "The attribute `skipped` lists all of them with reasons.",
        stacklevel=3,
    )


def check_any_left(who: str, folder: str, n: int, lost: Mapping[int, Skipped]) -> None:
    """Raise ValueError if all n images of a folder are lost; `lost` maps image indices to reasons."""
    if lost and len(lost) == n:
        raise ValueError(
            f"{who}: none of the {n} images in {quoted(folder)} can be read: {lost[min(lost)]}."
        )


def check_on_error(who: str, on_error: str) -> None:
    """Raise ValueError unless `on_error` is "skip" or "raise"."""
    if on_error not in ("skip", "raise"):
        raise ValueError(f'{who}: on_error must be "skip" or "raise"; got {show(on_error)}.')
