"""The sanitizers report bugs that are planted in a small package, and nothing else.

tools/sanitize.sh builds that package (planted/) as it builds convnet.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAM = "import numpy as np, planted; x = np.zeros(4096, dtype=np.float32); "
# kind: (call with the bug, the same without, what the report says)
BUGS = {
    "address": (
        "planted.filled(x.ctypes.data, 4097)",
        "planted.filled(x.ctypes.data, 4096)",
        "heap-buffer-overflow",
    ),
    "undefined": (
        "planted.added(2**31 - 1, 1)",
        "planted.added(2**31 - 1, 0)",
        "signed integer overflow",
    ),
    "thread": (
        "planted.accumulated(x.ctypes.data, 64, False)",
        "planted.accumulated(x.ctypes.data, 64, True)",
        "data race",
    ),
}
needs_gcc = pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("gcc"), reason="the sanitizers are GCC's, on Linux"
)


def sanitize(folder, kinds, *command):
    """Run the copy of tools/sanitize.sh in a folder on that folder, with the default compiler."""
    environment = {k: v for k, v in os.environ.items() if k not in ("CC", "CFLAGS", "LDFLAGS")}
    return subprocess.run(
        [folder / "tools" / "sanitize.sh", kinds, *command],
        capture_output=True,
        text=True,
        env=environment | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        timeout=900,
    )


def assert_reported(folder, kinds, program, report):
    """Assert that the run fails with this report."""
    done = sanitize(folder, kinds, "python", "-c", program)
    assert done.returncode not in (0, 2), done.stdout + done.stderr
    assert report in done.stdout + done.stderr, done.stdout + done.stderr


def assert_silent(folder, kinds, program):
    done = sanitize(folder, kinds, "python", "-c", program)
    assert done.returncode == 0 and "###" not in done.stdout, done.stdout + done.stderr


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """Return the folder of the small package, with the script that builds it."""
    folder = tmp_path_factory.mktemp("planted")
    shutil.copytree(ROOT / "stress" / "planted", folder, dirs_exist_ok=True)
    (folder / "tools").mkdir()
    for name in ("sanitize.sh", "thread.supp"):
        shutil.copy(ROOT / "tools" / name, folder / "tools")
    return folder


@needs_gcc
@pytest.mark.parametrize("kind", ["address", "undefined"])
def test_a_planted_bug_is_reported(package, kind, figure):
    bug, sound, report = BUGS[kind]
    assert_silent(package, "address,undefined", PROGRAM + sound)
    assert_reported(package, "address,undefined", PROGRAM + bug, report)
    figure(f"planted bugs that -fsanitize={kind} reports", seen="1 of 1", asked="1 of 1")


@needs_gcc
def test_overflow_hides_behind_pythons_own_flags(package, tmp_path):
    """Without -fno-wrapv the same run reports nothing."""
    folder = tmp_path / "wrapping"
    shutil.copytree(package, folder, ignore=shutil.ignore_patterns("build"))
    script = folder / "tools" / "sanitize.sh"
    script.write_text(script.read_text().replace(" -fno-wrapv)", ")"))
    assert "-fno-wrapv)" not in script.read_text()
    assert_silent(folder, "undefined", PROGRAM + BUGS["undefined"][0])


@needs_gcc
def test_a_report_of_a_child_that_nobody_reads_counts(package):
    """The command succeeds, but the report of its child makes the script fail."""
    child = PROGRAM + BUGS["address"][0]
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], capture_output=True)"
    assert_reported(package, "address,undefined", program, BUGS["address"][2])


@pytest.mark.long  # takes LLVM
def test_a_planted_race_is_reported(package, figure):
    bug, sound, report = BUGS["thread"]
    assert_silent(package, "thread", PROGRAM + sound)
    assert_reported(package, "thread", PROGRAM + bug, report)
    figure("planted bugs that -fsanitize=thread reports", seen="1 of 1", asked="1 of 1")


@pytest.mark.parametrize("kinds", ["", "adress", "thread,address"])
def test_wrong_kinds_are_named(kinds):
    done = sanitize(ROOT, kinds)
    assert done.returncode == 2
    assert "kind" in done.stderr and not done.stdout
