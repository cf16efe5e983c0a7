"""Cats and dogs from a thousand photographs: augmentation makes up for the few of them.

    pip install "scikit-convnet[images]"
    python examples/cats_dogs.py FOLDER

FOLDER holds ``train/cat/*.jpg``, ``train/dog/*.jpg`` and the same under ``validation``, of any size. Three nets are
trained from random states 0, 1 and 2; each one's accuracy on ``validation`` after its last epoch, the time that
``fit`` took, and the mean are printed.

    python examples/cats_dogs.py FOLDER --holdout 0.2

is how the net and the number of epochs were chosen: a stratified fifth of the training photographs takes the
place of ``validation``, which is not read.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from convnet import ConvNetClassifier
from convnet.augment import RandomFlip, RandomRotation, RandomTranslation, RandomZoom
from convnet.schedules import OneCycle

SIDE = 150  # pixels

AUGMENT = [RandomFlip(), RandomRotation(15), RandomTranslation(0.1), RandomZoom(0.2)]


def load(folder):
    """Return the photographs of a folder with a folder a class, uint8 (n, 150, 150, 3), and their labels."""
    try:
        from PIL import Image
    except ImportError:
        raise SystemExit('Photographs need Pillow: pip install "scikit-convnet[images]"') from None
    paths = sorted(path for path in folder.glob("*/*") if path.suffix.lower() in (".jpg", ".png"))
    if not paths:
        raise SystemExit(f"{folder} has no photographs in folders named after their class.")
    X = np.empty((len(paths), SIDE, SIDE, 3), np.uint8)
    for image, path in zip(X, paths, strict=True):
        with Image.open(path) as photograph:
            image[...] = photograph.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return X, np.array([path.parent.name for path in paths])


def classifier(epochs, random_state):
    """Return the classifier, not fitted."""
    return ConvNetClassifier(
        "catdog",  # it halves the photographs first: 75×75 show enough of a cat, in a quarter of the time
        augment=AUGMENT,
        batch_size=32,
        learning_rate=OneCycle(),
        learning_rate_init=3e-3,  # the peak
        max_iter=epochs,
        n_iter_no_change=epochs,  # a cycle is run to its end
        random_state=random_state,
    )


def main():
    """Train and report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument(
        "--holdout", type=float, help="test on this share of the training photographs"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()

    X_train, y_train = load(options.folder / "train")
    if options.holdout:
        split = train_test_split(
            X_train, y_train, test_size=options.holdout, stratify=y_train, random_state=0
        )
        X_train, X_test, y_train, y_test = split
    else:
        X_test, y_test = load(options.folder / "validation")
    scores = []
    for seed in options.seeds:
        clf = classifier(options.epochs, seed)
        start = time.perf_counter()
        clf.fit(X_train, y_train)
        seconds = time.perf_counter() - start
        scores.append(clf.score(X_test, y_test))
        print(f"random_state {seed}: {scores[-1]:.1%} in {seconds:.0f} s", flush=True)
    print(f"mean of {len(scores)}: {np.mean(scores):.1%}")


if __name__ == "__main__":
    main()
