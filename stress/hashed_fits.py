"""Hashes of fits: `python stress/hashed_fits.py 1,2,3 loky,threading`, which `test_determinism.py` runs.

It prints JSON: the number of threads of the process after a fit on the largest number named; for each net the hashes of
fits for each number of threads and each backend of joblib; and the hashes of predictions in batches. All of them obey
``CONVNET_ISA``.
"""

import hashlib
import json
import os
import sys

import numpy as np
from joblib import Parallel, delayed

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.augment import (
    CutMix,
    Cutout,
    MixUp,
    RandomBrightness,
    RandomFlip,
    RandomHue,
    RandomRotation,
)
from convnet.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    GlobalAvgPool2D,
    MaxPool2D,
    Normalize,
    ReLU,
    Residual,
    SeparableConv2D,
)

N, SHAPE = 72, (20, 18, 3)
BATCHES = (1, 2, 7, 32, N)
BLOCK = [Conv2D(16, 3, padding="same"), BatchNorm(), ReLU()]
AUGMENT = [RandomFlip(), RandomRotation(20), RandomBrightness(0.2), RandomHue(0.1), Cutout(5)]
NETS = {
    "conv, bn, dropout, augment, adam": (
        [*BLOCK, MaxPool2D(2), Dropout(0.2), *BLOCK, Dense(40, activation="gelu"), Dropout(0.5)],
        dict(augment=AUGMENT, early_stopping=True, validation_fraction=0.2),
    ),
    "residual (winograd), sgd": (
        [
            Conv2D(16, 3, activation="relu"),
            Residual([*BLOCK, *BLOCK], activation="relu", drop_path=0.3),
            Dense(9),
        ],
        dict(solver="sgd", learning_rate_init=0.01, clip_norm=1.0),
    ),
    "depthwise, rmsprop": (
        [
            Normalize(),
            SeparableConv2D(24, 3, activation="silu"),
            DepthwiseConv2D(5, activation="relu"),
            BatchNorm(),
            GlobalAvgPool2D(),
        ],
        dict(solver="rmsprop", augment=[AUGMENT[0], MixUp(), CutMix()]),
    ),
    "wide dense, adamw": (
        [Dense(700, activation="relu"), Dropout(0.3), Dense(300, activation="tanh"), BatchNorm()],
        dict(solver="adamw", alpha=0.01),
    ),
    "regression, large kernels": (
        [Conv2D(8, 7, stride=2, activation="relu"), MaxPool2D(3, stride=2), Dense(33)],
        dict(loss="huber"),
    ),
}


def data(kind):
    """Return images, and numbers or classes as targets."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (N, *SHAPE), dtype=np.uint8)
    return X, rng.normal(size=N) if kind is ConvNetRegressor else np.arange(N) % 3


def fitted(name, n_jobs):
    """Return the net after two epochs on `n_jobs` threads, and its images."""
    layers, params = NETS[name]
    kind = ConvNetRegressor if "regression" in name else ConvNetClassifier
    X, y = data(kind)
    params = {"max_iter": 2, "batch_size": 24, "random_state": 0, "n_jobs": n_jobs} | params
    return kind(layers, **params).fit(X, y), X


def digest(*arrays):
    """Return a hash of the bytes of arrays."""
    found = hashlib.blake2b(digest_size=8)
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def hash_of_fit(name, n_jobs):
    """Return the hash of the weights and the losses."""
    net, _ = fitted(name, n_jobs)
    return digest(*(net.weights_[key] for key in sorted(net.weights_)), net.loss_curve_)


def hashes_of_predictions(name, counts):
    """Return the hash of all outputs for each batch size and number of threads."""
    net, X = fitted(name, counts[0])
    outputs = net.predict_proba if hasattr(net, "predict_proba") else net.predict
    found = {}
    for n_jobs in counts:
        net.set_params(n_jobs=n_jobs)
        for size in BATCHES:
            parts = [outputs(X[start : start + size]) for start in range(0, N, size)]
            found[f"{size} rows, {n_jobs} threads"] = digest(np.concatenate(parts))
    return found


def main(counts, backends):
    """Print the hashes."""
    predictions = {name: hashes_of_predictions(name, counts) for name in NETS}
    fitted(next(iter(NETS)), max(counts))
    threads = len(os.listdir("/proc/self/task")) if os.path.exists("/proc/self/task") else None
    fits = {name: {} for name in NETS}
    runs = [(name, n_jobs) for name in NETS for n_jobs in counts]
    for backend in backends:
        parallel = Parallel(n_jobs=2, backend=backend)
        hashes = parallel(delayed(hash_of_fit)(*run) for run in runs)
        for (name, n_jobs), found in zip(runs, hashes, strict=True):
            fits[name][f"{backend}, {n_jobs} threads"] = found
    print(json.dumps({"threads": threads, "fits": fits, "predictions": predictions}))


if __name__ == "__main__":
    counts, backends = (argument.split(",") for argument in sys.argv[1:])
    main([int(count) for count in counts], backends)
