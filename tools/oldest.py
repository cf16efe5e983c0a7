"""Print what holds pip to the oldest versions: `python tools/oldest.py >oldest.txt && pip install -c oldest.txt ...`.

For each package that pyproject.toml asks for, with its extra "test", that is the oldest release from the one named
there on that has a wheel for the Python that runs this.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def requirements():
    """Return the least version of each package, by name."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    lines = project["dependencies"] + project["optional-dependencies"]["test"]
    return dict(line.split(">=") for line in lines)


def numbers(version):
    return [int(part) for part in version.split(".")]


def wheels(name):
    """Return the versions that have a wheel for this Python; pip leaves out what is no release."""
    command = [sys.executable, "-m", "pip", "index", "versions", "--only-binary=:all:", name]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    (line,) = re.findall(r"^Available versions: (.*)$", answer, re.MULTILINE)
    return [version for version in line.split(", ") if re.fullmatch(r"[\d.]+", version)]


def main():
    """Print a line for each."""
    for name, least in requirements().items():
        allowed = [one for one in wheels(name) if numbers(one) >= numbers(least)]
        print(f"{name}=={min(allowed, key=numbers)}", flush=True)


if __name__ == "__main__":
    main()
