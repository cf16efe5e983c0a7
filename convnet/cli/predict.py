"""The command ``convnet predict``: the predictions of a net for images or arrays."""

from __future__ import annotations

import csv
import os
import sys
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from convnet import ConvNetClassifier
from convnet.cli import options
from convnet.cli.data import new_data
from convnet.cli.errors import UsageError
from convnet.cli.exit_codes import DONE, SOME_UNREADABLE
from convnet.cli.files import check_output, load_model
from convnet.cli.folders import find_files, form_of, read_files, refuse_for_arrays
from convnet.cli.report import number, percent, say, skipped_data, tell_skipped
from convnet.persistence.files import atomic_write
from convnet.values.messages import printable

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Sequence

    from convnet.cli.options import Subparsers
    from convnet.data.errors import Skipped


LIKELY = 0.5  # probability above which a label is predicted, by nets that predict several
EXAMPLES = """\
  convnet predict pets.npz photo.jpg
  convnet predict pets.npz holiday/ --top 1 --csv labels.csv
  convnet predict pets.npz *.jpg --json
  convnet predict model.npz images.npz --csv labels.csv      arrays X"""


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = options.add_command(
        subparsers,
        "predict",
        run=run,
        about="say what photographs show",
        description="Say what photographs show: one line per file, with the most probable classes and their "
        "probabilities.\nFor arrays, labels and probabilities are written as CSV. The exit code is 3 if some files "
        f"could not be read.\n\n{options.TRUST}",
        examples=EXAMPLES,
    )
    parser.add_argument("model", metavar="MODEL", help=options.MODEL)
    parser.add_argument(
        "data",
        metavar="FILE|FOLDER|FILE.npz",
        nargs="+",
        help="image files, folders of them, or one file of arrays, which has X or X_test",
    )
    parser.add_argument(
        "--top",
        type=options.count,
        default=3,
        metavar="N",
        help="number of classes to name for each photograph (default: %(default)s)",
    )
    parser.add_argument(
        "--csv",
        metavar="OUT",
        help="write a table with the probabilities of all classes to this file",
    )
    options.add_fit(parser, "as in training")
    options.add_jobs(parser)
    options.add_force(parser)
    options.add_output(parser)


class PrintableText:
    """A text file to which names are written as `printable` shows them."""

    def __init__(self, file: IO[str]) -> None:
        self.file = file

    def write(self, text: str) -> None:
        """Write a text."""
        self.file.write(printable(text, keep="\n"))


def run(args: Namespace) -> dict[str, Any]:
    """Write labels and probabilities."""
    if args.csv is not None:
        check_output("--csv", args.csv, args.model, *args.data, force=args.force)
    clf = load_model(args.model, ConvNetClassifier, jobs=args.jobs)
    arrays = [path for path in args.data if path.endswith(".npz") or path == "digits"]
    arrays = [path for path in arrays if not os.path.isdir(path)]
    if arrays and len(args.data) > 1:
        raise UsageError(f"{arrays[0]} is a file of arrays. Pass it alone.")
    if not arrays:
        return _photographs(clf, args)
    (args.data,) = args.data
    return _arrays(clf, args)


def _photographs(clf: ConvNetClassifier, args: Namespace) -> dict[str, Any]:
    form = form_of(clf, args.model, args.fit)
    paths = find_files(args.data)
    names, parts, skipped = [], [], []
    several: bool | None = None
    lines = args.csv is None and not args.json
    width = min(max(len(printable(path)) for path in paths), 60)
    for some, images, lost in read_files(paths, form, jobs=args.jobs):
        tell_skipped(lost)
        skipped += lost
        if not some:
            continue
        p = clf.predict_proba(images)
        several = clf.predict(images[:1]).ndim > 1 if several is None else several
        names += some
        parts.append(p)
        if lines:
            for name, row in zip(some, p, strict=True):
                say(_line(clf.classes_, printable(name).ljust(width), row, args.top))
    if not names:
        more = "" if len(skipped) == 1 else f", nor {len(skipped) - 1} others"
        raise UsageError(f"{' '.join(skipped[0])}{more}. Pass images that can be opened.")
    p = np.concatenate(parts)
    labels = _labels(clf, p, several=bool(several))
    if args.csv is not None:
        _write(args, clf.classes_, ["file"], [[name] for name in names], labels, p)
    args.code = SOME_UNREADABLE if skipped else DONE
    return _data(args, clf.classes_, labels, p, [{"file": name} for name in names], skipped)


def _line(classes: np.ndarray, name: str, p: np.ndarray, top: int) -> str:
    likeliest = np.argsort(-p, kind="stable")[:top]
    names = [printable(label) for label in classes]
    width = max(map(len, names))
    words = (f"{names[i].ljust(width)} {percent(p[i]):>7}" for i in likeliest)
    return f"{name}  {'   '.join(words)}"


def _arrays(clf: ConvNetClassifier, args: Namespace) -> dict[str, Any]:
    refuse_for_arrays(args, "fit")
    X = new_data(args.data)
    p = clf.predict_proba(X)
    labels = _labels(clf, p, several=clf.predict(X[:1]).ndim > 1)
    if args.csv is not None:
        _write(args, clf.classes_, [], [[]] * len(p), labels, p)
    elif not args.json:
        args.written = "the rows are not complete"
        _write_csv(PrintableText(sys.stdout), clf.classes_, [], [[]] * len(p), labels, p)
        args.written = ""
    return _data(args, clf.classes_, labels, p, [{"row": i} for i in range(len(p))], [])


def _labels(clf: ConvNetClassifier, p: np.ndarray, *, several: bool) -> Sequence[Any] | np.ndarray:
    """Return the most probable label of each row, or with `several` all labels that are more probable than not."""
    if several:
        return [" ".join(map(str, clf.classes_[row > LIKELY])) for row in p]
    return clf.classes_[p.argmax(axis=1)]


def _write(
    args: Namespace,
    classes: np.ndarray,
    header: list[str],
    begin: list[list[str]],
    labels: Iterable[Any],
    p: np.ndarray,
) -> None:
    with atomic_write(args.csv, text=True) as file:
        _write_csv(file, classes, header, begin, labels, p)
    args.written = f"{args.csv} was written"
    if not args.quiet:
        print(printable(f"{args.csv}: {number(len(p), 'row')}"), file=sys.stderr)


def _write_csv(
    file: IO[str] | PrintableText,
    classes: np.ndarray,
    header: list[str],
    begin: list[list[str]],
    labels: Iterable[Any],
    p: np.ndarray,
) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*header, "label", *(f"p_{name}" for name in classes)])
    writer.writerows(
        [*cells, label, *(f"{value:.6g}" for value in row)]
        for cells, label, row in zip(begin, labels, p, strict=True)
    )


def _data(
    args: Namespace,
    classes: np.ndarray,
    labels: Iterable[Any],
    p: np.ndarray,
    begin: Iterable[dict[str, Any]],
    skipped: Iterable[Skipped],
) -> dict[str, Any]:
    """Return the result as values that JSON can hold."""
    order = np.argsort(-p, axis=1, kind="stable")[:, : args.top]
    return {
        "command": "predict",
        "model": args.model,
        "classes": [str(label) for label in classes],
        "predictions": [
            {
                **cells,
                "label": str(label),
                "top": [{"class": str(classes[i]), "probability": float(row[i])} for i in best],
            }
            for cells, label, row, best in zip(begin, labels, p, order, strict=True)
        ],
        "skipped": skipped_data(skipped),
    }
