"""Zip archives whose entries are not compressed, so that they take no more memory than the file."""

from __future__ import annotations

import os
import zipfile


def uncompressed_entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the entries of an archive by name.

    Raises
    ------
    ValueError
        If an entry is compressed, all of them together claim to be larger than the file, or two have the same name.
    """
    entries = archive.infolist()
    if any(
        e.compress_type != zipfile.ZIP_STORED or e.file_size != e.compress_size for e in entries
    ):
        raise ValueError("its entries are compressed; write it with numpy.savez")
    assert archive.fp is not None
    if sum(e.file_size for e in entries) > archive.fp.seek(0, os.SEEK_END):
        raise ValueError("its entries are larger than the file")
    named = {e.filename: e for e in entries}
    if len(named) < len(entries):
        raise ValueError("it has two entries of the same name")
    return named
