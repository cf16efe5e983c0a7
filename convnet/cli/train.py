"""The command ``convnet train``: train a net and save it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from convnet import ConvNetClassifier
from convnet._extras import install_command
from convnet.cli import options, recipe, scores
from convnet.cli.data import split, training_data
from convnet.cli.errors import UsageError
from convnet.cli.files import check_model_path, write_model
from convnet.cli.folders import FORM, check_known, open_folder
from convnet.cli.report import number, percent, skipped_data
from convnet.values.messages import printable

if TYPE_CHECKING:
    from argparse import Namespace

    from convnet.cli.options import Subparsers
    from convnet.data.errors import Skipped


SHARE = 0.2  # held out where nothing else is said
EXAMPLES = """\
  convnet train photos/                                  a folder for each class: photos/cat/*.jpg, photos/dog/*.jpg
  convnet train pets/train --val pets/test --out pets.npz
  convnet train photos/ --size 64 --layers vgg-small --augment flip,shift:.1 --epochs 60
  convnet train scans/ --size 100x150 --channels 1 --fit pad --augment none
  convnet train images.npz --layers spec.json            arrays X and y
  convnet train digits                                   scikit-learn's handwritten digits"""
DESCRIPTION = f"""\
Train a net on photographs or arrays, test it on some that it has not seen, and write it to a file.

The photographs lie in a folder for each class, in any size and format; how they were brought to one size is kept with
the model, so that "convnet predict MODEL photo.jpg" does the same. They need Pillow:
{install_command("images")}

What --val or --val-fraction holds out is tested on once, after training: it chooses nothing, unless --keep-best has it
choose the epoch. Ctrl-C ends training and writes the model as it is after the last whole epoch (with --keep-best, the
best one)."""


class TrainingSetup(NamedTuple):
    """What is learnt, what it is tested on, and how it is done.

    `X_val` and `y_val` are None where nothing is held out; `tested_on` says in words what they are. `skipped` are the
    files that could not be read.
    """

    X: Any
    y: np.ndarray
    X_val: Any
    y_val: np.ndarray | None
    tested_on: str
    noun: str
    skipped: list[Skipped]
    recipe: recipe.Recipe


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = options.add_command(
        subparsers,
        "train",
        run=run,
        about="train a net on a folder of photographs or on arrays",
        description=DESCRIPTION,
        examples=EXAMPLES,
    )
    parser.add_argument(
        "data",
        metavar="FOLDER|FILE.npz|digits",
        help="a folder with a folder for each class; arrays X and y, or X_train, y_train, X_test and y_test; "
        "scikit-learn's handwritten digits",
    )
    parser.add_argument(
        "--out",
        metavar="MODEL",
        default="model.npz",
        help="file to write: .npz or .safetensors, which hold no code, else a pickle (default: %(default)s)",
    )
    images = parser.add_argument_group("photographs")
    images.add_argument(
        "--size",
        type=options.size,
        metavar="N|HxW",
        help="side, or height and width, that they are brought to (default: 150)",
    )
    options.add_fit(images, FORM["fit"])
    images.add_argument(
        "--channels",
        type=int,
        choices=(1, 3),
        help=f"1 is grey, 3 is colour (default: {FORM['channels']})",
    )
    images.add_argument(
        "--cache",
        type=options.amount,
        metavar="BYTES",
        help="memory for decoded photographs, such as 512M; those beyond are decoded in each epoch (default: 1G)",
    )
    images.add_argument(
        "--cache-dir",
        metavar="FOLDER",
        help="keep decoded photographs in files there as well, for the next time",
    )
    held = parser.add_argument_group("held out, to test on")
    held = held.add_mutually_exclusive_group()
    held.add_argument("--val", metavar="FOLDER|FILE.npz", help="others to test on")
    held.add_argument(
        "--val-fraction",
        type=float,
        metavar="F",
        help="share of each class, 0 for none (default: 0.2, or X_test of FILE.npz)",
    )
    parser.add_argument(
        "--keep-best",
        action="store_true",
        help="keep the epoch that does best on what is held out, of which the accuracy then says a little too much",
    )
    net = parser.add_argument_group("the net and its training")
    net.add_argument(
        "--layers",
        metavar="SPEC|NAME",
        help='a name that "convnet specs" lists, a .json or .yaml file, JSON text or "auto" (default: catdog for '
        "photographs, auto for arrays)",
    )
    net.add_argument(
        "--augment",
        type=options.augment,
        metavar="LIST",
        help="random changes of what is trained on: of "
        f"{', '.join(options.AUGMENTATIONS)}, or none, or a .json or .yaml file (default: "
        "flip,rotate:15,shift:.1,zoom:.2 for photographs; leave flip out where left and right differ, as in text)",
    )
    net.add_argument(
        "--epochs",
        type=options.count,
        metavar="N",
        help="times that all is gone through (default: for photographs by their number, 40 for a thousand, 20 to "
        "200; for arrays 20)",
    )
    net.add_argument(
        "--batch-size",
        type=options.count,
        default=32,
        metavar="N",
        help="rows of a step (default: %(default)s)",
    )
    net.add_argument(
        "--learning-rate",
        type=float,
        metavar="R",
        help="the highest (default: 0.003 for photographs, in one cycle; 0.001 for arrays, along a cosine)",
    )
    net.add_argument(
        "--seed",
        type=options.seed,
        default=0,
        metavar="N",
        help="of all that is random; one seed gives the same net with any --jobs (default: %(default)s)",
    )
    options.add_jobs(net)
    options.add_quiet(parser)
    options.add_json(parser)


def run(args: Namespace) -> dict[str, Any]:
    """Train, write the model, tell its accuracy; `args.written` is set once there is a model to keep."""
    begun = time.perf_counter()
    check_model_path(args.out, args.data, args.val, args.layers)
    share = args.val_fraction
    if share is not None and not 0 <= share < 1:
        raise UsageError(f"--val-fraction must be from 0 to below 1; got {share:g}.")
    setup = _photographs(args) if os.path.isdir(args.data) else _arrays(args)
    if args.keep_best and setup.X_val is None:
        raise UsageError("--keep-best needs something held out. Pass --val or --val-fraction.")
    clf = _classifier(args, setup.recipe)
    read = time.perf_counter() - begun
    _fit(clf, setup, args)
    write_model(clf, args.out)
    args.written = f"the model was written to {args.out}"
    trained = time.perf_counter() - begun - read
    if not args.quiet:
        print(
            f"\nnet: {clf.n_parameters_:,} parameters; convnet summary {args.out} shows its layers"
        )
    test = None
    if setup.y_val is not None:
        found = scores.score(clf, setup.X_val, setup.y_val)
        chose = "they chose the epoch" if args.keep_best else "they chose nothing"
        n = number(found["n"], setup.noun)
        print(f"accuracy: {percent(found['accuracy'])} of {n} {setup.tested_on}, {chose}")
        scores.tell(found)
        test = scores.data(found)
    total = time.perf_counter() - begun
    print(
        f"{number(clf.n_iter_, 'epoch')} in {total:.1f} s: {read:.1f} s to read, {trained:.1f} s to train, "
        f"{total - read - trained:.1f} s to test"
    )
    print(f"model written to {args.out}")
    return {
        "command": "train",
        "data": args.data,
        "model": args.out,
        "classes": [str(label) for label in clf.classes_],
        "trained_on": len(setup.y),
        "epochs": clf.n_iter_,
        "best_epoch": clf.best_iter_,
        "loss": clf.loss_,
        "test": test,
        "skipped": skipped_data(setup.skipped),
        "seconds": {"read": read, "train": trained, "total": total},
    }


def _fit(clf: ConvNetClassifier, setup: TrainingSetup, args: Namespace) -> None:
    """Fit; Ctrl-C writes the model as far as it has come."""
    validation = {"X_val": setup.X_val, "y_val": setup.y_val} if args.keep_best else {}
    clf.set_params(warm_start=True)  # which keeps the best weights so far when fit is interrupted
    try:
        clf.fit(setup.X, setup.y, **validation)
    except KeyboardInterrupt:
        clf.set_params(warm_start=False)
        if hasattr(clf, "weights_"):
            write_model(clf, args.out)
            best = f", of which {clf.best_iter_} was best," if args.keep_best else ""
            done = number(clf.n_iter_, "epoch")
            args.written = f"the model after {done}{best} was written to {args.out}"
        raise
    clf.set_params(warm_start=False)


def _classifier(args: Namespace, found: recipe.Recipe) -> ConvNetClassifier:
    epochs = args.epochs or found.max_iter
    patience = epochs if found.n_iter_no_change == found.max_iter else found.n_iter_no_change
    return ConvNetClassifier(
        found.layers if args.layers is None else args.layers,
        augment=found.augment if args.augment is None else list(args.augment) or None,
        batch_size=args.batch_size,
        learning_rate=found.learning_rate,
        learning_rate_init=found.learning_rate_init
        if args.learning_rate is None
        else args.learning_rate,
        max_iter=epochs,
        n_iter_no_change=patience,
        random_state=args.seed,
        verbose=not args.quiet,
        n_jobs=args.jobs,
    )


def _arrays(args: Namespace) -> TrainingSetup:
    for name in ("size", "fit", "channels", "cache", "cache_dir"):
        if getattr(args, name) is not None:
            option = name.replace("_", "-")
            raise UsageError(f"--{option} is for folders of photographs. Leave it out.")
    arrays = training_data(args.data, args.val_fraction, args.seed, args.val)
    tested_on = "held out" if args.val is None else f"of {args.val}"
    return TrainingSetup(*arrays, tested_on, "row", [], recipe.for_arrays(args.data))


def _photographs(args: Namespace) -> TrainingSetup:
    form = {
        name: default if getattr(args, name) is None else getattr(args, name)
        for name, default in FORM.items()
    }
    reading = {"cache_bytes": args.cache, "cache_dir": args.cache_dir, "jobs": args.jobs}
    if args.val is not None and not os.path.isdir(args.val):
        raise UsageError(f"--val: there is no folder {args.val}. Pass a folder like {args.data}.")
    images, labels, skipped = open_folder(args.data, form, verbose=not args.quiet, **reading)
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) == 1:
        raise UsageError(
            f"{args.data} has one class with images, {str(classes[0])!r}, and nothing to tell it from. Put the "
            "images of each class into a folder of its own."
        )
    if not args.quiet:
        each = ", ".join(
            f"{printable(name)} {n:,}" for name, n in zip(classes, counts, strict=True)
        )
        print(f"{args.data}: {number(len(labels), 'image')} of {len(classes)} classes: {each}")
    X_val = y_val = None
    tested_on = ""
    if args.val is not None:
        X_val, y_val, more = open_folder(args.val, form, verbose=not args.quiet, **reading)
        check_known(y_val, [str(name) for name in classes], args.val, args.data)
        skipped, tested_on = [*skipped, *more], f"of {args.val}"
    elif args.val_fraction != 0:
        train, held = split(
            labels, SHARE if args.val_fraction is None else args.val_fraction, args.seed
        )
        X_val, y_val, images, labels = images[held], labels[held], images[train], labels[train]
        tested_on = "held out"
    found = recipe.for_photographs(len(labels), form["size"])
    return TrainingSetup(images, labels, X_val, y_val, tested_on, "image", skipped, found)
