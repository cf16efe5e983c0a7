"""The quick and the long form, and the table of figures at the end of a run.

`tools/stress.sh` runs this folder; `pytest stress` runs the tests that need no build of their own.
"""

import json
import os
import sys
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]
os.environ.setdefault("MPLBACKEND", "Agg")

LONG = os.environ.get("CONVNET_STRESS") == "long"


def pytest_collection_modifyitems(config, items):
    """Deselect the tests that only the long form runs."""
    left = [] if LONG else [item for item in items if item.get_closest_marker("long")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if not item.get_closest_marker("long")]


def pytest_xdist_make_scheduler(config, log):
    """Run each file in one process: its tests share counters."""
    return LoadFileScheduling(config, log)


@pytest.fixture(scope="session")
def amount():
    """Return a function that chooses its first argument in the quick form, its second one in the long form."""
    return lambda quick, long: long if LONG else quick


@pytest.fixture
def figure(request):
    """Record a row of the table: ``figure("forks that hang", seen=0, asked="0 of 300")``."""

    def note(what, *, seen, asked):
        line = {"test": request.node.nodeid, "what": what, "seen": str(seen), "asked": str(asked)}
        request.node.user_properties.append(("figure", line))  # travels with the test's report

    return note


def pytest_terminal_summary(terminalreporter, config):
    """Print the figures, and append them to the file that ``CONVNET_FIGURES`` names."""
    if hasattr(config, "workerinput"):  # a process of pytest-xdist; its controller has all reports
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
