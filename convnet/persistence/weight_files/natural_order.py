"""The order of names that are sorted in a file: by their texts and numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def natural_order(names: Iterable[str]) -> list[str]:
    """Sort names so that conv2d_2 comes before conv2d_10, and conv2d before both."""
    return sorted(names, key=natural_key)


def natural_key(name: str) -> list[tuple[str, int]]:
    """Return what `natural_order` sorts by: (text, number) for each part of a name between slashes and dots."""
    key = []
    for part in re.split(r"[./]", name):
        pieces = re.findall(r"(\D*)(\d*)", part)[:-1] or [("", "")]
        key += [(text.rstrip("_"), int(digits[:18] or 0)) for text, digits in pieces]
        key.append(("", -1))  # a part that ends comes first
    return key
