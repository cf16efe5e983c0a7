"""The nets that are measured: input shape, layers, batch size and data.

`NETS` are the nets of docs/performance.md. `SMALL_NETS` are five others, of kinds that `NETS` does not have.

resnet18 and mobilenetv2 have the layers of torchvision's models of these names, with these differences, so that figures
can be compared with earlier ones. The presets of these names have the layers of torchvision themselves:

- The shortcut of a block that changes the shape is a 1×1 convolution with a bias. In torchvision, batch normalization
  follows it instead of a bias.
- mobilenetv2 uses ReLU where torchvision uses ReLU6.
- Running variances are those of the batches, divided by n. PyTorch divides by n - 1, which concerns training only.

All libraries compute the net as convnet does, except for the last difference.
"""

from dataclasses import dataclass

import numpy as np

from convnet.layers import (
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    MaxPool2D,
    ReLU,
    Residual,
    as_layers,
)


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


def convolution(filters, kernel_size, stride=1):
    """Return a convolution with batch norm. The padding is that of PyTorch: the same on all sides."""
    padding = kernel_size // 2
    conv = Conv2D(filters, kernel_size, stride=stride, padding=padding, use_bias=False)
    return conv, BatchNorm()


def basic_block(filters, stride=1):
    """Return a block of ResNet-18 and ResNet-34."""
    body = (
        *convolution(filters, 3, stride),
        ReLU(),
        *convolution(filters, 3),
    )
    return Residual(body, activation="relu")


def resnet18():
    stages = [(64, 1), (128, 2), (256, 2), (512, 2)]  # filters, stride of the first block
    blocks = [block for n, s in stages for block in (basic_block(n, s), basic_block(n))]
    stem = (*convolution(64, 7, 2), ReLU(), MaxPool2D(3, stride=2, padding=1))
    return (*stem, *blocks, GlobalAvgPool2D())


def inverted_residual(channels, filters, stride, expansion):
    """Return the layers of a block of MobileNetV2. It has a shortcut if the shape stays the same."""
    wide = channels * expansion
    expand = (*convolution(wide, 1), ReLU()) if expansion > 1 else ()
    depthwise = DepthwiseConv2D(3, stride=stride, padding=1, use_bias=False)
    body = (*expand, depthwise, BatchNorm(), ReLU(), *convolution(filters, 1))
    return (Residual(body),) if stride == 1 and channels == filters else body


def mobilenetv2():
    # expansion, filters, blocks, stride of the first block: table 2 of https://arxiv.org/abs/1801.04381
    stages = [
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ]
    channels, layers = 32, [*convolution(32, 3, 2), ReLU()]
    for expansion, filters, blocks, stride in stages:
        for block in range(blocks):
            layers += inverted_residual(channels, filters, stride if block == 0 else 1, expansion)
            channels = filters
    return (*layers, *convolution(1280, 1), ReLU(), GlobalAvgPool2D(), Dropout(0.2))


def separable(filters, stride=1):
    """Return a depthwise convolution and a pointwise one, each with batch norm."""
    depthwise = DepthwiseConv2D(3, stride=stride, padding=1, use_bias=False)
    return (depthwise, BatchNorm(), ReLU(), *convolution(filters, 1), ReLU())


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
    "resnet18": Net(
        (128, 128, 3),
        resnet18(),
        n_classes=10,
        batch=32,
        samples=128,
    ),
    "mobilenetv2": Net(
        (128, 128, 3),
        mobilenetv2(),
        n_classes=10,
        batch=32,
        samples=384,
    ),
}

SMALL_NETS = {
    "strided": Net(  # strides in place of pools, and 1x1 convolutions
        (64, 64, 3),
        (
            Conv2D(32, 5, stride=2, padding=2, activation="relu"),
            Conv2D(32, 1, activation="relu"),
            Conv2D(64, 3, stride=2, padding=1, activation="relu"),
            Conv2D(64, 1, activation="relu"),
            Conv2D(96, 3, stride=2, padding=1, activation="relu"),
            GlobalAvgPool2D(),
        ),
        n_classes=10,
        batch=64,
        samples=1_280,
    ),
    "odd": Net(  # numbers of channels that no vector divides, 5x5 kernels
        (32, 32, 3),
        (
            Conv2D(20, 5, padding=2, activation="relu"),
            MaxPool2D(2),
            Conv2D(50, 5, padding=2, activation="relu"),
            MaxPool2D(2),
            Dense(100, activation="relu"),
        ),
        n_classes=10,
        batch=64,
        samples=1_280,
    ),
    "lenet5": Net(  # tanh and average pools
        (28, 28, 1),
        (
            Conv2D(6, 5, padding=2, activation="tanh"),
            AvgPool2D(2),
            Conv2D(16, 5, activation="tanh"),
            AvgPool2D(2),
            Dense(120, activation="tanh"),
            Dense(84, activation="tanh"),
        ),
        n_classes=10,
        batch=128,
        samples=6_400,
    ),
    "gray": Net(  # few channels on large gray images
        (128, 128, 1),
        (
            Conv2D(8, 3, padding=1, activation="relu"),
            MaxPool2D(2),
            Conv2D(12, 3, padding=1, activation="relu"),
            MaxPool2D(2),
            Conv2D(16, 3, padding=1, activation="relu"),
            MaxPool2D(2),
            Dense(32, activation="relu"),
        ),
        n_classes=2,
        batch=32,
        samples=1_280,
    ),
    "separable": Net(
        (48, 48, 3),
        (
            *convolution(24, 3, 2),
            ReLU(),
            *separable(48),
            *separable(96, 2),
            *separable(96),
            *separable(192, 2),
            GlobalAvgPool2D(),
        ),
        n_classes=10,
        batch=64,
        samples=1_280,
    ),
}
