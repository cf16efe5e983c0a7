"""Quick checks of image files: header and end, without decoding."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from convnet.data.errors import Skipped, UnreadableError, report_skipped
from convnet.data.images.decode import opened_image
from convnet.data.images.modes import check_mode
from convnet.data.parallel import for_each
from convnet.engine.threads import resolve_n_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.data.parallel import Tick


TAIL = 64  # bytes at the end of a file that are searched for its end marker
# How to recognize the end of a complete file; zeros may follow it.
ENDS = {
    "JPEG": lambda tail: tail.rstrip(b"\0").endswith(b"\xff\xd9"),
    "PNG": lambda tail: b"IEND" in tail,
    # the trailer after the end of a block
    "GIF": lambda tail: tail.rstrip(b"\0").endswith(b"\0;"),
}


def probe(path: str) -> None:
    """Raise `UnreadableError` if the header of a file is bad or its end is missing.

    If the end is not recognized, the pixels are decoded.
    """
    with opened_image(path) as (file, image):
        check_mode(image)
        is_complete = ENDS.get(image.format or "")
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL))
        if is_complete is None or not is_complete(file.read()):
            image.load()


def probe_all(
    filenames: Sequence[str],
    *,
    n_jobs: int | None,
    on_error: str,
    tick: Tick | None = None,
) -> dict[int, Skipped]:
    """Return {index: Skipped} of the files that `probe` rejects.

    Parameters
    ----------
    filenames : list of str
        The files.
    n_jobs : int or None
        Number of threads, see `resolve_n_threads`.
    on_error : {"skip", "raise"}
        "raise" raises `ImageError` for the first file that is rejected.
    tick : callable, default=None
        Called with the number of files checked.
    """
    lost = {}

    def probe_one(number: int) -> bool:
        try:
            probe(filenames[number])
        except UnreadableError as error:
            lost[number] = Skipped(filenames[number], str(error))
        return on_error == "raise" and bool(lost)

    for_each(probe_one, range(len(filenames)), resolve_n_threads(n_jobs), tick)
    if on_error == "raise":
        report_skipped("ImageFolder", [lost[min(lost)]] if lost else [], on_error)
    return lost
