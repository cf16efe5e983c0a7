"""How much is tried, and the table of figures that ends a run.

`tools/stress.sh` runs this folder; `pytest stress` runs the part of it that needs no build of its own.
"""

import json
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]
os.environ.setdefault("MPLBACKEND", "Agg")

LONG = os.environ.get("CONVNET_STRESS") == "long"


def pytest_collection_modifyitems(config, items):
    """Leave to the long form what is marked so."""
    left = [] if LONG else [item for item in items if item.get_closest_marker("long")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if not item.get_closest_marker("long")]


@pytest.fixture(scope="session")
def amount():
    """How many to try: the first number, or the second one in the long form."""
    return lambda quick, long: long if LONG else quick


@pytest.fixture
def figure(request):
    """Note what was seen, for the table: ``figure("forks that hang", seen=0, asked="0 of 300")``."""

    def note(what, *, seen, asked):
        line = {"test": request.node.nodeid, "what": what, "seen": str(seen), "asked": str(asked)}
        request.node.user_properties.append(("figure", line))  # goes with the test's report

    return note


def pytest_terminal_summary(terminalreporter, config):
    """Print the figures, and add them to the file that ``CONVNET_FIGURES`` names."""
    if hasattr(config, "workerinput"):  # of pytest-xdist, whose controller has all reports
        return
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    lines = [
        line
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, line in report.user_properties
        if name == "figure"
    ]
    lines.sort(key=lambda line: line["test"])
    if lines:
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.write_line("{what}: {seen} (asked: {asked})".format(**line))
    if "CONVNET_FIGURES" in os.environ:
        with open(os.environ["CONVNET_FIGURES"], "a", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
