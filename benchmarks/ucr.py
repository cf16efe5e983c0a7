"""Accuracy of the nets for signals on data sets of the UCR and UEA archives that aeon ships.

    pip install aeon
    python benchmarks/ucr.py                                      # the table of docs/signals.md; over an hour on a core
    python benchmarks/ucr.py --sets GunPoint --nets fcn --epochs 40

Solver, learning rate, batch size and schedule are those of the papers that the accuracies come from [1]_, [2]_: Adam at
0.001, which is halved on a plateau of the training loss, down to 0.0001. The epochs are fewer, and the patience is
shorter in the same proportion. The nets have the weights of the last epoch. InceptionTime is a single net here; the
accuracies compared with are the means of single nets too. Batches of it have 16 samples, which [2]_ also tried. Batch
norm has the momentum of the presets, 0.9, which suits few epochs. It averages over about ten batches, too few samples
if a batch has only three (ArrowHead): those nets have the papers' 0.99.

Each series is scaled to mean 0 and standard deviation 1, except those of JapaneseVowels, which has 12 channels and
unequal lengths. These are padded with zeros at the end to the longest series; [1]_ stretches them by interpolation.

.. [1] H. Ismail Fawaz et al., "Deep learning for time series classification: a review", 2019,
       https://arxiv.org/abs/1809.04356; accuracies from https://github.com/hfawaz/dl-4-tsc
.. [2] H. Ismail Fawaz et al., "InceptionTime: Finding AlexNet for time series classification", 2020,
       https://arxiv.org/abs/1909.04939; accuracies from https://github.com/hfawaz/InceptionTime
"""

import argparse
import json
import time
from typing import NamedTuple

import numpy as np
from aeon.datasets import load_classification

from convnet import ConvNetClassifier
from convnet.layers import as_layers, to_dicts
from convnet.schedules import ReduceOnPlateau


class Setting(NamedTuple):
    """How a net is trained: the largest batch, as a number and as a share of the samples, and the paper's epochs."""

    batch_size: int
    share: float
    epochs: int


SETTINGS = {
    "fcn": Setting(16, 0.1, 2000),
    "resnet-1d": Setting(64, 0.1, 1500),
    "inceptiontime": Setting(16, 1.0, 1500),
}
PATIENCE = 50  # for that many epochs
SMALL_BATCH = 4
# Percent; the mean of ten nets [1], and of five single nets [2], which has no JapaneseVowels
PUBLISHED = {
    "GunPoint": {"fcn": 100.0, "resnet-1d": 99.1, "inceptiontime": 100.0},
    "ItalyPowerDemand": {"fcn": 96.1, "resnet-1d": 96.3, "inceptiontime": 96.4},
    "ArrowHead": {"fcn": 84.3, "resnet-1d": 84.5, "inceptiontime": 84.7},
    "OSULeaf": {"fcn": 97.7, "resnet-1d": 97.9, "inceptiontime": 92.5},
    "JapaneseVowels": {"fcn": 99.3, "resnet-1d": 99.2},
}
EPOCHS = {
    "GunPoint": 300,
    "ItalyPowerDemand": 200,
    "ArrowHead": 300,
    "OSULeaf": 80,
    "JapaneseVowels": 60,
}
SEEDS = 0, 1, 2


def load(name):
    """Return X, y, X_test and y_test of a data set, with X of shape (n, length, channels)."""
    (train, y), (test, y_test) = (load_classification(name, split=s) for s in ("train", "test"))
    length = max(series.shape[1] for series in (*train, *test))
    X, X_test = (np.stack([padded(series, length) for series in part]) for part in (train, test))
    if X.shape[2] == 1:
        X, X_test = ((a - a.mean(1, keepdims=True)) / a.std(1, keepdims=True) for a in (X, X_test))
    return X, y, X_test, y_test


def padded(series, length):
    """Return a series of shape (channels, t) as (length, channels), with zeros at the end."""
    return np.pad(series, ((0, 0), (0, length - series.shape[1]))).T


def fit(net, X, y, epochs, seed):
    """Return a net that is trained for some epochs."""
    setting = SETTINGS[net]
    patience = max(1, PATIENCE * epochs // setting.epochs)
    batch_size = min(int(setting.share * len(X)), setting.batch_size)
    layers = to_dicts(as_layers(net))
    if batch_size < SMALL_BATCH:
        text = json.dumps(layers)
        layers = json.loads(text.replace('"BatchNorm"', '"BatchNorm", "momentum": 0.99'))
    return ConvNetClassifier(
        layers,
        alpha=0.0,
        batch_size=batch_size,
        learning_rate=ReduceOnPlateau(0.5, patience, min_lr=1e-4),
        learning_rate_init=1e-3,
        max_iter=epochs,
        n_iter_no_change=float("inf"),
        random_state=seed,
        n_jobs=1,
    ).fit(X, y)


def main():
    """Train the nets and print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", default=list(PUBLISHED), metavar="SET")
    parser.add_argument("--nets", nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--epochs", type=int, help="default: 60 to 300, by the set")
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    args = parser.parse_args()
    print("| data set | net | epochs | accuracy, % | each seed | published | s |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for name in args.sets:
        X, y, X_test, y_test = load(name)
        epochs = args.epochs or EPOCHS[name]
        for net in args.nets:
            start = time.process_time()
            scores = [
                100 * fit(net, X, y, epochs, seed).score(X_test, y_test) for seed in args.seeds
            ]
            seconds = time.process_time() - start
            each = " ".join(f"{score:.1f}" for score in scores)
            published = PUBLISHED.get(name, {}).get(net, "")
            print(
                f"| {name} | {net} | {epochs} | {np.mean(scores):.1f} | {each} | {published} | {seconds:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
