"""Writes the presets that follow published nets, and the sizes of all presets, into convnet/layers/presets.

    python tools/write_presets.py

Each function returns the layers of one net without its last dense layer, which is the automatic output layer. Sizes,
strides, paddings and epsilons are those of the named source. Run it after a change, and commit the files.
"""

import json
from pathlib import Path

from convnet.graph import Plan
from convnet.layers import (
    Activation,
    AvgPool1D,
    AvgPool2D,
    BatchNorm,
    Conv1D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    MaxPool1D,
    MaxPool2D,
    Parallel,
    ReLU,
    Residual,
    as_layers,
    to_dicts,
)

FOLDER = Path(__file__).parents[1] / "convnet" / "layers" / "presets"
IMAGENET = (224, 224, 3)
CLASSES = 1000


TORCH = BatchNorm()
TENSORFLOW = BatchNorm(momentum=0.99, epsilon=1e-3)  # of nets that were first published there
# The nets for signals have Keras's momentum of 0.99 and train for some 10,000 steps. Sets of signals are small, so the
# default 30 epochs are a few hundred steps, after which such averages still hold the statistics of the first ones.
SIGNALS = BatchNorm(momentum=0.9, epsilon=1e-3)


def convolution(filters, kernel_size, stride=1, *, norm=TORCH, padding=None):
    """Return a convolution without bias, and its batch normalization."""
    padding = kernel_size // 2 if padding is None else padding
    return Conv2D(filters, kernel_size, stride=stride, padding=padding, use_bias=False), norm


def depthwise(kernel_size, stride=1, *, norm=TORCH, padding=None):
    """Return a depthwise convolution without bias, and its batch normalization."""
    padding = kernel_size // 2 if padding is None else padding
    return DepthwiseConv2D(kernel_size, stride=stride, padding=padding, use_bias=False), norm


def resnet(blocks, bottleneck):
    """Return a ResNet of torchvision: in a bottleneck, the 3x3 convolution has the stride."""

    def block(filters, stride, projects, name):
        if bottleneck:
            body = (
                *(*convolution(filters, 1), ReLU()),
                *(*convolution(filters, 3, stride), ReLU()),
                *convolution(4 * filters, 1),
            )
        else:
            body = (*convolution(filters, 3, stride), ReLU(), *convolution(filters, 3))
        shortcut = convolution(4 * filters if bottleneck else filters, 1, stride)
        return Residual(body, "relu", shortcut if projects else None, name=name)

    layers = [*convolution(64, 7, 2), ReLU(), MaxPool2D(3, stride=2, padding=1)]
    for stage, n in enumerate(blocks, start=1):
        for i in range(n):
            stride = 2 if stage > 1 and i == 0 else 1
            projects = i == 0 and (stage > 1 or bottleneck)
            layers.append(block(32 * 2**stage, stride, projects, f"layer{stage}-{i}"))
    return [*layers, GlobalAvgPool2D()]


def inverted_residual(channels, filters, stride, kernel_size, wide, activation, squeeze, **options):
    """Return the layers of an inverted residual block: a tuple, or one Residual if its shape stays the same.

    `wide` is the number of channels inside, and `squeeze` the layers between the depthwise and the last convolution.
    """
    expand = (*convolution(wide, 1, norm=options["norm"]), Activation(activation))
    body = (
        *(expand if wide != channels else ()),
        *(*depthwise(kernel_size, stride, **options), Activation(activation)),
        *squeeze,
        *convolution(filters, 1, norm=options["norm"]),
    )
    return (Residual(body),) if stride == 1 and channels == filters else body


def excite(channels, squeezed, activation, gate):
    """Return a squeeze-and-excite block."""
    inside = [
        GlobalAvgPool2D(),
        Dense(squeezed, activation=activation),
        Dense(channels, activation=gate),
    ]
    return (Parallel([[], inside], "multiply"),)


