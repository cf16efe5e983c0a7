"""run: execute one command, with its output, errors, warnings and exit code."""

from __future__ import annotations

import io
import json
import os
import sys
import warnings
from contextlib import ExitStack, redirect_stdout, suppress
from typing import TYPE_CHECKING

from convnet.cli.errors import UsageError
from convnet.cli.exit_codes import BROKEN_PIPE, DONE, FAILED, INTERRUPTED
from convnet.cli.parser import build_parser
from convnet.values.messages import printable, shorten

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Sequence


# The options that errors and warnings show in place of parameters of the estimator.
OPTIONS = {
    "learning_rate_init": "--learning-rate",
    "max_iter": "--epochs",
    "batch_size": "--batch-size",
    "random_state": "--seed",
}


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv`, or that of the process, and return the exit code; see `exit_codes`."""
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper) and out.errors == "strict":
        # a file name that the encoding of stdout cannot represent must not raise
        out.reconfigure(errors="backslashreplace")
    try:
        try:
            return _run(argv)
        finally:  # of help as well, which ends in SystemExit
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
    except BrokenPipeError:
        _close_pipes()
        return BROKEN_PIPE


def _run(argv: Sequence[str] | None) -> int:
    parser = build_parser()
    args = parser.parse_args(argv)
    if args.run is None:
        parser.print_help()
        return DONE
    try:
        with warnings.catch_warnings(), ExitStack() as stack:
            warnings.showwarning = _warning_printer()
            if args.json:
                text = stack.enter_context(open(os.devnull, "w")) if args.quiet else sys.stderr
                stack.enter_context(redirect_stdout(text))
            result = args.run(args)
        if args.json and result is not None:
            print(json.dumps(result, allow_nan=False))
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        print(
            f"convnet: interrupted; {printable(args.written) or 'nothing was written'}",
            file=sys.stderr,
        )
        return INTERRUPTED
    except MemoryError:
        return _failed(
            args,
            "out of memory: use fewer or smaller images, a smaller net or a smaller batch.",
        )
    except (UsageError, ValueError, TypeError, ImportError, OSError) as error:
        return _failed(args, error)
    return int(args.code)


def _close_pipes() -> None:
    """Have what is left in the buffers of pipes that nobody reads go nowhere, also when Python ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError, ValueError):  # a stream without a descriptor
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _failed(args: Namespace, error: object) -> int:
    """Print one line: what is wrong, and which files were written before. Return the exit code."""
    text = f"{error} But {args.written}." if args.written else str(error)
    print(f"convnet: error: {_one_line(text)}", file=sys.stderr)
    return FAILED


def _one_line(text: str) -> str:
    """Return a message of the library as one line that names options instead of parameters."""
    for name, option in OPTIONS.items():
        text = text.replace(name, option)
    return printable(" ".join(shorten(text).split()))


def _warning_printer() -> Callable[..., None]:
    """Return a function that prints a warning as one line, but only the first time."""
    printed = set()

    def show(message: Warning | str, *args: object, **kwargs: object) -> None:
        line = _one_line(str(message))
        if line not in printed:
            print(f"convnet: warning: {line}", file=sys.stderr)
        printed.add(line)

    return show
