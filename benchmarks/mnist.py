"""Two tutorial nets on MNIST: the test accuracy of three seeds, compared with that of the tutorials.

    python benchmarks/mnist.py mnist.npz
    python benchmarks/mnist.py mnist.npz --time-to-accuracy

The second command prints how long each net trains until its test accuracy first passes that of the tutorial: the
median of the seeds. The accuracy is checked after every epoch. The time includes checking the data, but not predicting
the test images.

The file holds x_train, y_train, x_test and y_test, like the file of Keras (or X_train, ...): uint8 images of 28 x 28.
"""

import argparse
import warnings

import numpy as np
from nets import NETS
from timing import seconds

from convnet import ConvNetClassifier

SEEDS = (0, 1, 2)
MAX_EPOCHS = 20  # the search for the accuracy stops here
# net: (epochs, options, required accuracy, what must reach it, how that is computed from the seeds)
RUNS = {
    "walkthrough": (4, dict(learning_rate_init=3e-3, batch_size=64), 0.954, "each seed", min),
    "keraslab": (6, dict(learning_rate_init=1e-3, batch_size=128), 0.988, "the mean", np.mean),
}


def classifier(name, seed, n_jobs):
    epochs, options, *_ = RUNS[name]
    return ConvNetClassifier(
        list(NETS[name].layers),
        alpha=0.0,
        max_iter=epochs,
        random_state=seed,
        n_jobs=n_jobs,
        **options,
    )


def run(name, data, n_jobs):
    """Print the accuracy of each seed; return whether the required accuracy was reached."""
    epochs, _, wanted, of_what, reduce = RUNS[name]
    scores = []
    for seed in SEEDS:
        clf = classifier(name, seed, n_jobs)
        elapsed = seconds(clf.fit, data["x_train"], data["y_train"])
        scores.append(clf.score(data["x_test"], data["y_test"]))
        print(
            f"{name:<12} seed {seed}: {scores[-1]:.2%} after {epochs} epochs, {elapsed:.1f} s",
            flush=True,
        )
    reached = reduce(scores) >= wanted
    print(
        f"{name:<12} {of_what} >= {wanted:.1%}: {'yes' if reached else 'NO'}, mean {np.mean(scores):.2%}"
    )
    return reached


def time_to_accuracy(name, data, n_jobs):
    """Print the seconds of each seed and their median; return whether every seed reached the required accuracy."""
    wanted, classes = RUNS[name][2], np.unique(data["y_train"])
    times = []
    for seed in SEEDS:
        clf = classifier(name, seed, n_jobs)
        elapsed = score = epoch = 0
        while score <= wanted and epoch < MAX_EPOCHS:
            elapsed += seconds(clf.partial_fit, data["x_train"], data["y_train"], classes)
            score = clf.score(data["x_test"], data["y_test"])
            epoch += 1
        times.append(elapsed if score > wanted else np.inf)
        print(
            f"{name:<12} seed {seed}: {score:.2%} after {epoch} epochs, {elapsed:.1f} s", flush=True
        )
    print(f"{name:<12} first above {wanted:.1%}: {np.median(times):.1f} s (median of the seeds)")
    return np.isfinite(times).all()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", help="mnist.npz")
    parser.add_argument("--nets", nargs="+", choices=RUNS, default=list(RUNS))
    parser.add_argument("--n-jobs", type=int, default=None)
    parser.add_argument("--time-to-accuracy", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # about fits that end before convergence
    with np.load(options.path) as file:
        data = {name.lower(): file[name] for name in file.files}
    function = time_to_accuracy if options.time_to_accuracy else run
    reached = [function(name, data, options.n_jobs) for name in options.nets]
    if not all(reached):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
