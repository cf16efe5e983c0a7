"""Photographs for the commands: folders with labels, and files to classify."""

from __future__ import annotations

import os
import re
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from convnet.cli.errors import UsageError
from convnet.cli.report import say, tell_skipped
from convnet.data import ImageFolder
from convnet.data.errors import Skipped
from convnet.data.folder.listing import is_ignored
from convnet.data.folder.source import ImageSource
from convnet.data.images.form import check_form
from convnet.data.images.pillow import EXTENSIONS, check_pillow
from convnet.values.messages import MAX_NAME, listed, shorten

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from convnet.estimators.base import BaseConvNet


FORM: dict[str, Any] = {"size": (150, 150), "channels": 3, "fit": "crop"}  # by default
AT_ONCE = 2**26  # approximate number of bytes of decoded files that are in memory at a time


class Photographs(NamedTuple):
    """The photographs of a folder that can be read, the class name of each, and the files that were left out."""

    images: ImageFolder
    labels: np.ndarray
    skipped: list[Skipped]


def open_folder(
    path: str,
    form: Mapping[str, Any],
    *,
    labels: str | None = None,
    cache_bytes: int | None = None,
    cache_dir: str | None = None,
    jobs: int | None = None,
    verbose: bool = False,
) -> Photographs:
    """Return the `Photographs` of a folder, with labels from a CSV file if `labels` names one.

    Print the files that are skipped. All images are decoded once, so that damage in the middle of a file is found now,
    not during training.
    """
    options: dict[str, Any] = {"cache_dir": cache_dir, "n_jobs": jobs, **form}
    if cache_bytes is not None:
        options["cache_bytes"] = cache_bytes
    if verbose:
        say(f"reading {path} ...")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"(?s)ImageFolder.*: .* skipped")
        try:
            if labels is None:
                images = ImageFolder(path, **options).verify()
            else:
                images = ImageFolder.from_csv(labels, path, **options).verify()
        except (ValueError, OSError) as error:
            text = re.sub(r"^ImageFolder(\.from_csv)?: ", "", str(error))
            raise UsageError(text.replace("ImageFolder.from_csv", "--labels FILE.csv")) from None
    tell_skipped(images.skipped)
    return Photographs(images, np.array(images.target_names)[images.target], images.skipped)


def open_for(net: BaseConvNet, args: Namespace, *, verbose: bool = False) -> Photographs:
    """Return the `Photographs` of the folder `args.data` in the form that the net takes.

    Raise UsageError unless all classes of the folder are classes of the net. A net without classes takes any.
    """
    form = form_of(net, args.model, args.fit)
    found = open_folder(args.data, form, labels=args.labels, jobs=args.jobs, verbose=verbose)
    if hasattr(net, "classes_"):
        check_known(found.labels, [str(label) for label in net.classes_], args.data, args.model)
    return found


def find_files(paths: Iterable[str]) -> list[str]:
    """Return the image files that paths stand for: files as they are named, and those in folders, sorted.

    A folder stands for the files in it and in its subfolders that have the extension of an image. Links to folders are
    not followed.
    """
    found = []
    for path in paths:
        if not os.path.isdir(path):
            found.append(path)
            continue
        inner = []
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not is_ignored(name))
            inner += [
                os.path.join(folder, name)
                for name in sorted(names)
                if not is_ignored(name) and os.path.splitext(name)[1].lower() in EXTENSIONS
            ]
        if not inner:
            raise UsageError(f"{path} has no images. Pass image files, or a folder of them.")
        found += inner
    return found


def read_files(
    paths: list[str], form: Mapping[str, Any], *, jobs: int | None = None
) -> Iterator[tuple[list[str], NDArray[np.uint8], list[Skipped]]]:
    """Yield (paths, images, skipped) of some files at a time: uint8 (m, h, w, c) of those that can be read."""
    check_pillow("convnet predict")
    checked = check_form("convnet predict", **form)
    step = max(1, AT_ONCE // int(np.prod(checked.shape)))
    for begin in range(0, len(paths), step):
        some = paths[begin : begin + step]
        source = ImageSource(some, checked, cache_bytes=0, n_jobs=jobs)
        images = np.empty((len(some), *checked.shape), np.uint8)
        lost = source.read_into(images, np.arange(len(some)))
        kept = [i for i in range(len(some)) if i not in lost]
        skipped = [Skipped(*lost[i]) for i in sorted(lost)]
        yield [some[i] for i in kept], images[kept] if lost else images, skipped


def form_of(net: BaseConvNet, path: str, fit: str | None = None) -> dict[str, Any]:
    """Return size, channels and fit of the photographs that a net takes.

    Parameters
    ----------
    net : ConvNetClassifier
        A fitted net.
    path : str
        Its file, for messages.
    fit : str or None
        The option, for a net that was trained on arrays and does not know its fit.
    """
    known = getattr(net, "image_form_", None)
    if known is not None:
        return known | ({"fit": fit} if fit else {})
    shape = net.input_shape_
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise UsageError(
            f"{path} takes rows of shape {shape}, not photographs. Pass a file of arrays, FILE.npz."
        )
    if fit is None:
        raise UsageError(
            f"{path} was trained on arrays of {shape[0]}×{shape[1]} pixels, not on photographs. If your photographs "
            "show the same things, say how they become that size: --fit crop cuts the edges off, --fit pad adds a "
            "border, and --fit stretch distorts. Otherwise, train a model on photographs: convnet train FOLDER."
        )
    return {"size": shape[:2], "channels": shape[2], "fit": fit}


def refuse_for_arrays(args: Namespace, *names: str) -> None:
    """Raise UsageError if an option for folders of photographs is given, but the data are arrays."""
    for name in names:
        if getattr(args, name) is not None:
            option = name.replace("_", "-")
            raise UsageError(
                f"--{option} is for folders of photographs, and {args.data} is not a folder. Leave it out."
            )


def check_known(
    labels: Iterable[object], net_classes: Sequence[str], path: str, model: str
) -> None:
    """Raise UsageError unless all labels are classes of the net, by name."""
    unknown = sorted(set(map(str, labels)) - set(net_classes))
    if unknown:
        more = "" if len(unknown) == 1 else f" and {len(unknown) - 1} more"
        raise UsageError(
            f"{path} has the class {shorten(unknown[0], MAX_NAME)}{more}, which {model} does not know. "
            f"It knows {listed(net_classes)}. Give the folders the same names."
        )
