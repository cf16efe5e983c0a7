"""The console command ``convnet``: train on arrays, predict from arrays."""

import argparse
import csv
import os
import pickle
import sys
import zipfile
from contextlib import contextmanager, suppress

import numpy as np

EXAMPLES = """\
examples:
  convnet train digits
  convnet train images.npz --epochs 30 --out model.pkl
  convnet train images.npz --layers spec.json
  convnet predict model.pkl new.npz --csv labels.csv
"""
DIGITS = [
    {"type": "Conv2D", "filters": 32, "kernel_size": 3, "padding": "same"},
    {"type": "BatchNorm"},
    {"type": "ReLU"},
    {"type": "MaxPool2D"},
    {"type": "Conv2D", "filters": 64, "kernel_size": 3, "padding": "same"},
    {"type": "BatchNorm"},
    {"type": "ReLU"},
    {"type": "Dropout", "rate": 0.25},
    {"type": "Dense", "units": 64, "activation": "relu"},
    {"type": "Dropout", "rate": 0.25},
]
INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class UsageError(Exception):
    """Something the user can put right; the message is one line with the remedy."""


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
        print("convnet: interrupted; nothing was written", file=sys.stderr)
        return INTERRUPTED
    except (UsageError, ValueError, TypeError, ImportError, OSError) as error:
        print(f"convnet: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="convnet",
        description="Convolutional nets for scikit-learn users.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="{train,predict}")
    _add_train(commands)
    _add_predict(commands)
    return parser


def _add_train(commands):
    train = commands.add_parser(
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
    train.set_defaults(run=_train)


def _add_predict(commands):
    predict = commands.add_parser(
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
    predict.set_defaults(run=_predict)


def _train(args):
    from convnet import ConvNetClassifier

    layers = args.layers or (DIGITS if args.data == "digits" else "auto")
    X, y, X_test, y_test = _training_data(args)
    clf = ConvNetClassifier(
        layers,
        batch_size=args.batch_size,
        learning_rate="cosine",
        learning_rate_init=args.learning_rate,
        max_iter=args.epochs,
        random_state=args.seed,
        verbose=not args.quiet,
        n_jobs=args.jobs,
    )
    with _output(args.out, "wb") as file:
        clf.fit(X, y)
        pickle.dump(clf, file, protocol=pickle.HIGHEST_PROTOCOL)
    if not args.quiet:
        print(f"\n{clf.summary()}\n")
    if X_test is not None:
        _print_test(clf, X_test, y_test)
    print(f"model written to {args.out}")


def _training_data(args):
    """Return X, y, X_test, y_test; the last two are None where nothing is held out."""
    if args.data == "digits":
        from sklearn.datasets import load_digits

        digits = load_digits()
        arrays = {"X": (digits.images / 16).astype(np.float32), "y": digits.target}
    else:
        arrays = _load(args.data)
    if "X_train" in arrays:
        if args.test_size is not None:
            raise UsageError(f"{args.data} has X_train: --test-size does not apply. Leave it out.")
        X, y = _take(arrays, args.data, "X_train", "y_train")
        return (
            X,
            y,
            *(_take(arrays, args.data, "X_test", "y_test") if "X_test" in arrays else (None, None)),
        )
    X, y = _take(arrays, args.data, "X", "y")
    share = 0.2 if args.test_size is None else args.test_size
    if not 0 <= share < 1:
        raise UsageError(f"--test-size must be from 0 to below 1; got {share:g}.")
    if len(X) != len(y):
        raise UsageError(f"{args.data}: X has {len(X)} rows and y has {len(y)}. Make them equal.")
    return (X, y, None, None) if share == 0 else _held_out(X, y, share, args.seed)


def _held_out(X, y, share, seed):
    from sklearn.model_selection import train_test_split

    try:
        train, test = train_test_split(
            np.arange(len(y)), test_size=share, stratify=y, random_state=seed
        )
    except ValueError as error:
        raise UsageError(
            f"cannot hold out a test set: {error} Pass --test-size 0 to train on all rows."
        ) from None
    return X[train], y[train], X[test], y[test]


def _print_test(clf, X, y):
    from sklearn.metrics import confusion_matrix

    predicted = clf.predict(X)
    print(f"test accuracy: {np.mean(predicted == y):.4f} on {len(y)} rows\n")
    labels = np.union1d(clf.classes_, y)
    table = confusion_matrix(y, predicted, labels=labels)
    names = [str(label) for label in labels]
    width = max(map(len, [*names, str(table.max())])) + 2
    print("confusion: a row is a true label, a column a predicted one")
    print(" " * width + "".join(name.rjust(width) for name in names))
    for name, row in zip(names, table, strict=True):
        print(name.rjust(width) + "".join(str(n).rjust(width) for n in row))
    print()


def _predict(args):
    clf = _load_model(args.model)
    if args.jobs is not None:
        clf.set_params(n_jobs=args.jobs)
    arrays = _load(args.data)
    (X,) = _take(arrays, args.data, "X_test" if "X" not in arrays and "X_test" in arrays else "X")
    p = clf.predict_proba(X)
    labels = clf.classes_[p.argmax(axis=1)]
    if args.csv is None:
        _write_csv(sys.stdout, clf.classes_, labels, p)
        return
    with _output(args.csv, "w", newline="", encoding="utf-8") as file:
        _write_csv(file, clf.classes_, labels, p)


def _write_csv(file, classes, labels, p):
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["label", *(f"p_{name}" for name in classes)])
    writer.writerows(
        [label, *(f"{value:.6g}" for value in row)] for label, row in zip(labels, p, strict=True)
    )


def _load(path):
    """Return the arrays of an .npz file by name."""
    try:
        file = np.load(path, allow_pickle=False)
        if isinstance(file, np.ndarray):
            raise UsageError(f"{path} holds one array. Write np.savez(FILE, X=X, y=y).")
        with file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise UsageError(
            f'there is no file {path}. Pass "digits" or the path of an .npz file.'
        ) from None
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        remedy = 'Write it with np.savez, labels as integers or strings (y.astype("U")).'
        raise UsageError(f"cannot read {path}: {error}. {remedy}") from None


def _take(arrays, path, *names):
    missing = [name for name in names if name not in arrays]
    if missing:
        found = ", ".join(arrays) or "nothing"
        raise UsageError(
            f"{path} has no {' and no '.join(missing)}; it has {found}. Write np.savez(FILE, X=X, y=y)."
        )
    return [arrays[name] for name in names]


@contextmanager
def _output(path, mode, **options):
    """Open a file that takes its place at the end: an error leaves what was there before."""
    if os.path.isdir(path):
        raise UsageError(f"cannot write {path}: it is a folder. Pass the path of a file.")
    part = f"{path}.part"
    try:
        file = open(part, mode, **options)  # noqa: SIM115
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}. Pass another path.") from None
    try:
        with file:
            yield file
        os.replace(part, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(part)


def _load_model(path):
    from convnet import ConvNetClassifier

    try:
        with open(path, "rb") as file:
            model = pickle.load(file)
    except FileNotFoundError:
        raise UsageError(
            f"there is no file {path}. Write one with: convnet train FILE.npz --out {path}"
        ) from None
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError) as error:
        raise UsageError(
            f"{path} is not a model: {error}. Pass a file that convnet train wrote."
        ) from None
    if not isinstance(model, ConvNetClassifier):
        kind = type(model).__name__
        raise UsageError(
            f"{path} holds a {kind}, not a ConvNetClassifier. Pass a file that convnet train wrote."
        )
    return model
