"""Write the lessons: pages with a guided tour, for a browser.

``python docs/lessons_builder edge --out lessons`` writes the page of one lesson. "digit" needs ``--mnist`` and "pets"
needs ``--photographs``; both train a net first, which takes seconds and a minute or two. Without names, all lessons
are written whose data are given.
"""

import argparse
import sys
from pathlib import Path

import digit_lesson
import edge_lesson
import numpy as np
import pets_lesson
from lesson_text import languages

import convnet
from convnet.data import load_images

NAMES = ("edge", "digit", "pets")


def main(arguments):
    """Write the lessons; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python docs/lessons_builder", description=__doc__.partition("\n")[0]
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"{', '.join(NAMES)} (default: those with their data)",
    )
    parser.add_argument("--out", type=Path, default=Path("lessons"), help="the folder to write")
    parser.add_argument(
        "--mnist",
        type=Path,
        metavar="FILE.npz",
        help="arrays X_train, y_train, X_test and y_test of MNIST",
    )
    parser.add_argument(
        "--photographs",
        type=Path,
        metavar="FOLDER",
        help="a folder with train/cat, train/dog, validation/cat and validation/dog",
    )
    parser.add_argument(
        "--nets",
        type=Path,
        metavar="FOLDER",
        help="where fitted nets are kept, so that they are trained only once",
    )
    parser.add_argument(
        "--language",
        choices=languages(),
        default="en",
        help="language of the tours (default: %(default)s)",
    )
    args = parser.parse_args(arguments)
    data = {"edge": args.out, "digit": args.mnist, "pets": args.photographs}
    unknown = [name for name in args.names if name not in NAMES]
    if unknown:
        parser.error(f"there is no lesson {unknown[0]!r}; use {', '.join(NAMES)}")
    for name, option in (("digit", "--mnist"), ("pets", "--photographs")):
        if name in args.names and data[name] is None:
            parser.error(f"the lesson {name!r} needs {option}")
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.names or [name for name in NAMES if data[name] is not None]:
        page = WRITERS[name](args, args.out / f"{name}.html")
        size = Path(page.path).stat().st_size
        print(f"{page.path}: {size / 1e6:.1f} MB")
    return 0


def write_edge(args, path):
    """Write the page of the edge image."""
    return edge_lesson.build(path, language=args.language)


def write_digit(args, path):
    """Write the page of the digit 7."""
    with np.load(args.mnist) as data:
        train = (data["X_train"], data["y_train"])
        test = (data["X_test"], data["y_test"])
    net = fitted(args.nets, "digit", lambda: digit_lesson.train(*train))
    return digit_lesson.build(net, *test, path, language=args.language)


def write_pets(args, path):
    """Write the page of cats and dogs."""

    def read(part):
        found = load_images(args.photographs / part, pets_lesson.SIDE)
        return found.data, np.array(found.target_names)[found.target], found.filenames

    net = fitted(args.nets, "pets", lambda: pets_lesson.train(*read("train")[:2]))
    X, y, filenames = read("validation")
    return pets_lesson.build(
        net, X, y, path, [Path(name).name for name in filenames], language=args.language
    )


def fitted(folder, name, train):
    """Return a net: that of a file in `folder` if there is one, else a trained one, which is saved there."""
    path = None if folder is None else folder / f"{name}.npz"
    if path is not None and path.exists():
        return convnet.load(path)
    net = train()
    if path is not None:
        folder.mkdir(parents=True, exist_ok=True)
        net.save(path)
    return net


WRITERS = {"edge": write_edge, "digit": write_digit, "pets": write_pets}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
