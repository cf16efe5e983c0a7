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

import json
import os
import sys
import warnings
from contextlib import nullcontext, redirect_stdout

from convnet.cli.errors import UsageError
from convnet.cli.parser import build_parser

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
OPTIONS = {"learning_rate_init": "--learning-rate", "max_iter": "--epochs"}  # parameters in errors


def main(argv=None):
    """Run the command.

    Returns
    -------
    code : int
        0, 2 for bad usage or input, 3 where some of the files named could not be read, 130 after Ctrl-C, 1 for a closed
        pipe.
    """
    if getattr(sys.stdout, "errors", "") == "strict":  # a name that it cannot write ends no command
        sys.stdout.reconfigure(errors="backslashreplace")
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


def _failed(args, error):
    """Print one line: what is wrong, and what was written all the same; return the exit code."""
    text = f"{error} But {args.written}." if args.written else str(error)
    for name, option in OPTIONS.items():
        text = text.replace(name, option)
    print(f"convnet: error: {' '.join(text.split())}", file=sys.stderr)
    return 2


def _warning_teller():
    """Return what prints a warning as one line, the first time that it comes."""
    told = set()

    def tell(message, *args, **kwargs):
        line = " ".join(str(message).split())
        if line not in told:
            print(f"convnet: warning: {line}", file=sys.stderr)
        told.add(line)

    return tell
