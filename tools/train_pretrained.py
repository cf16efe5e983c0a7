"""Train the net that is shipped as "mnist-small", and write its card.

    python tools/train_pretrained.py mnist.npz

The command writes ``convnet/pretrained/mnist-small.npz`` and ``.md``. Its argument is a file of uint8 images of 28×28
pixels as ``x_train, y_train, x_test, y_test``, such as
https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz. Training takes a minute or two on one core.
"""

import argparse
import os
import platform
import time
from pathlib import Path

import numpy as np

import convnet
from convnet import ConvNetClassifier
from convnet.augment import RandomRotation, RandomTranslation, RandomZoom
from convnet.engine import default_isa
from convnet.layers import BatchNorm, Conv2D, Dense, MaxPool2D, ReLU
from convnet.schedules import OneCycle

FOLDER = Path(__file__).parents[1] / "convnet" / "pretrained"
NAME = "mnist-small"


def conv(filters, number):
    """Return a convolution with batch normalization, which replaces its bias, and max-pooling."""
    return (
        Conv2D(filters, 3, padding="same", use_bias=False, name=f"conv{number}"),
        BatchNorm(),
        ReLU(),
        MaxPool2D(2),
    )


# No dropout, so that a fit can cache the outputs of frozen layers across epochs.
LAYERS = [*conv(16, 1), *conv(32, 2), *conv(48, 3), Dense(64, activation="relu", name="dense1")]
SETTINGS = {
    "augment": [RandomRotation(10), RandomZoom(0.1), RandomTranslation(0.08)],
    "learning_rate": OneCycle(),
    "learning_rate_init": 5e-3,
    "max_iter": 8,
    "random_state": 0,
}

CARD = """# {name}

A small convolutional net that reads handwritten digits. Use it to try transfer learning offline:

```python
import convnet

digits = convnet.load_pretrained("{name}")
digits.predict(X)  # uint8 (n, 28, 28), or floats from 0 to 1; white ink on black
```

| | |
|---|---|
| Data | MNIST (Y. LeCun, C. Cortes and C. Burges): 60,000 images for training, 10,000 for testing |
| Input | 28×28 gray images, bright ink on a dark background, centered by mass in the middle 20×20 pixels as in MNIST |
| Output | the digits 0 to 9, as integers |
| Test accuracy | {accuracy:.2%} ({wrong} of {n_test:,} wrong), on test images never used in training or selection |
| Training accuracy | {train_accuracy:.2%} on the images without augmentation |
| Parameters | {n_parameters:,}, float32; file of {size:,} bytes |
| Training | {epochs} epochs, batches of {batch_size}, Adam; {seconds:.0f} s of CPU time |
| Written by | `tools/train_pretrained.py` with convnet {version}, NumPy {numpy}, {machine}, {isa} kernels |

Do not use it for digits of other sizes, printed digits, dark ink on a light background, or several digits in an image.
It predicts a digit for every image; for an image that shows none, the probability means nothing.

## Settings

```text
ConvNetClassifier(
    {layers},
    {settings},
)
```
"""


def load(path):
    """Return images and labels for training, then those for testing."""
    with np.load(path, allow_pickle=False) as data:
        found = {name.lower(): data[name] for name in data.files}
    return found["x_train"], found["y_train"], found["x_test"], found["y_test"]


def main():
    """Train the net, write it and its card, and print the card."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", help="path of mnist.npz")
    X, y, X_test, y_test = load(parser.parse_args().data)
    begin = time.process_time()
    clf = ConvNetClassifier(LAYERS, **SETTINGS, verbose=True).fit(X, y).set_params(verbose=False)
    seconds = time.process_time() - begin
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{NAME}.npz"
    clf.save(path)
    wrong = int((clf.predict(X_test) != y_test).sum())
    card = CARD.format(
        name=NAME,
        accuracy=1 - wrong / len(y_test),
        wrong=wrong,
        n_test=len(y_test),
        train_accuracy=clf.score(X, y),
        n_parameters=clf.n_parameters_,
        size=os.path.getsize(path),
        epochs=clf.n_iter_,
        batch_size=min(128, len(X)),
        seconds=seconds,
        version=convnet.__version__,
        numpy=np.__version__,
        machine=platform.machine(),
        isa=default_isa(),
        layers="[\n        " + ",\n        ".join(map(repr, LAYERS)) + ",\n    ]",
        settings=",\n    ".join(f"{key}={value!r}" for key, value in SETTINGS.items()),
    )
    path.with_suffix(".md").write_text(card, encoding="utf-8")
    print(card)


if __name__ == "__main__":
    main()
