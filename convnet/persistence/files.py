"""Files that are replaced as a whole: a reader sees the old one or the new one."""

import os
import secrets
from contextlib import contextmanager


def check_folder(what, path):
    """Return `path` as text; raise ValueError, naming `what` wants it, if its folder does not exist."""
    path = os.fspath(path)
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise ValueError(f"{what}: there is no folder {folder!r} for {path!r}. Make it first.")
    return path


@contextmanager
def replaced(path):
    """Open a binary file for writing that takes the place of `path` when all went well, its rights a new file's."""
    folder, name = os.path.split(os.path.abspath(path))
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(8)}")
    file = open(temporary, "xb")  # noqa: SIM115
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
