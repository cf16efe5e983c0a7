"""Photographs for the commands: folders with one subfolder per class, and files whose class is wanted."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from convnet.cli.errors import UsageError
from convnet.cli.report import tell_skipped
from convnet.data import ImageFolder
from convnet.data.errors import Skipped
from convnet.data.folder.source import ImageSource
from convnet.data.images.form import check_form
from convnet.data.images.pillow import EXTENSIONS, check_pillow
from convnet.values.messages import listed, quoted

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from convnet.estimators.base import BaseConvNet


FORM: dict[str, Any] = {
    "size": (150, 150),
    "channels": 3,
    "fit": "crop",
}  # where nothing else is said
AT_ONCE = 2**26  # bytes of decoded files, about, that are in memory at a time


class Photographs(NamedTuple):
    """The photographs of a folder that can be read: rows, the class of each by name, and what was left out."""

    images: ImageFolder
    labels: np.ndarray
    skipped: list[Skipped]


def open_folder(
    path: str,
    form: Mapping[str, Any],
    *,
    cache_bytes: int | None = None,
    cache_dir: str | None = None,
    jobs: int | None = None,
    verbose: bool = False,
) -> Photographs:
    """Return the `Photographs` of a folder; what is skipped is told.

    All are decoded once: a file that is damaged in its middle is found now, and not while a net is trained.
    """
    options: dict[str, Any] = {} if cache_bytes is None else {"cache_bytes": cache_bytes}
    if verbose:
        print(f"reading {path} ...", flush=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"(?s)ImageFolder: .* skipped")
        images = ImageFolder(path, **form, **options, cache_dir=cache_dir, n_jobs=jobs).verify()
    tell_skipped(images.skipped)
    return Photographs(images, np.array(images.target_names)[images.target], images.skipped)


def open_for(net: BaseConvNet, args: Namespace, *, verbose: bool = False) -> Photographs:
    """Return the `Photographs` of the folder `args.data`, as `args.model` takes them.

    UsageError unless its classes are among those of the net; a net without classes takes any.
    """
    form = form_of(net, args.model, args.fit)
    found = open_folder(args.data, form, jobs=args.jobs, verbose=verbose)
    if hasattr(net, "classes_"):
        check_known(found.labels, [str(label) for label in net.classes_], args.data, args.model)
    return found


def find_files(paths: Iterable[str]) -> list[str]:
    """Return the image files that paths stand for: files as they are named, those of folders sorted.

    A folder stands for the files in it and in its folders that are images by their ending. Links to folders are not
    followed.
    """
    found = []
    for path in paths:
        if not os.path.isdir(path):
            found.append(path)
            continue
        inner = []
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            inner += [
                os.path.join(folder, name)
                for name in sorted(names)
                if not name.startswith(".") and os.path.splitext(name)[1].lower() in EXTENSIONS
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
    """Return how photographs are brought to what a net takes.

    Parameters
    ----------
    net : ConvNetClassifier
        Fitted.
    path : str
        Its file, for messages.
    fit : str or None
        As on the command line, for a net that was trained on arrays and does not know.
    """
    known = getattr(net, "image_form_", None)
    if known is not None:
        return known | ({"fit": fit} if fit else {})
    shape = net.input_shape_
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise UsageError(
            f"{path} takes rows of shape {shape}, no photographs. Pass a file of arrays, FILE.npz."
        )
    if fit is None:
        raise UsageError(
            f"{path} was trained on arrays: how photographs became {shape[0]}×{shape[1]} pixels is not in it. "
            "Say so: --fit crop, pad or stretch."
        )
    return {"size": shape[:2], "channels": shape[2], "fit": fit}


def refuse_fit(args: Namespace) -> None:
    """Raise UsageError if --fit is given, the data being arrays."""
    if args.fit is not None:
        raise UsageError(f"--fit is for photographs; {args.data} is none. Leave it out.")


def check_known(
    labels: Iterable[object], net_classes: Sequence[str], path: str, model: str
) -> None:
    """Raise UsageError unless all labels are classes of the net, by name."""
    strange = sorted(set(map(str, labels)) - set(net_classes))
    if strange:
        more = "" if len(strange) == 1 else f" and {len(strange) - 1} more"
        raise UsageError(
            f"{path} has the class {quoted(strange[0])}{more}, of which {model} knows nothing; it knows "
            f"{listed(net_classes)}. Name its folders like those."
        )
