"""Accuracy of convnet with default settings, beside scikit-learn's classifiers and regressors with theirs.

    python benchmarks/defaults.py --mnist mnist.npz --photographs cats_dogs
    python benchmarks/defaults.py --sets digits wine --set max_iter=30 learning_rate_init=0.003

For the peers, tables are standardized, and images are flattened and divided by their maximum. Each data set has three
splits (seeds 0 to 2); MNIST with 60,000 images has one. The defaults were chosen on the sets marked "tuned"; the others
are only reported. The results of the peers are kept in a file, because they do not change.
"""

import argparse
import ast
import json
import warnings
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np
from sklearn import datasets
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.data import load_images

MAX_KERNEL = 12_000  # training samples: support vector machines take too long with more
MAX_BOOSTED = 200_000  # values of X: so does gradient boosting


class Data(NamedTuple):
    """X, y, the size of the training part (a number or a fraction), and whether y are numbers."""

    X: np.ndarray
    y: np.ndarray
    train: int | float = 0.7
    numbers: bool = False
    splits: int = 3


def photographs(folder, n, size=64):
    """Return cats and dogs as uint8 images. The folder "validation" is the test set of every split."""
    parts = [
        load_images(Path(folder) / part, size=(size, size)) for part in ("train", "validation")
    ]
    X = np.concatenate([np.asarray(part.data) for part in parts])
    return X, np.concatenate([part.target for part in parts]), n, len(parts[0].target)


