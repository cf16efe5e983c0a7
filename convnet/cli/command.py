"""run: execute one command, with its output, errors, warnings and exit code."""

from __future__ import annotations

import io
import json
import os
import sys
import warnings
from contextlib import nullcontext, redirect_stdout
from typing import TYPE_CHECKING

from convnet.cli.errors import UsageError
from convnet.cli.exit_codes import BROKEN_PIPE, FAILED, INTERRUPTED
from convnet.cli.parser import build_parser
from convnet.values.messages import printable, shorten

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Sequence


# How errors name parameters of the estimator.
OPTIONS = {"learning_rate_init": "--learning-rate", "max_iter": "--epochs"}


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv`, or that of the process, and return the exit code; see `exit_codes`."""
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper) and out.errors == "strict":
        out.reconfigure(
            errors="backslashreplace"
        )  # file names in another encoding do not end a command
    args = build_parser().parse_args(argv)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warning_printer()
            with redirect_stdout(sys.stderr) if args.json else nullcontext():
                result = args.run(args)
        if args.json:
            print(json.dumps(result, allow_nan=False))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        print(f"convnet: interrupted; {args.written or 'nothing was written'}", file=sys.stderr)
        return INTERRUPTED
    except MemoryError:
        return _failed(
            args,
            "out of memory: use fewer or smaller images, a smaller net or a smaller batch.",
        )
    except (UsageError, ValueError, TypeError, ImportError, OSError) as error:
        return _failed(args, error)
    return args.code


def _failed(args: Namespace, error: object) -> int:
    """Print one line: what is wrong, and which files were written before. Return the exit code."""
    text = f"{error} But {args.written}." if args.written else str(error)
    for name, option in OPTIONS.items():
        text = text.replace(name, option)
    line = printable(" ".join(shorten(text).split()))
    print(f"convnet: error: {line}", file=sys.stderr)
    return FAILED


def _warning_printer() -> Callable[..., None]:
    """Return a function that prints a warning as one line, but only the first time."""
    printed = set()

    def show(message: Warning | str, *args: object, **kwargs: object) -> None:
        line = printable(" ".join(shorten(str(message)).split()))
        if line not in printed:
            print(f"convnet: warning: {line}", file=sys.stderr)
        printed.add(line)

    return show
