"""Writing files that replace others as a whole: a reader sees either the old file or the new one."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from convnet.values.messages import quoted, show

if TYPE_CHECKING:
    from collections.abc import Iterator


def check_path(what: str, path: str | os.PathLike[str]) -> str:
    """Return `path` as a string. Raise an error that begins with `what` if no file can be written there."""
    try:
        path = os.fsdecode(path)
    except TypeError:
        raise TypeError(f"{what}: path must be a string or a path; got {show(path)}.") from None
    whole = os.path.abspath(path)
    folder = os.path.dirname(whole)
    if os.path.exists(whole) and not os.path.isfile(whole):  # a device is not replaced by a file
        kind = "a folder" if os.path.isdir(whole) else "a device"
        raise ValueError(f"{what}: {quoted(path)} is {kind}. Pass the path of a file.")
    if not os.path.isdir(folder):
        raise ValueError(
            f"{what}: there is no folder {quoted(folder)} for {quoted(path)}. Create it first."
        )
    try:
        temporary, file = _temporary(whole)
        file.close()
        os.unlink(temporary)
    except OSError as error:
        raise ValueError(
            f"{what}: {quoted(path)} cannot be written: {error.strerror}. Pass another path."
        ) from error
    return path


@contextmanager
def atomic_write(path: str | os.PathLike[str], *, text: bool = False) -> Iterator[IO[Any]]:
    """Open a temporary file for writing that replaces `path` if no error occurs. It gets a new file's permissions.

    The file is binary. With `text`, it is UTF-8, where names of files may hold other bytes, and keeps line ends as they
    are written, as `csv` asks for.
    """
    path = os.path.abspath(os.fsdecode(path))
    temporary, file = _temporary(path, text)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _temporary(path: str, text: bool = False) -> tuple[str, IO[Any]]:
    """Return the path of a new file in the same folder, and the open file."""
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(8)}")
    if text:
        return temporary, open(
            temporary, "x", encoding="utf-8", errors="surrogateescape", newline=""
        )
    return temporary, open(temporary, "xb")
