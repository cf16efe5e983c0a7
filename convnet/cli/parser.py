"""The parser of the command line."""

from __future__ import annotations

import argparse

from convnet.cli import evaluate, inspect, options, predict, specs, summary, train

COMMANDS = (train, predict, evaluate, inspect, summary, specs)
EXAMPLES = """\
examples:
  convnet train photos/ --out pets.npz          photographs in a folder for each class
  convnet predict pets.npz photo.jpg            what does it show?
  convnet evaluate pets.npz others/             how often is it right, and where is it wrong?
  convnet train digits                          scikit-learn's handwritten digits, to try it

"convnet COMMAND -h" shows the options of a command, with examples.
Exit codes: 0 done, 2 bad options or files, 3 some files could not be read (predict), 130 after Ctrl-C."""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; the namespaces it returns have `run`, `written`, `code` and `json`."""
    whole = options.Parser(
        prog="convnet",
        description="Convolutional nets for photographs and other images, without a line of Python.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    subparsers = whole.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(subparsers)
    return whole