def mobilenet_v2():
    """Return MobileNetV2 of torchvision."""
    layers, channels = [*convolution(32, 3, 2), Activation("relu6")], 32
    stages = [
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ]
    for expansion, filters, n, stride in stages:
        for i in range(n):
            layers += inverted_residual(
                channels,
                filters,
                stride if i == 0 else 1,
                3,
                channels * expansion,
                "relu6",
                (),
                norm=TORCH,
            )
            channels = filters
    return [*layers, *convolution(1280, 1), Activation("relu6"), GlobalAvgPool2D(), Dropout(0.2)]


def divisible(value, by=8):
    """Return the nearest multiple, not below 90 % of the value, as TensorFlow's MobileNets round."""
    rounded = max(by, int(value + by / 2) // by * by)
    return rounded + by if rounded < 0.9 * value else rounded


def mobilenet_v3_small():
    """Return MobileNetV3-Small of torchvision, whose batch normalization is that of TensorFlow."""
    layers, channels = [*convolution(16, 3, 2, norm=TENSORFLOW), Activation("hard_swish")], 16
    rows = [
        (3, 16, 16, True, "relu", 2),
        (3, 72, 24, False, "relu", 2),
        (3, 88, 24, False, "relu", 1),
        (5, 96, 40, True, "hard_swish", 2),
        (5, 240, 40, True, "hard_swish", 1),
        (5, 240, 40, True, "hard_swish", 1),
        (5, 120, 48, True, "hard_swish", 1),
        (5, 144, 48, True, "hard_swish", 1),
        (5, 288, 96, True, "hard_swish", 2),
        (5, 576, 96, True, "hard_swish", 1),
        (5, 576, 96, True, "hard_swish", 1),
    ]
    for kernel_size, wide, filters, excites, activation, stride in rows:
        squeeze = excite(wide, divisible(wide // 4), "relu", "hard_sigmoid") if excites else ()
        layers += inverted_residual(
            channels, filters, stride, kernel_size, wide, activation, squeeze, norm=TENSORFLOW
        )
        channels = filters
    layers += [*convolution(576, 1, norm=TENSORFLOW), Activation("hard_swish"), GlobalAvgPool2D()]
    return [*layers, Dense(1024, activation="hard_swish"), Dropout(0.2)]


EFFICIENTNET = [  # expansion, filters, blocks, stride, kernel size
    *((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3)),
    *((6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3)),
]


def efficientnet_b0():
    """Return EfficientNet-B0 of torchvision. Its stochastic depth, which concerns training only, is left out."""
    layers, channels = [*convolution(32, 3, 2), Activation("silu")], 32
    for expansion, filters, n, stride, kernel_size in EFFICIENTNET:
        for i in range(n):
            wide = channels * expansion
            squeeze = excite(wide, max(1, channels // 4), "silu", "sigmoid")
            layers += inverted_residual(
                channels,
                filters,
                stride if i == 0 else 1,
                kernel_size,
                wide,
                "silu",
                squeeze,
                norm=TORCH,
            )
            channels = filters
    return [*layers, *convolution(1280, 1), Activation("silu"), GlobalAvgPool2D(), Dropout(0.2)]


def efficientnet_lite0():
    """Return EfficientNet-Lite0 of TensorFlow: no squeeze-and-excite, ReLU6, padding "same"."""
    options = dict(norm=TENSORFLOW, padding="same")
    layers, channels = [*convolution(32, 3, 2, **options), Activation("relu6")], 32
    for expansion, filters, n, stride, kernel_size in EFFICIENTNET:
        for i in range(n):
            layers += inverted_residual(
                channels,
                filters,
                stride if i == 0 else 1,
                kernel_size,
                channels * expansion,
                "relu6",
                (),
                **options,
            )
            channels = filters
    return [
        *layers,
        *convolution(1280, 1, norm=TENSORFLOW),
        Activation("relu6"),
        GlobalAvgPool2D(),
        Dropout(0.2),
    ]


def squeezenet():
    """Return the features of SqueezeNet 1.1 of torchvision, and their mean."""

    def fire(number, squeezed, expanded):
        squeeze = Conv2D(squeezed, 1, activation="relu", name=f"fire{number}-squeeze")
        branches = [
            [Conv2D(expanded, 1, activation="relu")],
            [Conv2D(expanded, 3, padding=1, activation="relu")],
        ]
        return squeeze, Parallel(branches, name=f"fire{number}-expand")

    pool = MaxPool2D(3, stride=2, ceil_mode=True)
    return [
        *(Conv2D(64, 3, stride=2, activation="relu"), pool, *fire(2, 16, 64), *fire(3, 16, 64)),
        *(pool, *fire(4, 32, 128), *fire(5, 32, 128)),
        *(pool, *fire(6, 48, 192), *fire(7, 48, 192), *fire(8, 64, 256), *fire(9, 64, 256)),
        *(Dropout(0.5), GlobalAvgPool2D()),
    ]


def vgg16():
    """Return VGG-16 of torchvision, without batch normalization."""
    layers = []
    for filters, n in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        layers += [Conv2D(filters, 3, padding=1, activation="relu")] * n + [MaxPool2D(2)]
    return [*layers, *(Dense(4096, activation="relu"), Dropout(0.5)) * 2]


def densenet121():
    """Return DenseNet-121 of torchvision."""

    def dense_layer(name):
        body = [BatchNorm(), ReLU(), Conv2D(128, 1, use_bias=False), BatchNorm(), ReLU()]
        return Parallel([[], [*body, Conv2D(32, 3, padding=1, use_bias=False)]], name=name)

    layers = [*convolution(64, 7, 2), ReLU(), MaxPool2D(3, stride=2, padding=1)]
    channels = 64
    for block, n in enumerate((6, 12, 24, 16), start=1):
        layers += [dense_layer(f"block{block}-layer{i + 1}") for i in range(n)]
        channels += 32 * n
        layers += [BatchNorm(), ReLU()]
        if block < 4:
            channels //= 2
            layers += [Conv2D(channels, 1, use_bias=False), AvgPool2D(2)]
    return [*layers, GlobalAvgPool2D()]


def unit1d(filters, kernel_size, use_bias=True):
    """Return a 1-D convolution that keeps the length, and its batch normalization."""
    return Conv1D(filters, kernel_size, padding="same", use_bias=use_bias), SIGNALS


def fcn():
    """Return the fully convolutional net of Wang et al."""
    units = ((*unit1d(n, k), ReLU()) for n, k in ((128, 8), (256, 5), (128, 3)))
    return [*(layer for unit in units for layer in unit), GlobalAvgPool1D()]


def resnet1d():
    """Return the ResNet of Wang et al.: the shortcut of the last block is a batch normalization."""

    def block(filters, shortcut):
        body = (*unit1d(filters, 8), ReLU(), *unit1d(filters, 5), ReLU(), *unit1d(filters, 3))
        return Residual(body, "relu", shortcut)

    blocks = (block(64, unit1d(64, 1)), block(128, unit1d(128, 1)), block(128, [SIGNALS]))
    return [*blocks, GlobalAvgPool1D()]


def time_cnn():
    """Return Time-CNN of Zhao et al."""
    return [
        *(Conv1D(6, 7, activation="sigmoid"), AvgPool1D(3)),
        *(Conv1D(12, 7, activation="sigmoid"), AvgPool1D(3)),
    ]


def inceptiontime():
    """Return one net of InceptionTime for signals of one channel: two residual blocks of three modules."""

    def module(bottleneck):
        narrow = [Conv1D(32, 1, use_bias=False)] if bottleneck else []
        branches = [[Conv1D(32, k, padding="same", use_bias=False)] for k in (40, 20, 10)]
        pooled = [MaxPool1D(3, stride=1, padding="same"), Conv1D(32, 1, use_bias=False)]
        if not bottleneck:
            return Parallel([*branches, pooled]), SIGNALS, ReLU()
        convolutions = [*narrow, Parallel(branches)]
        return Parallel([convolutions, pooled]), SIGNALS, ReLU()

    first = [*module(False), *module(True), *module(True)]
    second = [*module(True), *module(True), *module(True)]
    return [
        Residual(first, "relu", unit1d(128, 1, use_bias=False)),
        Residual(second, "relu", unit1d(128, 1, use_bias=False)),
        GlobalAvgPool1D(),
    ]


PRESETS = {
    "fcn": ("signals: the fully convolutional net of Wang et al., 2017", fcn()),
    "resnet-1d": ("signals: the ResNet of Wang et al., 2017", resnet1d()),
    "time-cnn": (
        "signals: Time-CNN (Zhao et al., 2017), two convolutions with average pools",
        time_cnn(),
    ),
    "inceptiontime": (
        "signals: one net of InceptionTime (Ismail Fawaz et al., 2020); average five for the published results",
        inceptiontime(),
    ),
    "resnet18": ("ResNet-18 (He et al., 2016), as in torchvision", resnet((2, 2, 2, 2), False)),
    "resnet34": ("ResNet-34 (He et al., 2016), as in torchvision", resnet((3, 4, 6, 3), False)),
    "resnet50": ("ResNet-50 (He et al., 2016), as in torchvision", resnet((3, 4, 6, 3), True)),
    "mobilenet-v2": ("MobileNetV2 (Sandler et al., 2018), as in torchvision", mobilenet_v2()),
    "mobilenet-v3-small": (
        "MobileNetV3-Small (Howard et al., 2019), as in torchvision",
        mobilenet_v3_small(),
    ),
    "efficientnet-lite0": (
        "EfficientNet-Lite0 (Liu, 2020), as in TensorFlow: a small, fast net to start from",
        efficientnet_lite0(),
    ),
    "efficientnet-b0": ("EfficientNet-B0 (Tan and Le, 2019), as in torchvision", efficientnet_b0()),
    "squeezenet1-1": (
        "SqueezeNet 1.1 (Iandola et al., 2016), the features of torchvision",
        squeezenet(),
    ),
    "vgg16": ("VGG-16 (Simonyan and Zisserman, 2015), as in torchvision", vgg16()),
    "densenet121": ("DenseNet-121 (Huang et al., 2017), as in torchvision", densenet121()),
}


# the image and the number of outputs that the sizes of the other presets are given for
SMALL = {
    "catdog": ((150, 150, 3), 1),
    "keraslab": ((28, 28, 1), 10),
    "lenet": ((28, 28, 1), 10),
    "resnet-small": ((32, 32, 3), 10),
    "vgg-small": ((32, 32, 3), 10),
    "walkthrough": ((28, 28, 1), 10),
    **dict.fromkeys(("fcn", "resnet-1d", "time-cnn", "inceptiontime"), ((150, 1), 2)),
}


def text(description, layers):
    """Return the text of a file: JSON, which is also YAML, with one layer per line."""
    lines = ",\n  ".join(json.dumps(layer) for layer in to_dicts(layers))
    return f'{{\n"description": {json.dumps(description)},\n"layers": [\n  {lines}\n]\n}}\n'


def sizes(name):
    """Return the size of a preset, for images and outputs of a common size."""
    shape, n_outputs = SMALL.get(name, (IMAGENET, CLASSES))
    plan = Plan(as_layers(name), shape, n_outputs)
    return {
        "input_shape": shape,
        "n_outputs": n_outputs,
        "n_parameters": sum(p.size for p in plan.parameters if p.trainable),
        "multiply_adds": sum(info.multiply_adds for info in plan.layers),
    }


def main():
    for name, (description, layers) in PRESETS.items():
        (FOLDER / f"{name}.yaml").write_text(text(description, layers), encoding="utf-8")
    lines = (f"{json.dumps(name)}: {json.dumps(sizes(name))}" for name in sorted(PRESETS | SMALL))
    (FOLDER / "sizes.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
