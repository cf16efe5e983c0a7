"""ImageError, and what is skipped."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


NAMED = 3  # of skipped files, in a warning


class ImageError(ValueError):
    """A file holds no image that can be read: it is damaged, truncated, no image, too large, or may not be opened.

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
    """Why one file cannot be read, as the end of a sentence: "is empty"."""


class Skipped(NamedTuple):
    """A file or folder that is left out, and why, as the end of a sentence."""

    filename: str
    reason: str

    def __str__(self) -> str:
        return f"{self.filename} {self.reason}"


def report(who: str, skipped: Sequence[Skipped], on_error: str) -> None:
    """Warn of what is skipped, or raise `ImageError` for the first of it under ``on_error="raise"``."""
    if not skipped:
        return
    if on_error == "raise":
        raise ImageError(f'{who}: {skipped[0]}. on_error="skip" leaves it out.')
    more = f"; and {len(skipped) - NAMED} more" if len(skipped) > NAMED else ""
    warnings.warn(
        f"{who}: {len(skipped)} skipped: {'; '.join(map(str, skipped[:NAMED]))}{more}. "
        "`skipped` lists all with reasons.",
        stacklevel=3,
    )


def check_left(who: str, folder: str, n: int, lost: Mapping[int, Skipped]) -> None:
    """Raise ValueError where all of n images are lost, {row: Skipped}."""
    if lost and len(lost) == n:
        raise ValueError(f"{who}: none of {n} images of {folder!r} can be read: {lost[min(lost)]}.")


def check_on_error(who: str, on_error: str) -> None:
    """Raise ValueError where `on_error` is neither "skip" nor "raise"."""
    if on_error not in ("skip", "raise"):
        raise ValueError(f'{who}: on_error must be "skip" or "raise"; got {on_error!r}.')
