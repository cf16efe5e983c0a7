"""How much is tried, and the table of figures that ends a run.

`tools/torture.sh` runs this folder; `pytest torture` runs the part of it that needs no build of its own.
"""

import json
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [
    str(HERE),
    str(HERE.parent / "tests"),
]  # `forked`, `netcheck` and the nets are there
os.environ.setdefault("MPLBACKEND", "Agg")

LONG = os.environ.get("CONVNET_TORTURE") == "long"
FIGURES = pytest.StashKey[list]()


def pytest_configure(config):
    config.stash[FIGURES] = []


@pytest.fixture(scope="session")
def amount():
    """How many to try: the first number, or the second one in the long form."""
    return lambda quick, long: long if LONG else quick


@pytest.fixture
def figure(request):
    """Note what was seen, for the table: ``figure("forks that hang", seen=0, asked="0 of 300")``."""

    def note(what, *, seen, asked):
        line = {"test": request.node.nodeid, "what": what, "seen": str(seen), "asked": str(asked)}
        request.config.stash[FIGURES].append(line)

    return note


def pytest_terminal_summary(terminalreporter, config):
    """Print the figures, and add them to the file that ``CONVNET_FIGURES`` names."""
    lines = config.stash[FIGURES]
    if lines:
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.write_line("{what}: {seen} (asked: {asked})".format(**line))
    if "CONVNET_FIGURES" in os.environ:
        with open(os.environ["CONVNET_FIGURES"], "a", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
