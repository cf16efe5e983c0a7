"""Makes the modules of `benchmarks` importable, and runs its programs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.append(str(BENCHMARKS))


@pytest.fixture
def run(tmp_path):
    """Return a function that runs a benchmark and returns the finished process.

    It takes the words of the command. `missing` lists modules that cannot be imported in it.
    """

    def call(*words, missing=()):
        for module in missing:
            line = f'raise ModuleNotFoundError("No module named {module!r}")\n'
            (tmp_path / f"{module}.py").write_text(line, encoding="utf-8")
        path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
        command = [sys.executable, str(BENCHMARKS / words[0]), *words[1:]]
        return subprocess.run(
            command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
        )

    return call
