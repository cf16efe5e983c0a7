"""Lessons: a guided tour of the page, and the panels that the page has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike


PANELS = (
    "images", "mistakes", "explanation", "lab", "training", "net", "detail", "editor", "costs",
)  # fmt: skip


@dataclass(frozen=True)
class TourStep:
    """A step of a tour.

    Parameters
    ----------
    title, text : str
        What to read. An empty line begins a paragraph.
    show : str
        The view to show, as the fragment of the page's address holds it: ``"layer=conv1&channel=0&row=3"``. Where it
        names no channel, the page shows the strongest one.
    look : str
        The panel to look at, one of `PANELS`. The page scrolls to it and outlines it.
    """

    title: str
    text: str
    show: str
    look: str


@dataclass(frozen=True)
class Lesson:
    """A page with a guided tour.

    Parameters
    ----------
    summary : str
        What the lesson is about, in a sentence or two.
    steps : sequence of TourStep
        The tour.
    panels : sequence of str
        The panels of the page, among `PANELS`. "lab" edits the kernel, stride and padding of a net that has a
        convolution with one filter and without a bias, an activation and a max-pool, each as a layer of its own.
    kernels : mapping of str to array-like, default={}
        Kernels to choose from in the lab, by their names.

    Raises
    ------
    ValueError
        If a panel is not known, or a step looks at a panel that the page does not have.
    """

    summary: str
    steps: Sequence[TourStep]
    panels: Sequence[str]
    kernels: Mapping[str, ArrayLike] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for panel in self.panels:
            if panel not in PANELS:
                raise ValueError(f"Lesson: panel {panel!r} is not known. Use {', '.join(PANELS)}.")
        for i, step in enumerate(self.steps, 1):
            if step.look not in self.panels:
                raise ValueError(
                    f"Lesson: step {i} looks at the panel {step.look!r}, which is not among panels. "
                    f"Use {', '.join(self.panels)}."
                )

    def to_json(self) -> dict[str, Any]:
        """Return the lesson as JSON."""
        return {
            "summary": self.summary,
            "panels": list(self.panels),
            "steps": [
                {"title": s.title, "text": s.text, "show": s.show, "look": s.look}
                for s in self.steps
            ],
            "kernels": [
                {"name": name, "values": np.ravel(values).astype(np.float64).tolist()}
                for name, values in self.kernels.items()
            ],
        }
