"""The console command ``convnet``: train on arrays, predict from arrays, show what a net learnt.

- `parser`: what can be written on the command line
- `commands`: what train and predict do
- `pictures`: what inspect does
- `data`: arrays from files, checked before anything is trained
- `files`: models from files and to files
- `errors`: what the user can put right
"""

import os
import sys

from convnet.cli.errors import UsageError
from convnet.cli.parser import build_parser

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def main(argv=None):
    """Run the command; return the exit code: 0, 2 for bad usage or input, 130 after Ctrl-C, 1 for a closed pipe."""
    args = build_parser().parse_args(argv)
    try:
        args.run(args)
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
    return 0


def _failed(args, error):
    """Print one line: what is wrong, and what was written all the same; return the exit code."""
    text = f"{error} But {args.written}." if args.written else str(error)
    print(f"convnet: error: {' '.join(text.split())}", file=sys.stderr)
    return 2
