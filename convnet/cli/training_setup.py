"""What ``convnet train`` learns from: data, test set and recipe."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from convnet import ConvNetClassifier, load_pretrained
from convnet.cli import recipe
from convnet.cli.data import split, training_data
from convnet.cli.errors import UsageError
from convnet.cli.folders import (
    FORM,
    check_known,
    find_files,
    form_of,
    open_folder,
    refuse_for_arrays,
)
from convnet.cli.report import number, say
from convnet.inputs.images import as_images

if TYPE_CHECKING:
    from argparse import Namespace

    from convnet.data.errors import Skipped

PRETRAINED_FORM = FORM | {"size": (recipe.PRETRAINED.size,) * 2}


class TrainingSetup(NamedTuple):
    """The training set, the test set, and the stages of the training.

    `X_val` and `y_val` are None without a test set. `skipped` are the files that could not be read. `start` is the
    net to start from, or None. Each stage of the training starts from the net of the stage before it.
    `suits_pretrained` says whether the training starts from the pretrained net, or would if it were installed.
    """

    X: Any
    y: np.ndarray
    X_val: Any
    y_val: np.ndarray | None
    noun: str
    skipped: list[Skipped]
    start: ConvNetClassifier | None
    stages: list[recipe.Recipe]
    suits_pretrained: bool = False

    @property
    def pretrained(self) -> bool:
        """Whether the training starts from the pretrained net."""
        return self.stages[0].freeze is not None


def set_up_arrays(args: Namespace, start: ConvNetClassifier | None) -> TrainingSetup:
    """Return the setup of a training on a file of arrays."""
    refuse_for_arrays(
        args,
        "from_scratch",
        "labels",
        "size",
        "fit",
        "channels",
        "cache",
        "cache_dir",
        "val_labels",
    )
    X, y, X_val, y_val = training_data(args.data, args.val_fraction, args.seed, args.val)
    found = recipe.for_arrays(args.data)
    if start is not None:
        try:
            as_images(X, start.input_shape_, start.data_format, n_labels=len(y))
        except ValueError as error:
            raise UsageError(f"--from: {args.start} was trained on other arrays. {error}") from None
        found = _fine_tuning(args, found, start, y)
    return TrainingSetup(X, y, X_val, y_val, "row", [], start, [found])


def set_up_photographs(args: Namespace, start: ConvNetClassifier | None) -> TrainingSetup:
    """Return the setup of a training on a folder of photographs."""
    suits = _suits_pretrained(args)
    pretrained = suits and recipe.PRETRAINED.is_installed()
    if pretrained and not args.quiet:
        say(
            f"starting from {recipe.PRETRAINED.preset}, a net that was trained on ImageNet; --from-scratch starts from "
            "a net that has seen nothing"
        )
    form = _form(args, start, PRETRAINED_FORM if pretrained else FORM)
    reading = {"cache_bytes": args.cache, "cache_dir": args.cache_dir, "jobs": args.jobs}
    if args.val is not None and not os.path.isdir(args.val):
        raise UsageError(f"--val: there is no folder {args.val}. Pass a folder like {args.data}.")
    images, labels, skipped = open_folder(
        args.data, form, labels=args.labels, verbose=not args.quiet, **reading
    )
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) == 1:
        raise UsageError(
            f"{args.data} has images of one class only, {classes[0]}. A model needs two classes or more. Put the "
            "images of each class into a folder of its own."
        )
    if not args.quiet:
        each = ", ".join(f"{name} {n:,}" for name, n in zip(classes, counts, strict=True))
        say(f"{args.data}: {number(len(labels), 'image')} of {len(classes)} classes: {each}")
    X_val = y_val = None
    if args.val is not None:
        X_val, y_val, more = open_folder(
            args.val, form, labels=args.val_labels, verbose=not args.quiet, **reading
        )
        check_known(y_val, [str(name) for name in classes], args.val, args.data)
        skipped = [*skipped, *more]
    elif args.val_fraction != 0:
        train, test = split(labels, args.val_fraction, args.seed, "image")
        X_val, y_val, images, labels = images[test], labels[test], images[train], labels[train]
    if pretrained:
        start = load_pretrained(recipe.PRETRAINED.preset)
    if start is not None and (pretrained or recipe.knows_imagenet(start)):
        stages = recipe.from_pretrained(start, len(labels))
    else:
        stages = [recipe.for_photographs(len(labels), form["size"])]
        if start is not None:
            stages = [_fine_tuning(args, stages[0], start, labels)]
    return TrainingSetup(images, labels, X_val, y_val, "image", skipped, start, stages, suits)


def _suits_pretrained(args: Namespace) -> bool:
    """Return whether the training would start from the pretrained net if it were installed."""
    own_net = args.layers is not None or args.channels == 1 or args.start is not None
    if args.from_scratch or own_net:
        return False
    return _number_of_files(args.data) <= recipe.MOST_PRETRAINED


def _fine_tuning(
    args: Namespace, found: recipe.Recipe, start: ConvNetClassifier, y: np.ndarray
) -> recipe.Recipe:
    """Return the recipe for a training that starts from a model; UsageError if that has nothing to start from."""
    found = recipe.fine_tuning(found, start)
    n_classes = len(np.unique(y))
    if not any(info.n_parameters for info in start.layers_[:-1]) and n_classes != len(
        start.classes_
    ):
        raise UsageError(
            f"--from: {args.start} has no layer with weights but the output layer, which is for {len(start.classes_)} "
            f"classes, and {args.data} has {n_classes}. Leave out --from."
        )
    return found


def _number_of_files(folder: str) -> int:
    """Return the number of image files in a folder, 0 if it cannot be read. Opening them would decode them all."""
    try:
        return len(find_files([folder]))
    except (UsageError, OSError):
        return 0


def _form(
    args: Namespace, start: ConvNetClassifier | None, defaults: dict[str, Any]
) -> dict[str, Any]:
    """Return size, channels and fit of the photographs: the options, else those of --from, else the defaults."""
    if start is not None:
        defaults = form_of(start, args.start, args.fit)
        for name in ("size", "channels"):
            asked = getattr(args, name)
            if asked is not None and asked != defaults[name]:
                height, width = defaults["size"]
                raise UsageError(
                    f"--{name}: {args.start} takes photographs of {height}×{width} pixels with {defaults['channels']} "
                    f"channels, and --from keeps that. Leave out --{name}."
                )
    return {
        name: default if getattr(args, name) is None else getattr(args, name)
        for name, default in defaults.items()
    }
