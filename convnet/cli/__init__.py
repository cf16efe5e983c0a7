"""The command ``convnet``: train a net on photographs or arrays, use it, draw it, and export it.

    command.py   runs a command: output, errors, warnings and exit code
    parser.py    the command line; options.py: options that several commands share
    train.py, predict.py, evaluate.py, inspect.py, export.py, summary.py, specs.py: one command each
    folders.py   folders of photographs; data.py: arrays from files; files.py: model files
    recipe.py    default parameters of a training
    scores.py    accuracy, precision and recall; matrix.py: the confusion matrix as a picture
    seen.py      which of the tested images were used in training; hints.py: what an accuracy means
    report.py    tables and lines; drawing.py: PNG files
    errors.py    UsageError; exit_codes.py

A command prints text for people. With ``--json`` this text goes to standard error, and standard output gets one JSON
object.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from convnet.cli.exit_codes import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv`, or that of the process, and return the exit code; see `exit_codes`."""
    try:
        # inside the function, so that Ctrl-C during this import, which takes a second, is handled too
        from convnet.cli.command import run
    except KeyboardInterrupt:
        print("convnet: interrupted; nothing was written", file=sys.stderr)
        return INTERRUPTED
    return run(argv)
