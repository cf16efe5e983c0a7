"""Count the files of convnet that a small fit enters, and how often it goes from one to another.

A reader who follows a fit through the code opens these files. The fit trains a small convolutional net for two epochs,
otherwise with default settings. A first fit runs uncounted, so that imports and the start of libraries do not count. A
file is entered when one of its Python functions is called. A switch is a call, or a return, from a function of one file
to a function of another.

    python tools/count_entered_files.py              # prints the figures by folder
    python tools/count_entered_files.py --most 45    # also exits with 1 if more files are entered
    python tools/count_entered_files.py --files      # also lists the files, in the order in which they are entered
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

import convnet
from convnet import ConvNetClassifier
from convnet.layers import Conv2D, Dense, MaxPool2D

PACKAGE = Path(convnet.__file__).parent


class Visits:
    """Record which files of the package are entered, as a profiler that ``sys.setprofile`` takes."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.switches = 0
        self._stack: list[str | None] = []
        self._current: str | None = None

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            path = Path(frame.f_code.co_filename)
            inside = path.is_relative_to(PACKAGE)
            self._stack.append(self._current)
            if inside:
                name = path.relative_to(PACKAGE).as_posix()
                self.calls[name] += 1
                self._go_to(name)
        elif event == "return" and self._stack:
            before = self._stack.pop()
            if before is not None:
                self._go_to(before)

    def _go_to(self, name: str) -> None:
        self.switches += self._current not in (None, name)
        self._current = name


def fit() -> None:
    """Fit a small net to random images, brighter by class, for two epochs."""
    rng = np.random.default_rng(0)
    y = np.arange(100) % 3
    X = (rng.integers(0, 128, (100, 12, 12, 1)) + 60 * y[:, None, None, None]).astype(np.uint8)
    layers = [Conv2D(8, 3, activation="relu"), MaxPool2D(2), Dense(16)]
    ConvNetClassifier(layers, max_iter=2, random_state=0).fit(X, y)


def main() -> int:
    """Count, print, and compare with the limit."""
    parser = argparse.ArgumentParser(
        description="Count the files of convnet that a small fit enters."
    )
    parser.add_argument("--most", type=int, help="exit with 1 if more files are entered")
    parser.add_argument("--files", action="store_true", help="list the files")
    arguments = parser.parse_args()
    fit()
    visits = Visits()
    sys.setprofile(visits)
    try:
        fit()
    finally:
        sys.setprofile(None)
    if arguments.files:
        for name, calls in visits.calls.items():
            print(f"{calls:7} calls  {name}")
    for folder, n in sorted(Counter(name.rpartition("/")[0] for name in visits.calls).items()):
        print(f"{n:4} files of {folder or 'convnet'}")
    print(f"{len(visits.calls):4} files entered, {visits.switches} switches between them")
    return int(arguments.most is not None and len(visits.calls) > arguments.most)


if __name__ == "__main__":
    sys.exit(main())
