"""Print a requirements file of what the tests need: `python tools/requirements.py oldest|newest`.

"oldest" is, of each package that pyproject.toml asks for, the first release from the one named there on that has a
wheel for the Python that runs this; "newest" the last one. What has no wheel is left out with a line on standard error:
tests that need it are skipped. Needs a new pip: older ones also list what has no wheel.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def least_versions():
    """Return {name: version} of the dependencies and those of the extra "test"."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    lines = project["dependencies"] + project["optional-dependencies"]["test"]
    return dict(line.split(">=") for line in lines)


def numbers(version):
    """Return the parts of a version, to compare."""
    return [int(part) for part in version.split(".")]


def wheels(name):
    """Return the releases that have a wheel for this Python."""
    command = [sys.executable, "-m", "pip", "index", "versions", "--only-binary=:all:", name]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode and "No matching distribution" not in answer.stderr:
        sys.exit(f"pip could not be asked for {name}:\n{answer.stderr}")
    listed = re.findall(r"^Available versions: (.*)$", answer.stdout, re.MULTILINE)
    return [one for line in listed for one in line.split(", ") if re.fullmatch(r"[\d.]+", one)]


def main(which):
    """Print a line for each."""
    choose = {"oldest": min, "newest": max}[which]
    for name, least in least_versions().items():
        allowed = [one for one in wheels(name) if numbers(one) >= numbers(least)]
        if allowed:
            print(f"{name}=={choose(allowed, key=numbers)}", flush=True)
        else:
            print(f"{name} from {least} on has no wheel for this Python", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
