"""The parser of the command line."""

from __future__ import annotations

import argparse

from convnet._version import __version__
from convnet.cli import (
    evaluate,
    explore,
    export,
    inspect,
    options,
    predict,
    specs,
    summary,
    train,
)

COMMANDS = (train, predict, evaluate, inspect, explore, export, summary, specs)
EXAMPLES = """\
examples:
  convnet train photos/ --out pets.npz          learn from photographs in one folder per class
  convnet predict pets.npz photo.jpg            what does this photograph show?
  convnet evaluate pets.npz others/             how often is the model right, and where is it wrong?
  convnet train digits                          try it on handwritten digits that come with scikit-learn

"convnet COMMAND -h" explains a command and its options, with examples.
Exit codes: 0 done, 2 wrong options or files, 3 some files could not be read (predict), 130 stopped by Ctrl-C."""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser. Its namespaces have `run`, None without a command, `written`, `code`, `json` and `quiet`."""
    whole = options.Parser(
        prog="convnet",
        description="Train a neural network to recognize what photographs show, and use it. No programming needed.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"convnet {__version__}")
    whole.set_defaults(run=None)
    subparsers = whole.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        command.add(subparsers)
    return whole
