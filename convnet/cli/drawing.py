"""Figures written as PNG files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from convnet._extras import missing_extra
from convnet.cli.errors import UsageError
from convnet.cli.files import check_new
from convnet.cli.report import say
from convnet.persistence.files import atomic_write, check_path

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable


DPI = 150


def draws_into_memory(who: str) -> None:
    """Have matplotlib draw without a screen; UsageError where it is not installed."""
    try:
        import matplotlib
    except ImportError:
        raise UsageError(missing_extra(who, "matplotlib", "plot")) from None
    matplotlib.use("Agg")


def picture_path(folder: str, stem: str) -> str:
    """Return the path of the picture with this name."""
    return os.path.join(folder, f"{stem}.png")


def check_free(folder: str, stems: Iterable[str], args: Namespace) -> None:
    """Raise UsageError if one of the pictures of these names exists in a folder, unless ``args.force`` is set."""
    for stem in stems:
        check_new("--out", picture_path(folder, stem), force=args.force)


class Pictures:
    """The pictures that a command writes into a folder, which is made where there is none.

    Parameters
    ----------
    folder : str
        As --out names it.
    args : Namespace
        Its `written` says how many there are so far.

    Attributes
    ----------
    paths : list of str
        Those written.
    """

    def __init__(self, folder: str, args: Namespace) -> None:
        self.folder, self.args = folder, args
        self.paths: list[str] = []
        try:
            os.makedirs(folder, exist_ok=True)
        except FileExistsError:
            raise UsageError(f"--out: {folder} is a file. Pass a folder.") from None
        except OSError as error:
            raise UsageError(f"--out: cannot make the folder {folder}: {error.strerror}.") from None

    def write(self, figure: Any, stem: str) -> None:
        """Write a figure, close it, and print the path."""
        from matplotlib import pyplot

        path = picture_path(self.folder, stem)
        check_path("--out", path)
        with atomic_write(path) as file:
            figure.savefig(file, format="png", dpi=DPI)
        pyplot.close(figure)
        say(path)
        self.paths.append(path)
        n = len(self.paths)
        self.args.written = (
            f"{n} {'picture was' if n == 1 else 'pictures were'} written to {self.folder}"
        )
