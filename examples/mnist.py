"""MNIST to 99.5 %: batch norm, augmentation and a one-cycle learning rate.

    python examples/mnist.py mnist.npz

trains three nets from random states 0, 1 and 2 and prints the test accuracy of each after its last epoch, the time
that ``fit`` took, and the mean. The file holds uint8 images of 28×28 as ``x_train, y_train, x_test, y_test``
(https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz; ``X_train`` will do as well).

    python examples/mnist.py mnist.npz --holdout 10000

is how the net, the augmentation and the number of epochs were chosen: the last 10,000 training images take the
place of the test set, which is not looked at.
"""

import argparse
import time

import numpy as np

from convnet import ConvNetClassifier
from convnet.augment import RandomRotation, RandomTranslation, RandomZoom
from convnet.layers import BatchNorm, Conv2D, Dense, Dropout, MaxPool2D, ReLU
from convnet.schedules import OneCycle


def conv(filters):
    """Return a convolution with batch norm; a bias before batch norm would be taken out again."""
    return Conv2D(filters, 3, use_bias=False), BatchNorm(), ReLU()


LAYERS = [
    *conv(32),
    *conv(32),
    MaxPool2D(2),
    *conv(64),
    *conv(64),
    MaxPool2D(2),
    Dropout(0.1),
    Dense(128, use_bias=False),
    BatchNorm(),
    ReLU(),
    Dropout(0.3),
]
AUGMENT = [  # no flips: a mirrored 2 is not a digit
    RandomRotation(10),
    RandomZoom(0.1),
    RandomTranslation(0.08),
]


def load(path, holdout=0):
    """Return training images and labels, then those to test on: the last `holdout` of the training set, if any."""
    with np.load(path, allow_pickle=False) as data:
        found = {name.lower(): data[name] for name in data.files}
    X, y = found["x_train"], found["y_train"]
    if holdout:
        return X[:-holdout], y[:-holdout], X[-holdout:], y[-holdout:]
    return X, y, found["x_test"], found["y_test"]


def classifier(epochs, random_state):
    """Return the classifier, not fitted."""
    return ConvNetClassifier(
        LAYERS,
        augment=AUGMENT,
        batch_size=128,
        learning_rate=OneCycle(),
        learning_rate_init=0.01,  # the peak
        max_iter=epochs,
        n_iter_no_change=epochs,  # a cycle is run to its end
        random_state=random_state,
    )


def main():
    """Train and report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("path", help="the .npz file")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--limit", type=int, help="use only so many training images")
    parser.add_argument("--holdout", type=int, default=0, help="test on so many training images")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()

    X_train, y_train, X_test, y_test = load(options.path, options.holdout)
    X_train, y_train = X_train[: options.limit], y_train[: options.limit]
    scores = []
    for seed in options.seeds:
        clf = classifier(options.epochs, seed)
        start = time.perf_counter()
        clf.fit(X_train, y_train)
        seconds = time.perf_counter() - start
        scores.append(clf.score(X_test, y_test))
        print(f"random_state {seed}: {scores[-1]:.2%} in {seconds:.0f} s", flush=True)
    print(f"mean of {len(scores)}: {np.mean(scores):.2%}")


if __name__ == "__main__":
    main()
