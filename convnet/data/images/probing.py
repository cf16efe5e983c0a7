"""Whether files hold images, as far as that shows without decoding them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from convnet.data.images.decode import opened_image
from convnet.data.errors import Skipped, UnreadableError, report
from convnet.data.images.modes import check_mode
from convnet.data.parallel import for_each
from convnet.engine.threads import resolve_n_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.data.parallel import Tick


TAIL = 64  # bytes of a file in which its end is looked for
# What the last bytes of a whole file look like; zeros may follow.
ENDS = {
    "JPEG": lambda tail: tail.rstrip(b"\0").endswith(b"\xff\xd9"),
    "PNG": lambda tail: b"IEND" in tail,
    "GIF": lambda tail: tail.rstrip(b"\0").endswith(
        b"\0;"
    ),  # the trailer, behind the end of a block
}


def probe(path: str) -> None:
    """Raise `UnreadableError` where the header of a file is bad or its end lacks.

    Its pixels are decoded where the end is none that is known.
    """
    with opened_image(path) as (file, image):
        check_mode(image)
        is_whole = ENDS.get(image.format or "")
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL))
        if is_whole is None or not is_whole(file.read()):
            image.load()


def probe_all(
    filenames: Sequence[str],
    *,
    n_jobs: int | None,
    on_error: str,
    tick: Tick | None = None,
) -> dict[int, Skipped]:
    """Return {number: Skipped} of the files that `probe` refuses, or raise `ImageError` for the first.

    Parameters
    ----------
    filenames : list of str
        The files.
    n_jobs : int or None
        Threads.
    on_error : {"skip", "raise"}
        Whether the first is an error.
    tick : callable, default=None
        Called with the number of files done.
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
        report("ImageFolder", [lost[min(lost)]] if lost else [], on_error)
    return lost
