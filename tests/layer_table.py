"""One row a layer: how it is built, what it is given, what it emits. A new layer is a new row."""

from typing import NamedTuple

from convnet.layers import (
    Activation,
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    GlobalMaxPool2D,
    Layer,
    MaxPool2D,
    ReLU,
    Residual,
)


class Row(NamedTuple):
    layer: Layer
    repr: str
    input_shape: tuple
    op: (
        tuple | list
    )  # what lower calls: name, positional and keyword arguments; a list where it calls several


def conv(filters, **changes):
    """Return the op of a 3×3 convolution but for `changes`."""
    kwargs = {"kernel": (3, 3), "stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}
    kwargs |= {"groups": 1, "activation": "linear", "use_bias": True}
    return "conv2d", (filters,), kwargs | changes


def pool(kind, size, stride, padding=((0, 0), (0, 0))):
    """Return the op of a pooling layer."""
    return "pool2d", (kind,), {"size": size, "stride": stride, "padding": padding}


TABLE = [
    Row(Conv2D(16, 3), "Conv2D(16, 3)", (28, 28, 1), conv(16)),
    Row(
        Conv2D(4, (3, 5), stride=(2, 1), activation="relu", use_bias=False),
        "Conv2D(4, (3, 5), stride=(2, 1), activation='relu', use_bias=False)",
        (9, 8, 3),
        conv(4, kernel=(3, 5), stride=(2, 1), activation="relu", use_bias=False),
    ),
    Row(
        Conv2D(6, 3, padding="same", stride=2, groups=3, name="stem"),
        "Conv2D(6, 3, stride=2, padding='same', groups=3, name='stem')",
        (6, 7, 3),
        conv(6, stride=(2, 2), padding=((0, 1), (1, 1)), groups=3),
    ),
    Row(
        Conv2D(2, 3, padding=[[0, 1], [2, 2]], dilation=2),
        "Conv2D(2, 3, padding=((0, 1), (2, 2)), dilation=2)",
        (5, 4, 1),
        conv(2, padding=((0, 1), (2, 2)), dilation=(2, 2)),
    ),
    Row(
        Conv2D(2, 3, padding=(1, 2)),
        "Conv2D(2, 3, padding=(1, 2))",
        (1, 1, 1),
        conv(2, padding=((1, 1), (2, 2))),
    ),
    Row(MaxPool2D(), "MaxPool2D()", (5, 4, 3), pool("max", (2, 2), (2, 2))),
    Row(
        MaxPool2D((3, 2), stride=1, padding="same"),
        "MaxPool2D((3, 2), stride=1, padding='same')",
        (5, 4, 3),
        pool("max", (3, 2), (1, 1), ((1, 1), (0, 1))),
    ),
    Row(
        AvgPool2D(3, padding=1),
        "AvgPool2D(3, padding=1)",
        (7, 9, 2),
        pool("avg", (3, 3), (3, 3), ((1, 1), (1, 1))),
    ),
    Row(GlobalAvgPool2D(), "GlobalAvgPool2D()", (7, 9, 2), ("global_pool2d", ("avg",), {})),
    Row(GlobalMaxPool2D(), "GlobalMaxPool2D()", (7, 9, 2), ("global_pool2d", ("max",), {})),
    Row(
        Dense(64, activation="gelu"),
        "Dense(64, activation='gelu')",
        (100,),
        ("dense", (64,), {"activation": "gelu", "use_bias": True}),
    ),
    Row(Dense(1), "Dense(1)", (1,), ("dense", (1,), {"activation": "linear", "use_bias": True})),
    Row(Flatten(), "Flatten()", (5, 5, 4), ("flatten", (), {})),
    Row(Flatten(), "Flatten()", (5,), ("flatten", (), {})),
    Row(
        BatchNorm(),
        "BatchNorm()",
        (5, 4, 3),
        ("batch_norm", (), {"momentum": 0.9, "epsilon": 1e-5}),
    ),
    Row(
        BatchNorm(0.5, name="bn-1"),
        "BatchNorm(momentum=0.5, name='bn-1')",
        (8,),
        ("batch_norm", (), {"momentum": 0.5, "epsilon": 1e-5}),
    ),
    Row(Dropout(0.5), "Dropout(0.5)", (5, 4, 3), ("dropout", (0.5,), {})),
    Row(Activation("tanh"), "Activation('tanh')", (5, 4, 3), ("activation", ("tanh",), {})),
    Row(ReLU(), "ReLU()", (8,), ("activation", ("relu",), {})),
    Row(
        Residual([Conv2D(3, 3, padding="same"), ReLU(name="stem"), Conv2D(3, 1)], activation="elu"),
        "Residual([Conv2D(3, 3, padding='same'), ReLU(name='stem'), Conv2D(3, 1)], activation='elu')",
        (5, 4, 3),
        [
            ("fork", (), {}),
            ("lower", ("conv1", Conv2D(3, 3, padding="same")), {}),
            ("lower", ("stem", ReLU(name="stem")), {}),
            ("lower", ("conv2", Conv2D(3, 1)), {}),
            ("add", (None,), {"activation": "elu"}),
        ],
    ),
    Row(
        Residual([Residual([Dense(8)])], name="block"),
        "Residual([Residual([Dense(8)])], name='block')",
        (8,),
        [
            ("fork", (), {}),
            ("lower", ("residual1", Residual([Dense(8)])), {}),
            ("add", (None,), {"activation": "linear"}),
        ],
    ),
]
