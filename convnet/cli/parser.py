"""What can be written on the command line."""

import argparse

from convnet.cli import commands, pictures

EXAMPLES = """\
examples:
  convnet train digits
  convnet train images.npz --epochs 30 --out model.npz
  convnet train images.npz --layers spec.json
  convnet predict model.pkl new.npz --csv labels.csv
  convnet inspect model.pkl digits
  convnet inspect model.pkl images.npz --out pictures/
  convnet inspect model.npz images.npz --rows 3,14,15 --only explanations,mistakes
"""
MODEL = "what train or save wrote: .npz, .safetensors, else a pickle"
TRUST = (
    "Loading a MODEL that is a pickle runs the code in it: use only files that you trust. "
    "Those of .npz and .safetensors hold no code."
)
WIDE = argparse.RawDescriptionHelpFormatter


def build_parser():
    """Return the parser of the command; the namespaces it returns have `run` and `written`."""
    whole = argparse.ArgumentParser(
        prog="convnet",
        description="Convolutional nets for scikit-learn users.",
        epilog=EXAMPLES,
        formatter_class=WIDE,
    )
    subparsers = whole.add_subparsers(
        title="commands", required=True, metavar="{train,predict,inspect}"
    )
    _add_train(subparsers)
    _add_predict(subparsers)
    _add_inspect(subparsers)
    return whole


def _add_train(subparsers):
    train = subparsers.add_parser(
        "train",
        help="train a net and write it to a file",
        description="Train a net, print its accuracy on rows held out, and write it to a file.",
        epilog=EXAMPLES,
        formatter_class=WIDE,
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
        "--out",
        metavar="MODEL",
        default="model.pkl",
        help="file to write: .npz or .safetensors, which hold no code, else a pickle (default: %(default)s)",
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
        description=f"Write the label and the probabilities of each row as CSV.\n\n{TRUST}",
        epilog=EXAMPLES,
        formatter_class=WIDE,
    )
    predict.add_argument("model", metavar="MODEL", help=MODEL)
    predict.add_argument("data", metavar="FILE.npz", help="arrays; X is used, or X_test")
    predict.add_argument("--csv", metavar="OUT", help="file to write (default: standard output)")
    predict.add_argument("--jobs", type=int, metavar="N", help="threads (default: one a core)")
    predict.set_defaults(run=commands.predict, written="")


def _add_inspect(subparsers):
    inspect = subparsers.add_parser(
        "inspect",
        help="write pictures of what a net learnt and looks at",
        description="Write pictures of a net as PNG files: how training went, its layers, the filters of each "
        "convolution,\nwhat it makes of the first images, where it looks, and, where FILE.npz has y, what it gets "
        f'wrong.\nNeeds matplotlib: pip install "convnet[plot]".\n\n{TRUST}',
        epilog=EXAMPLES,
        formatter_class=WIDE,
    )
    inspect.add_argument("model", metavar="MODEL", help=MODEL)
    inspect.add_argument(
        "data",
        metavar="digits|FILE.npz",
        help="scikit-learn's handwritten digits, or arrays X and perhaps y, or X_test and y_test",
    )
    inspect.add_argument(
        "--out",
        metavar="FOLDER",
        default="pictures",
        help="folder to write to (default: %(default)s)",
    )
    inspect.add_argument(
        "--images",
        type=_count,
        default=4,
        metavar="N",
        help="how many of the first images to show and to explain (default: %(default)s)",
    )
    inspect.add_argument(
        "--rows", type=_numbers, metavar="I,J,...", help="these rows of X instead, from 0"
    )
    inspect.add_argument(
        "--mistakes",
        type=_count,
        default=16,
        metavar="N",
        help="how many mistakes to show, the worst (default: %(default)s)",
    )
    inspect.add_argument(
        "--method",
        type=_names(pictures.METHODS),
        metavar="M,...",
        help=f"ways to explain: {', '.join(pictures.METHODS)} (default: all; the first one for the confusion)",
    )
    inspect.add_argument(
        "--only",
        type=_names(pictures.PICTURES),
        metavar="P,...",
        help=f"of {', '.join(pictures.PICTURES)} (default: all there can be)",
    )
    inspect.add_argument("--jobs", type=int, metavar="N", help="threads (default: one a core)")
    inspect.set_defaults(run=pictures.inspect, written="")


def _count(text):
    n = int(text)
    if n < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more; got {n}")
    return n


def _numbers(text):
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be numbers such as 0,3,5; got {text!r}") from None


def _names(known):
    """Return what reads names with commas between them."""

    def names(text):
        found = text.split(",")
        for name in found:
            if name not in known:
                raise argparse.ArgumentTypeError(f"no {name!r}; there are {', '.join(known)}")
        return found

    return names
