"""The five nets that are measured: input shape, layers, batch size and data."""

from dataclasses import dataclass

import numpy as np

from convnet.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU, as_layers


@dataclass(frozen=True)
class Net:
    """A net and its data. With `samples` images, an epoch takes about a second on two cores."""

    input_shape: tuple
    layers: tuple
    n_classes: int
    batch: int
    samples: int

    @property
    def n_outputs(self):
        """Number of outputs: one logit for two classes, else one per class."""
        return 1 if self.n_classes == 2 else self.n_classes

    def data(self, n, seed=0):
        """Return X and y: noise around one random image per class, so that there is something to learn."""
        rng = np.random.default_rng(seed)
        y = rng.integers(0, self.n_classes, size=n)
        y[: self.n_classes] = np.arange(self.n_classes)
        X = rng.standard_normal((n, *self.input_shape), dtype=np.float32)
        return X + rng.standard_normal((self.n_classes, *self.input_shape), dtype=np.float32)[y], y


def vgg_block(filters):
    unit = (Conv2D(filters, 3, padding="same"), BatchNorm(), ReLU())
    return (*unit, *unit, MaxPool2D(2), Dropout(0.2))


def channels_first(weights, c, h, w):
    """Return dense weights (h w c, out) reordered for maps that were flattened as (c, h, w)."""
    return weights.reshape(h, w, c, -1).transpose(2, 0, 1, 3).reshape(weights.shape)


NETS = {
    "walkthrough": Net(
        (28, 28, 1),
        as_layers("walkthrough"),
        n_classes=10,
        batch=128,
        samples=12_800,
    ),
    "keraslab": Net(
        (28, 28, 1),
        as_layers("keraslab"),
        n_classes=10,
        batch=128,
        samples=3_840,
    ),
    "vggbn": Net(
        (32, 32, 3),
        (
            *vgg_block(32),
            *vgg_block(64),
            *vgg_block(128),
            Dense(128),
            BatchNorm(),
            ReLU(),
            Dropout(0.3),
        ),
        n_classes=10,
        batch=128,
        samples=1_280,
    ),
    "catdog16": Net(
        (150, 150, 3),
        (Conv2D(16, 3, activation="relu"), MaxPool2D(2), Flatten()),
        n_classes=2,
        batch=32,
        samples=512,
    ),
    "catdog": Net(
        (150, 150, 3),
        (
            Conv2D(32, 3, activation="relu"),
            MaxPool2D(2),
            Conv2D(32, 3, activation="relu"),
            MaxPool2D(2),
            Conv2D(64, 3, activation="relu"),
            MaxPool2D(2),
            Dense(64, activation="relu"),
            Dropout(0.5),
        ),
        n_classes=2,
        batch=32,
        samples=320,
    ),
}
