"""Options that several commands share, and the parsers of their values."""

from __future__ import annotations

import argparse
import os
import re
from typing import TYPE_CHECKING, Any, NoReturn

from convnet.augment import as_augment
from convnet.cli.exit_codes import DONE, FAILED
from convnet.data.images.form import FITS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from convnet.augment.base import Augmentation

    Subparsers = argparse._SubParsersAction[Any]
    Group = argparse._ActionsContainer


MODEL = "a model file, as convnet train writes it"
LABELS = "a CSV file that lists the images and their labels, instead of one folder per class"
TRUST = (
    "Loading a MODEL that is a pickle (.pkl, .pickle, .joblib) runs the code in it: use only files that you trust. "
    "Those of .npz and .safetensors hold no code."
)
AUGMENTATIONS = {  # words on the command line: type, name of the field
    "flip": ("RandomFlip", "mode"),
    "rotate": ("RandomRotation", "degrees"),
    "shift": ("RandomTranslation", "factor"),
    "zoom": ("RandomZoom", "factor"),
    "crop": ("RandomCrop", "padding"),
    "resized-crop": ("RandomResizedCrop", "scale"),
    "contrast": ("RandomContrast", "factor"),
    "brightness": ("RandomBrightness", "factor"),
    "saturation": ("RandomSaturation", "factor"),
    "hue": ("RandomHue", "factor"),
    "cutout": ("Cutout", "size"),
    "mixup": ("MixUp", "alpha"),
    "cutmix": ("CutMix", "alpha"),
}
UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


class Parser(argparse.ArgumentParser):
    """An argument parser that reports an error in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(FAILED, f"{self.prog}: error: {message} ({self.prog} -h shows how)\n")


def add_command(
    subparsers: Subparsers,
    name: str,
    *,
    run: Callable[[argparse.Namespace], dict[str, Any] | None],
    about: str,
    description: str,
    examples: str,
) -> argparse.ArgumentParser:
    """Add a command; return its parser, for its arguments."""
    parser = subparsers.add_parser(
        name,
        help=about,
        description=description,
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run, written="", code=DONE)
    return parser


def add_output(parser: Group) -> None:
    """Add --quiet and --json."""
    parser.add_argument("--quiet", action="store_true", help="print results only, no progress")
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the result as one JSON object; text goes to standard error, with --quiet nowhere",
    )


def add_force(parser: Group) -> None:
    """Add --force."""
    parser.add_argument("--force", action="store_true", help="replace files that exist already")


def add_jobs(parser: Group) -> None:
    """Add --jobs."""
    parser.add_argument(
        "--jobs", type=count, metavar="N", help="number of threads (default: one per core)"
    )


def add_labels(parser: Group) -> None:
    """Add --labels."""
    parser.add_argument("--labels", metavar="FILE.csv", help=LABELS)


def add_fit(parser: Group, default: str) -> None:
    """Add --fit. The help text names `default` as the default."""
    parser.add_argument(
        "--fit",
        choices=FITS,
        help="how photographs are brought to the size: cut to the middle, padded with black margins, or stretched "
        f"(default: {default})",
    )


def count(text: str) -> int:
    """Return the integer in a text, 1 or more."""
    return _at_least(1, text)


def seed(text: str) -> int:
    """Return the integer in a text, 0 or more."""
    return _at_least(0, text)


def _at_least(least: int, text: str) -> int:
    try:
        n = int(text)
    except ValueError:
        n = None
    if n is None or n < least:
        raise argparse.ArgumentTypeError(f"must be a whole number, {least} or more; got {text}")
    return n


def numbers(text: str) -> list[int]:
    """Return the numbers in a text such as 0,3,5."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be numbers such as 0,3,5; got {text!r}") from None


def names(known: Collection[str]) -> Callable[[str], list[str]]:
    """Return a parser of names that are separated by commas."""

    def read(text: str) -> list[str]:
        found = text.split(",")
        for name in found:
            if name not in known:
                raise argparse.ArgumentTypeError(
                    f"{name!r} is unknown; choose from {', '.join(known)}"
                )
        return found

    return read


def size(text: str) -> tuple[int, ...]:
    """Return (height, width) of a text such as 150 or 100x150."""
    if not re.fullmatch(r"[1-9]\d*([x×][1-9]\d*)?", text, re.ASCII):
        raise argparse.ArgumentTypeError(
            f"must be a side in pixels such as 150, or HEIGHTxWIDTH such as 100x150, each 1 or more; got {text!r}"
        )
    sides = shape(text)
    return sides * 2 if len(sides) == 1 else sides


def shape(text: str) -> tuple[int, ...]:
    """Return the integers in a text such as 150x150x3."""
    if not re.fullmatch(r"[1-9]\d*([x×][1-9]\d*)*", text, re.ASCII):
        raise argparse.ArgumentTypeError(
            f"must be numbers with x between them, such as 150x150x3; got {text!r}"
        )
    return tuple(map(int, re.split("[x×]", text)))


def amount(text: str) -> int:
    """Return the bytes in a text such as 512M."""
    found = re.fullmatch(r"(\d+)([KMG]?)(i?B)?", text, re.ASCII | re.IGNORECASE)
    if not found:
        raise argparse.ArgumentTypeError(
            f"must be a number of bytes, such as 1000000, 512M or 2G; got {text!r}"
        )
    return int(found[1]) * UNITS[found[2].upper()]


def augment(text: str) -> tuple[Augmentation, ...]:
    """Return the augmentations in a text such as flip,rotate:15; "none", JSON text and paths as well."""
    if text == "none":
        return ()
    try:
        if text.lstrip()[:1] in ("[", "{") or os.path.splitext(text)[1] in (
            ".json",
            ".yaml",
            ".yml",
        ):
            return as_augment(text)
        return as_augment([_augmentation(part) for part in text.split(",")])
    except (TypeError, ValueError, ImportError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _augmentation(text: str) -> dict[str, Any]:
    word, _, value = text.partition(":")
    if word not in AUGMENTATIONS:
        known = ", ".join(AUGMENTATIONS)
        raise ValueError(
            f"{word!r} is unknown; choose from {known}, with values as in flip,rotate:15"
        )
    kind, field = AUGMENTATIONS[word]
    if not value:
        if word in _EXAMPLE:
            raise ValueError(f"{word} needs a value, such as {word}:{_EXAMPLE[word]}")
        return {"type": kind}
    if word == "flip":
        return {"type": kind, field: value}
    try:
        number = float(value)
    except ValueError:
        example = _EXAMPLE.get(word, 0.5)
        raise ValueError(
            f"{word}:{value} is not a number. Write {word}:{example}, for example"
        ) from None
    if word == "resized-crop":
        if not 0 < number <= 1:
            raise ValueError(
                f"{word}:{value} is not the smallest share of the image to keep, which is above 0 and at most 1"
            )
        return {"type": kind, field: (number, 1)}
    return {"type": kind, field: int(number) if number.is_integer() else number}


_EXAMPLE = {  # of the words that need a value
    **{"rotate": 15, "shift": 0.1, "zoom": 0.2, "crop": 4},
    **{"contrast": 0.2, "brightness": 0.2, "saturation": 0.2, "hue": 0.05, "cutout": 16},
}
