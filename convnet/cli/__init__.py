"""The console command ``convnet``: from photographs or arrays to a net, and from a net to answers and pictures.

- `parser`: what can be written on the command line; `options`: what several commands share of it
- a file for each command: `train`, `predict`, `evaluate`, `inspect`, `summary`, `specs`
- `folders`: folders of photographs; `data`: arrays from files; `files`: models from files and to files
- `recipe`: how a net is trained where nothing else is said
- `report`: tables and lines
- `drawing`: pictures as PNG files
- `errors`: what the user can put right

A command prints for people; with ``--json`` that goes to standard error, and standard output gets one JSON object.
"""

from __future__ import annotations

import io
import json
import os
import sys
import warnings
from contextlib import nullcontext, redirect_stdout
from typing import TYPE_CHECKING

from convnet.cli.errors import UsageError
from convnet.cli.parser import build_parser

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Sequence


INTERRUPTED = 130  # 128 + SIGINT, as shells have it
OPTIONS = {"learning_rate_init": "--learning-rate", "max_iter": "--epochs"}  # parameters in errors


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns
    -------
    code : int
        0, 2 for bad usage or input, 3 where some of the files named could not be read, 130 after Ctrl-C, 1 for a closed
        pipe.
    """
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper) and out.errors == "strict":
        out.reconfigure(errors="backslashreplace")  # a name that it cannot write ends no command
    args = build_parser().parse_args(argv)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warning_teller()
            with redirect_stdout(sys.stderr) if args.json else nullcontext():
                result = args.run(args)
        if args.json:
            print(json.dumps(result, allow_nan=False))
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as head, has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print(f"convnet: interrupted; {args.written or 'nothing was written'}", file=sys.stderr)
        return INTERRUPTED
    except MemoryError:
        return _failed(args, "out of memory: use fewer rows, a smaller net or a smaller batch.")
    except (UsageError, ValueError, TypeError, ImportError, OSError) as error:
        return _failed(args, error)
    return args.code


def _failed(args: Namespace, error: object) -> int:
    """Print one line: what is wrong, and what was written all the same; return the exit code."""
    text = f"{error} But {args.written}." if args.written else str(error)
    for name, option in OPTIONS.items():
        text = text.replace(name, option)
    print(f"convnet: error: {' '.join(text.split())}", file=sys.stderr)
    return 2


def _warning_teller() -> Callable[..., None]:
    """Return what prints a warning as one line, the first time that it comes."""
    told = set()

    def tell(message: Warning | str, *args: object, **kwargs: object) -> None:
        line = " ".join(str(message).split())
        if line not in told:
            print(f"convnet: warning: {line}", file=sys.stderr)
        told.add(line)

    return tell
