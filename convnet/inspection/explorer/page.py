"""The document in the template, as one HTML file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convnet.persistence.files import atomic_write

if TYPE_CHECKING:
    from collections.abc import Mapping


TEMPLATE = Path(__file__).with_name("page.html")
PLACEHOLDER = "<!--document-->"
FRAME_HEIGHT = 720  # pixels, in a notebook


@dataclass(frozen=True)
class ExplorerPage:
    """A page that was written. A notebook shows it inline.

    Parameters
    ----------
    path : str
        Path of the file.
    n_images : int
        Number of images on the page.
    left_out : dict
        ``"images"``: number of images that did not fit. ``"parameters"``: names of the parameters that did not fit.
        ``"epochs"``: names of the checkpoints that did not fit.
    """

    path: str
    n_images: int
    left_out: dict[str, Any]

    def _repr_html_(self) -> str:
        page = escape(Path(self.path).read_text(encoding="utf-8"))
        return (
            f'<iframe title="convnet explorer" sandbox="allow-scripts" srcdoc="{page}" '
            f'style="width:100%;height:{FRAME_HEIGHT}px;border:0"></iframe>'
        )


def to_text(document: Mapping[str, Any]) -> str:
    """Return a document as JSON for a script element.

    Text of a script element ends at ``</script`` and may begin a comment with ``<!--``, so no "<" may stand in it.
    JSON allows its escape in strings, the only place where it occurs.
    """
    text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def to_html(document: Mapping[str, Any]) -> str:
    """Return the page of a document."""
    before, after = TEMPLATE.read_text(encoding="utf-8").split(PLACEHOLDER)
    return before + to_text(document) + after


def write_page(document: Mapping[str, Any], path: str) -> ExplorerPage:
    """Write the page of a document to a file, which replaces one that exists."""
    html = to_html(document)
    with atomic_write(path, text=True) as file:
        file.write(html)
    return ExplorerPage(path, len(document["samples"]), document["left_out"])
