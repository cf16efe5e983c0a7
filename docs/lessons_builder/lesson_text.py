"""The text of a lesson: a TOML file beside its builder, with the steps of the tour in their order.

``title`` and ``summary`` are those of the page. Each ``[[steps]]`` has ``title``, ``text``, ``show`` (the view, as the
fragment of the page's address holds it) and ``look`` (the panel to look at). ``{name}`` stands for a fact that the
builder computes. A step with ``needs`` is left out if that fact is None. A translation is another file with the same
steps.
"""

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from convnet.inspection.explorer import Lesson, TourStep

FOLDER = Path(__file__).resolve().parent


class LessonText(NamedTuple):
    """A lesson with its title, and the other texts of its file.

    Parameters
    ----------
    title : str
        Title of the page.
    lesson : Lesson
        The tour.
    """

    title: str
    lesson: Lesson


def languages():
    """Return the languages that every lesson has a file in."""
    found = {path.name.split(".")[0]: set() for path in FOLDER.glob("*.toml")}
    for path in FOLDER.glob("*.toml"):
        found[path.name.split(".")[0]].add(path.name.split(".")[1])
    return sorted(set.intersection(*found.values()))


def read(name, language):
    """Return the file of a lesson as a dict."""
    with open(FOLDER / f"{name}.{language}.toml", "rb") as file:
        return tomllib.load(file)


def fill(content: dict[str, Any], facts: dict[str, Any], panels, kernels=None) -> LessonText:
    """Return the lesson of a file.

    Parameters
    ----------
    content : dict
        The file.
    facts : dict
        What its texts and views name. Integers are written with separators in texts.
    panels : sequence of str
        The panels of the page.
    kernels : mapping of str to array-like, default=None
        Kernels to choose from in the lab.
    """
    words = {key: f"{value:,}" if isinstance(value, int) else value for key, value in facts.items()}
    steps = [
        TourStep(
            step["title"].format(**words),
            step["text"].strip().format(**words),
            step["show"].format(**facts),
            step["look"],
        )
        for step in content["steps"]
        if facts.get(step.get("needs"), step) is not None
    ]
    summary = content["summary"].strip().format(**words)
    return LessonText(content["title"], Lesson(summary, steps, panels, kernels or {}))
