"""The console command ``convnet``: train on arrays, predict from arrays.

- `commands`: what train and predict do
- `data`: arrays from files, checked before anything is trained
- `files`: models, and files that are written whole or not at all
- `errors`: what the user can put right
"""

import argparse
import os
import sys

from convnet.cli import commands
from convnet.cli.errors import UsageError

EXAMPLES = """\
examples:
  convnet train digits
  convnet train images.npz --epochs 30 --out model.pkl
  convnet train images.npz --layers spec.json
  convnet predict model.pkl new.npz --csv labels.csv
"""
INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def main(argv=None):
    """Run the command; return the exit code: 0, 2 for bad usage or input, 130 after Ctrl-C, 1 for a closed pipe."""
    args = _parser().parse_args(argv)
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


def _parser():
    parser = argparse.ArgumentParser(
        prog="convnet",
        description="Convolutional nets for scikit-learn users.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="{train,predict}")
    _add_train(subparsers)
    _add_predict(subparsers)
    return parser


def _add_train(subparsers):
    train = subparsers.add_parser(
        "train",
        help="train a net and write it to a file",
        description="Train a net, print its accuracy on rows held out, and write it to a file.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    train.add_argument(
        "data",
        metavar="digits|FILE.npz",
        help="scikit-learn's handwritten digits, or arrays X and y, or X_train, y_train, X_test and y_test",
    )
    train.add_argument(
        "--layers", metavar="SPEC", help='a .json or .yaml file, JSON text or "auto"'
    )
    train.add_argument(
        "--out", metavar="MODEL", default="model.pkl", help="file to write (default: %(default)s)"
    )
    train.add_argument(
        "--epochs", type=int, default=20, metavar="N", help="epochs (default: %(default)s)"
    )
    train.add_argument(
        "--batch-size",
        type=int,
        default=32,
        metavar="N",
        help="rows of a step (default: %(default)s)",
    )
    train.add_argument(
        "--learning-rate",
        type=float,
        default=1e-3,
        metavar="R",
        help="learning rate of the first epoch; it falls to 0 along a cosine (default: %(default)s)",
    )
    train.add_argument(
        "--test-size", type=float, metavar="F", help="share of the rows held out (default: 0.2)"
    )
    train.add_argument(
        "--seed", type=int, default=0, metavar="N", help="random state (default: %(default)s)"
    )
    train.add_argument("--jobs", type=int, metavar="N", help="threads (default: one a core)")
    train.add_argument("--quiet", action="store_true", help="show no progress")
    train.set_defaults(run=commands.train, written="")


def _add_predict(subparsers):
    predict = subparsers.add_parser(
        "predict",
        help="write labels and probabilities as CSV",
        description="Write the label and the probabilities of each row as CSV.\n\n"
        "MODEL is a pickle, and loading a pickle runs the code in it: use only files that you trust.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    predict.add_argument("model", metavar="MODEL", help="what train wrote")
    predict.add_argument("data", metavar="FILE.npz", help="arrays; X is used, or X_test")
    predict.add_argument("--csv", metavar="OUT", help="file to write (default: standard output)")
    predict.add_argument("--jobs", type=int, metavar="N", help="threads (default: one a core)")
    predict.set_defaults(run=commands.predict, written="")
