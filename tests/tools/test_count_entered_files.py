"""A fit stays easy to follow: it enters few files."""

import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools" / "count_entered_files.py"
MOST = 49


def run(most):
    command = [sys.executable, TOOL, "--files", "--most", str(most)]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


def test_a_fit_enters_few_files():
    done = run(MOST)
    assert done.returncode == 0, f"more than {MOST} files:\n{done.stdout}{done.stderr}"
    assert "fitting/session.py" in done.stdout


def test_more_files_than_allowed_are_an_error():
    assert run(10).returncode == 1