def shapes(n=1500):
    """Return noisy 20×20 images of squares, discs and crosses at random places, in gray."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:20, :20]
    y = rng.integers(0, 3, n)
    X = rng.normal(0, 0.25, (n, 20, 20))
    for image, kind in zip(X, y, strict=True):
        r, (top, left) = rng.uniform(3, 5), rng.uniform(5, 15, 2)
        down, right = np.abs(rows - top), np.abs(columns - left)
        inside = [
            np.maximum(down, right) < 0.85 * r,
            np.hypot(down, right) < r,
            (np.minimum(down, right) < 0.35 * r) & (np.maximum(down, right) < 1.2 * r),
        ][kind]
        image[inside] += rng.uniform(0.6, 1.0)
    return X.astype(np.float32), y


def gratings(n=1200):
    """Return noisy 16×16 color images of stripes in one of four directions, of random width and phase."""
    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[:16, :16]
    y = rng.integers(0, 4, n)
    angle = y * np.pi / 4 + rng.normal(0, 0.1, n)
    wave = rng.uniform(0.6, 1.6, n)[:, None, None]
    place = np.cos(angle)[:, None, None] * rows + np.sin(angle)[:, None, None] * columns
    stripes = np.sin(wave * place + rng.uniform(0, 2 * np.pi, n)[:, None, None])
    X = stripes[..., None] * rng.uniform(0.2, 1, (n, 1, 1, 3)) + rng.normal(0, 0.6, (n, 16, 16, 3))
    return np.clip(128 + 50 * X, 0, 255).astype(np.uint8), y


def signals(n=900):
    """Return rows of 96 values with one of three wave forms at a random place, in noise."""
    rng = np.random.default_rng(2)
    t = np.arange(96)
    y = rng.integers(0, 3, n)
    place = rng.uniform(30, 66, n)[:, None]
    window = np.exp(-(((t - place) / 12) ** 2))
    phase = (t - place) / 3
    forms = np.stack([np.sin(phase), np.sign(np.sin(phase)), np.sin(2 * phase)])
    return window * forms[y, np.arange(n)] + rng.normal(0, 0.3, (n, 96)), y


def bars(n=1500):
    """Return 16×16 images of a bar and its angle from 0 to 90 degrees, with an offset: a regression on images."""
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[:16, :16] - 7.5
    angle = rng.uniform(0, np.pi / 2, n)
    across = np.cos(angle)[:, None, None] * rows - np.sin(angle)[:, None, None] * columns
    shift = rng.uniform(-3, 3, n)[:, None, None]
    X = np.exp(-((across - shift) ** 2) / 2) + rng.normal(0, 0.2, (n, 16, 16))
    return X.astype(np.float32), 100 + np.degrees(angle)


def ring(n=800):
    """Return rows of six values and whether the first two lie in a ring."""
    rng = np.random.default_rng(4)
    X = rng.normal(size=(n, 6))
    radius = np.hypot(X[:, 0], X[:, 1])
    return X * [1, 1, 100, 0.01, 5, 1] + 3, ((radius > 0.7) & (radius < 1.6)).astype(int)


def data_sets(mnist, folder):
    """Return {name: (callable that returns Data, whether the defaults were tuned on it)}."""

    def images(loader):
        bunch = loader()
        return bunch.images, bunch.target

    def digits_of_mnist(n, splits=3):
        with np.load(mnist) as archive:
            X = np.concatenate([archive["X_train"], archive["X_test"]])
            y = np.concatenate([archive["y_train"], archive["y_test"]])
        return Data(X, y, n, splits=splits)

    table = lambda loader: Data(*loader(return_X_y=True))  # noqa: E731
    sets = {
        "digits": (lambda: Data(*images(datasets.load_digits)), True),
        "shapes": (lambda: Data(*shapes()), False),
        "gratings": (lambda: Data(*gratings()), True),
        "digits, flat": (lambda: table(datasets.load_digits), False),
        "signals": (lambda: Data(*signals()), True),
        "breast cancer": (lambda: table(datasets.load_breast_cancer), True),
        "wine": (lambda: table(datasets.load_wine), False),
        "iris": (lambda: table(datasets.load_iris), False),
        "ring": (lambda: Data(*ring()), True),
        "generated": (
            lambda: Data(
                *datasets.make_classification(
                    1000, 30, n_informative=8, n_classes=4, class_sep=1.0, random_state=0
                )
            ),
            False,
        ),
        "diabetes": (lambda: Data(*datasets.load_diabetes(return_X_y=True), numbers=True), True),
        "friedman": (
            lambda: Data(*datasets.make_friedman1(800, noise=1.0, random_state=0), numbers=True),
            False,
        ),
        "bars": (lambda: Data(*bars(), numbers=True), False),
        "digits, ink": (
            lambda: Data(
                datasets.load_digits().images,
                datasets.load_digits().images.std(axis=(1, 2)),
                numbers=True,
            ),
            True,
        ),
    }
    if mnist:
        sets |= {
            "mnist 500": (lambda: digits_of_mnist(500), True),
            "mnist 2,000": (lambda: digits_of_mnist(2_000), False),
            "mnist 10,000": (lambda: digits_of_mnist(10_000), True),
            "mnist 60,000": (lambda: digits_of_mnist(60_000, splits=1), False),
        }
    if folder:
        sets |= {
            "photographs 100": (lambda: Data(*photographs(folder, 100)[:3]), True),
            "photographs 1,000": (lambda: Data(*photographs(folder, 1_000)[:3]), False),
        }
    return sets


def split(data, seed):
    """Return X_train, X_test, y_train, y_test; at most 10,000 test samples."""
    rest = len(data.y) - data.train if isinstance(data.train, int) else None
    test = None if rest is None else min(10_000, rest)
    strata = None if data.numbers else data.y
    return train_test_split(
        data.X, data.y, train_size=data.train, test_size=test, stratify=strata, random_state=seed
    )


def peers(numbers, shape):
    """Return {name: estimator of scikit-learn with default settings} for X of this shape."""
    kinds = Ridge, MLPRegressor, SVR, HistGradientBoostingRegressor
    if not numbers:
        kinds = LogisticRegression, MLPClassifier, SVC, HistGradientBoostingClassifier
    linear, mlp, kernel, boosting = kinds
    found = {"linear": linear(), "MLP": mlp(random_state=0)}
    if shape[0] <= MAX_KERNEL:
        found["SVM"] = kernel()
    if shape[0] * shape[1] <= MAX_BOOSTED:
        found["boosting"] = boosting(random_state=0)
    return found


def peer_scores(data, cache, name):
    """Return {peer: scores of the splits}, from the cache where it has them."""
    scores = cache.setdefault(name, {})
    for seed in range(data.splits):
        X_train, X_test, y_train, y_test = split(data, seed)
        images = data.X.ndim > 2
        if images:
            largest = np.abs(X_train).max()
            X_train, X_test = (X.reshape(len(X), -1) / largest for X in (X_train, X_test))
        for peer, estimator in peers(data.numbers, X_train.shape).items():
            known = scores.setdefault(peer, [])
            if len(known) > seed:
                continue
            model = estimator if images else make_pipeline(StandardScaler(), estimator)
            known.append(model.fit(X_train, y_train).score(X_test, y_test))
    return scores


def own_scores(data, settings):
    """Return the scores of the splits, and the mean seconds of a fit."""
    kind = ConvNetRegressor if data.numbers else ConvNetClassifier
    scores, start = [], perf_counter()
    for seed in range(data.splits):
        X_train, X_test, y_train, y_test = split(data, seed)
        net = kind(random_state=seed, **settings).fit(X_train, y_train)
        scores.append(net.score(X_test, y_test))
    return scores, (perf_counter() - start) / data.splits


def shown(scores):
    """Return "mean ± standard error" in percent."""
    error = np.std(scores, ddof=1) / np.sqrt(len(scores)) if len(scores) > 1 else float("nan")
    return f"{100 * np.mean(scores):5.1f} ±{100 * error:4.1f}"


def setting(text):
    name, _, value = text.partition("=")
    try:
        return name, ast.literal_eval(value)
    except (SyntaxError, ValueError):
        return name, value


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist", help="path of mnist.npz")
    parser.add_argument(
        "--photographs", help="folder with train and validation, a folder per class in each"
    )
    parser.add_argument("--sets", nargs="*", help="names of data sets; default: all")
    parser.add_argument(
        "--tuned", action="store_true", help="only the sets that the defaults were chosen on"
    )
    parser.add_argument(
        "--set", nargs="*", type=setting, default=[], help="other settings: max_iter=30"
    )
    parser.add_argument(
        "--cache", default="build/defaults.json", help="file for the peers' results"
    )
    args = parser.parse_args()
    path = Path(args.cache)
    cache = json.loads(path.read_text()) if path.exists() else {}
    warnings.simplefilter("ignore", ConvergenceWarning)
    order = ["convnet", "linear", "MLP", "SVM", "boosting"]
    print(f"{'':20}{'tuned':>6}  " + "".join(f"{name:>13}" for name in order) + f"{'seconds':>9}")
    for name, (load, tuned) in data_sets(args.mnist, args.photographs).items():
        if (args.sets and name not in args.sets) or (args.tuned and not tuned):
            continue
        data = load()
        own, seconds = own_scores(data, dict(args.set))
        scores = peer_scores(data, cache, name) | {"convnet": own}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(cache, indent=1))
        columns = "".join(f"{shown(scores[one]) if one in scores else '':>13}" for one in order)
        print(f"{name:20}{'yes' if tuned else 'no':>6}  {columns}{seconds:9.1f}", flush=True)


if __name__ == "__main__":
    main()
