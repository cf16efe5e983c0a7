"""The command ``convnet train``: train a net and save it."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, redirect_stdout, suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.frozen import FrozenEstimator

from convnet import ConvNetClassifier
from convnet._extras import install_command, install_library
from convnet.augment import CutMix, MixUp
from convnet.callbacks import Checkpoint
from convnet.cli import hints, options, recipe, scores, seen
from convnet.cli.data import SHARE
from convnet.cli.errors import UsageError
from convnet.cli.files import LISTED, check_model_path, load_model, write_model
from convnet.cli.folders import FORM
from convnet.cli.report import number, percent, say, skipped_data
from convnet.cli.training_setup import TrainingSetup, set_up_arrays, set_up_photographs
from convnet.distributed.mpi_ranks import mpi, n_launched
from convnet.fitted.seen_images import fingerprints
from convnet.layers.pretrained_wheels import EXTRA

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from convnet.callbacks.fit_run import FitRun, ResumeState
    from convnet.cli.options import Subparsers


EXAMPLES = """\
  convnet train photos/                                  one folder per class: photos/cat/*.jpg, photos/dog/*.jpg
  convnet train photos/ --labels labels.csv              all photographs in one folder, their labels in a table
  convnet train pets/train --val pets/test --out pets.npz
  convnet train pets/train --out pets.npz --resume       continue a training that was interrupted
  convnet train birds/ --from pets.npz --out birds.npz   start from what another model learned
  convnet train photos/ --from-scratch                   start from nothing, even if a pretrained net is installed
  convnet train photos/ --size 64 --layers vgg-small --augment flip,shift:.1 --epochs 60
  convnet train scans/ --size 100x150 --channels 1 --fit pad --augment none
  convnet train images.npz --layers spec.json            arrays X and y
  convnet train digits                                   scikit-learn's handwritten digits"""
DESCRIPTION = f"""\
Train a model on photographs or arrays, test it on images that were not used in training, and write it to a file.

Put the photographs of each class in a folder of their own, in any size. The model remembers how they were brought to
one size, and "convnet predict MODEL photo.jpg" does the same. Reading photographs needs Pillow, and HEIC photographs of
iPhones also need pillow-heif:
{install_command("images")}
{install_library("pillow-heif")}

A training that starts from a net that knows the photographs of ImageNet needs far fewer photographs. Install that net:
{install_command(EXTRA)}
It is used for up to {recipe.MOST_PRETRAINED:,} photographs, unless --from-scratch, --from, --layers or --channels 1 is
given. Training first fits a new output layer, then, with {recipe.FEWEST_TO_TUNE} photographs or more, also the last
block of the net.

A fifth of each class is the test set, or the images that --val names. It is tested after each epoch, which is one pass
over the training images, and chooses nothing, unless --keep-best is given. Ctrl-C ends training and writes the model as
it is after the last complete epoch; the same command with --resume continues from there.

Several processes, on one machine or more, train the same model in less time:
mpiexec -n 4 convnet train photos/
They need mpi4py: {install_command("mpi")}"""
CHECKPOINT = ".checkpoint"  # ending of the file beside the model, from which a training resumes


class TrainingCheckpoint(Checkpoint):
    """The checkpoint of the command: its errors name the options."""

    def resume(self, run: FitRun) -> ResumeState | None:
        try:
            return super().resume(run)
        except ValueError as error:
            reason = str(error).removesuffix(self.REMEDY).removeprefix(f"{self!r}: ").strip()
            raise UsageError(
                f"--resume: {self.path}: {reason} Repeat the command that was interrupted, with the same data and "
                "options, or pass --force instead of --resume to start again."
            ) from None


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = options.add_command(
        subparsers,
        "train",
        run=run,
        about="train a model on a folder of photographs or on arrays",
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
        help=f"model file to write; its name ends in {LISTED}. The first two hold no code (default: %(default)s)",
    )
    options.add_force(parser)
    parser.add_argument(
        "--resume",
        action="store_true",
        help=f"continue the training that was interrupted, from MODEL{CHECKPOINT}",
    )
    images = parser.add_argument_group("photographs")
    options.add_labels(images)
    images.add_argument(
        "--size",
        type=options.size,
        metavar="N|HxW",
        help="side, or height and width, in pixels to which they are resized (default: 150, or 224 for the "
        "pretrained net, which resizes others to 224)",
    )
    options.add_fit(images, FORM["fit"])
    images.add_argument(
        "--channels",
        type=int,
        choices=(1, 3),
        help=f"3 for color, 1 for gray (default: {FORM['channels']})",
    )
    images.add_argument(
        "--cache",
        type=options.amount,
        metavar="BYTES",
        help="memory for decoded photographs, such as 512M; others are decoded in each epoch (default: 1G)",
    )
    images.add_argument(
        "--cache-dir",
        metavar="FOLDER",
        help="also keep decoded photographs in a file in this folder, for the next time",
    )
    test = parser.add_argument_group("test set")
    which = test.add_mutually_exclusive_group()
    which.add_argument("--val", metavar="FOLDER|FILE.npz", help="images to test on")
    which.add_argument(
        "--val-fraction",
        type=float,
        metavar="F",
        help=f"share of each class to test on, 0 for none (default: {SHARE}, or X_test of FILE.npz)",
    )
    test.add_argument(
        "--val-labels",
        metavar="FILE.csv",
        help="a CSV file that lists the images of --val and their labels",
    )
    test.add_argument(
        "--keep-best",
        action="store_true",
        help="keep the epoch with the best accuracy on the test set; on new images, the accuracy is then a bit lower",
    )
    net = parser.add_argument_group("the net and its training")
    net.add_argument(
        "--from-scratch",
        action="store_true",
        default=None,
        help="do not start from the pretrained net, even if it is installed",
    )
    net.add_argument(
        "--from",
        dest="start",
        metavar="MODEL",
        help="start from the layers and weights of this model (fine-tuning)",
    )
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
        help="random changes of the training images, some of "
        f"{', '.join(options.AUGMENTATIONS)}; or none, or a .json or .yaml file (default: "
        "flip,rotate:15,shift:.1,zoom:.2 for photographs; leave out flip if left and right differ, as in text). From "
        f"the pretrained net, the default is none, and a list makes {recipe.VERSIONS} changed versions of each image",
    )
    net.add_argument(
        "--epochs",
        type=options.count,
        metavar="N",
        help="number of passes over the training images (default: for photographs 40,000 divided by their number, from "
        "20 to 200; for arrays 20). From the pretrained net: passes of the last stage (default: "
        f"{recipe.HEAD_EPOCHS} of the output layer, or 4,000 divided by the number of photographs, from "
        f"{recipe.TUNING_EPOCHS[0]} to {recipe.TUNING_EPOCHS[1]}, of the last block)",
    )
    net.add_argument(
        "--batch-size",
        type=options.count,
        metavar="N",
        help="number of images per step (default: 32; from the pretrained net 8 to 32, a sixteenth of the images)",
    )
    net.add_argument(
        "--learning-rate",
        type=float,
        metavar="R",
        help="largest learning rate (default: 0.003 for photographs, in one cycle; 0.001 for arrays, along a cosine; "
        "with --from a third of it; from the pretrained net 0.003 for the output layer and 0.0001 for the last block)",
    )
    net.add_argument(
        "--seed",
        type=options.seed,
        default=0,
        metavar="N",
        help="seed of all random numbers; the same seed gives the same model with any --jobs (default: %(default)s)",
    )
    options.add_jobs(net)
    options.add_output(parser)


def run(args: Namespace) -> dict[str, Any] | None:
    """Train, write the model, and print its accuracy; `args.written` is set once there is a model to keep.

    If ``mpiexec`` has started several processes, they train together. The first one writes and prints.
    """
    if n_launched() < 2:
        return _run(args, 0)
    with ExitStack() as stack:
        rank = stack.enter_context(mpi())
        if rank:
            stack.enter_context(redirect_stdout(stack.enter_context(open(os.devnull, "w"))))
        return _run(args, rank)


def _run(args: Namespace, rank: int) -> dict[str, Any] | None:
    """See `run`. Returns None on other ranks than the first."""
    begin = time.perf_counter()
    checkpoint = _check_options(args)
    start = None if args.start is None else load_model(args.start, ConvNetClassifier)
    setup = (
        set_up_photographs(args, start) if os.path.isdir(args.data) else set_up_arrays(args, start)
    )
    if args.keep_best and setup.X_val is None:
        raise UsageError("--keep-best needs a test set. Pass --val or --val-fraction.")
    start = setup.start
    read = time.perf_counter() - begin
    for stage in setup.stages[:-1]:
        if not args.quiet:
            say("training a new output layer on the features of the pretrained net ...")
        start = _classifier(args, stage, start).fit(setup.X, setup.y)
    clf = _last_stage(args, setup.stages[-1], start)
    hashes, hashes_val = np.empty(0, np.uint64), None
    if rank == 0:
        hashes = fingerprints(setup.X)
        hashes_val = None if setup.X_val is None else fingerprints(setup.X_val)

    def finish() -> None:
        if rank:
            return
        clf.set_params(warm_start=False, callbacks=None, init_weights=None)
        seen.remember(clf, hashes, hashes_val if args.keep_best else None, setup.start)
        write_model(clf, args.out)

    _fit(clf, setup, args, checkpoint, finish, rank)
    finish()
    if rank:
        return None
    with suppress(FileNotFoundError):
        os.unlink(checkpoint)
    args.written = f"the model was written to {args.out}"
    trained = time.perf_counter() - begin - read
    if not args.quiet:
        say(
            "",
            f"model: {clf.n_parameters_:,} parameters; convnet summary {args.out} shows its layers",
        )
    test, notes = None, []
    if setup.y_val is not None:
        found = scores.score(clf, setup.X_val, setup.y_val)
        known = seen.recognize(clf, setup.X_val)
        say(known.accuracy(percent(found["accuracy"]), setup.noun))
        scores.tell(found)
        notes = [*known.hints(setup.noun), *hints.about_accuracy(found, setup.noun)]
        test = scores.data(found) | {"used_in_training": known.training}
    if setup.noun == "image":
        counts = np.unique(setup.y, return_counts=True)[1]
        notes += hints.about_training_set(counts, pretrained=setup.pretrained)
        if setup.suits_pretrained and not setup.pretrained:
            notes.append(hints.PRETRAINED)
    hints.tell(notes)
    total = time.perf_counter() - begin
    say(
        f"{number(clf.n_iter_, 'epoch')} in {total:.1f} s: {read:.1f} s to read, {trained:.1f} s to train, "
        f"{total - read - trained:.1f} s to test",
        f"model written to {args.out}",
    )
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
        "hints": notes,
        "skipped": skipped_data(setup.skipped),
        "seconds": {"read": read, "train": trained, "total": total},
    }


def _check_options(args: Namespace) -> str:
    """Return the path of the checkpoint. Raise an error if options contradict each other or files cannot be written."""
    inputs = args.data, args.val, args.layers, args.start, args.labels, args.val_labels
    checkpoint = args.out + CHECKPOINT
    exists = os.path.exists(checkpoint)
    if args.resume and not exists:
        raise UsageError(
            f"--resume: there is no interrupted training, {checkpoint}. Leave out --resume to start one."
        )
    if exists and not args.resume and not args.force:
        raise UsageError(
            f"{checkpoint} holds a training that was interrupted. Pass --resume to continue it, or --force to start "
            "again."
        )
    check_model_path(args.out, *inputs, force=args.force or args.resume)
    if args.val_labels is not None and args.val is None:
        raise UsageError("--val-labels needs --val, the folder of the images that it lists.")
    if args.start is not None and args.from_scratch:
        raise UsageError(
            "--from starts from a model, and --from-scratch from none. Leave out one of them."
        )
    if args.start is not None and args.layers is not None:
        raise UsageError("--from uses the layers of its model. Leave out --layers.")
    share = args.val_fraction
    if share is not None and not 0 <= share < 1:
        raise UsageError(f"--val-fraction must be at least 0 and below 1; got {share:g}.")
    return checkpoint


def _fit(
    clf: ConvNetClassifier,
    setup: TrainingSetup,
    args: Namespace,
    checkpoint: str,
    finish: Callable[[], None],
    rank: int,
) -> None:
    """Fit, with a checkpoint after each epoch. Ctrl-C writes the model after the last complete epoch."""
    # with warm_start, a fit that is interrupted keeps the weights of the last complete epoch, or the best so far
    clf.set_params(warm_start=True, callbacks=[TrainingCheckpoint(checkpoint, resume=args.resume)])
    # a test set with other labels measures the model, but not each epoch
    measured = setup.y_val is not None and np.isin(setup.y_val, setup.y).all()
    validation = (setup.X_val, setup.y_val) if measured or args.keep_best else (None, None)
    try:
        clf._fit(
            setup.X,
            setup.y,
            None,
            resume=False,
            validation=(*validation, None),
            keep_best=args.keep_best,
        )
    except ValueError:  # such as a learning rate that is too high: there is nothing to continue
        if not args.resume and rank == 0:
            with suppress(FileNotFoundError):
                os.unlink(checkpoint)
        raise
    except KeyboardInterrupt:
        if hasattr(clf, "weights_"):
            finish()
            best = f", of which {clf.best_iter_} was best," if args.keep_best else ""
            done = number(clf.n_iter_, "epoch")
            args.written = f"the model after {done}{best} was written to {args.out}; --resume continues the training"
        raise


def _last_stage(
    args: Namespace, found: recipe.Recipe, start: ConvNetClassifier | None
) -> ConvNetClassifier:
    """Return the classifier of the last stage, which the options are about."""
    epochs = args.epochs or found.max_iter
    patience = epochs if found.n_iter_no_change == found.max_iter else found.n_iter_no_change
    clf = _classifier(args, found, start)
    clf.set_params(max_iter=epochs, n_iter_no_change=patience, verbose=not args.quiet)
    if args.layers is not None:
        clf.set_params(layers=args.layers)
    if args.learning_rate is not None:
        clf.set_params(learning_rate_init=args.learning_rate)
    return clf


def _classifier(
    args: Namespace, found: recipe.Recipe, start: ConvNetClassifier | None
) -> ConvNetClassifier:
    """Return the classifier of a stage, which starts from the net of the stage before."""
    augment = found.augment if args.augment is None else list(args.augment) or None
    # cached versions are worth something with random changes of single images
    changes = args.augment or ()
    can_cache = bool(changes) and not any(isinstance(one, MixUp | CutMix) for one in changes)
    # arrays for --from may be flat; the pretrained net resizes images of any shape
    known = None if args.start is None or start is None else start.input_shape_
    return ConvNetClassifier(
        found.layers,
        alpha=found.alpha,
        augment=augment,
        batch_size=args.batch_size or found.batch_size,
        cache_augmented=found.cache_augmented if can_cache else None,
        freeze=found.freeze,
        init_weights=None if start is None else FrozenEstimator(start),
        learning_rate=found.learning_rate,
        learning_rate_init=found.learning_rate_init,
        input_shape=None if known is None or len(known) == 1 else known,
        max_iter=found.max_iter,
        n_iter_no_change=found.n_iter_no_change,
        random_state=args.seed,
        n_jobs=args.jobs,
    )
