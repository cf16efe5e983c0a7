"""One row per layer: how to build it, its input, its operations. A new layer needs a new row."""

from typing import NamedTuple

from convnet.layers import (
    LRN,
    Activation,
    AvgPool1D,
    AvgPool2D,
    BatchNorm,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GroupNorm,
    Layer,
    MaxPool1D,
    MaxPool2D,
    Normalize,
    Parallel,
    PReLU,
    ReLU,
    Rescale,
    Residual,
    Resize,
    SeparableConv2D,
    SpatialDropout2D,
    UpSample1D,
    UpSample2D,
    ZeroPad2D,
)


class Operation(NamedTuple):
    """An operation that a layer emits.

    Fields that `fields` does not name have their defaults. `weights` are properties of its parameter "weights", None if
    it has none. `channels` is the size of the last axis of its output, if that is not the size of its input.
    """

    name: str
    fields: dict
    channels: int | None = None
    weights: dict | None = None
    use_bias: bool = True


class Row(NamedTuple):
    layer: Layer
    repr: str
    input_shape: tuple
    ops: list


def weights(initializer=None, l2=None, max_norm=None):
    """Return properties of the weights of a layer."""
    return {"initializer": initializer, "l2": l2, "max_norm": max_norm}


def activation(name):
    """Return the operations of an activation."""
    own = {"prelu": "PReLUOp", "softmax": "SoftmaxOp"}
    if name in own:
        return other(own[name])
    return [] if name is None else [Operation("ActivationOp", {"activation": name})]


def conv(filters, *, activated=None, use_bias=True, learning=None, **changes):
    """Return the operations of a 3×3 convolution with `changes`."""
    fields = {"kernel": (3, 3)} | changes
    learning = weights() if learning is None else learning
    return [Operation("Conv2DOp", fields, filters, learning, use_bias), *activation(activated)]


def transposed(filters, *, activated=None, **changes):
    """Return the operations of a 3×3 transposed convolution with `changes`."""
    fields = {"kernel": (3, 3)} | changes
    operation = Operation("Conv2DTransposeOp", fields, filters, weights())
    return [operation, *activation(activated)]


def dense(units, *, activated=None, learning=None):
    """Return the operations of a dense layer."""
    learning = weights() if learning is None else learning
    return [Operation("DenseOp", {}, units, learning), *activation(activated)]


def pool(kind, size, stride, padding=((0, 0), (0, 0)), **changes):
    """Return the operation of a pooling layer."""
    fields = {"pooling": kind, "size": size, "stride": stride, "padding": padding}
    return [Operation("Pool2DOp", fields | changes)]


def other(name, **fields):
    """Return an operation without weights."""
    return [Operation(name, fields)]


TABLE = [
    Row(Conv2D(16, 3), "Conv2D(16, 3)", (28, 28, 1), conv(16)),
    Row(
        Conv2D(4, (3, 5), stride=(2, 1), activation="relu", use_bias=False),
        "Conv2D(4, (3, 5), stride=(2, 1), activation='relu', use_bias=False)",
        (9, 8, 3),
        conv(4, kernel=(3, 5), stride=(2, 1), activated="relu", use_bias=False),
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
    Row(
        Conv1D(4, 5, stride=2, padding="same", dilation=2, groups=2, activation="relu"),
        "Conv1D(4, 5, stride=2, padding='same', dilation=2, groups=2, activation='relu')",
        (12, 2),
        conv(
            4,
            kernel=(1, 5),
            stride=(1, 2),
            padding=((0, 0), (3, 4)),
            dilation=(1, 2),
            groups=2,
            activated="relu",
        ),
    ),
    Row(
        Conv1D(4, 3, padding=[2, 0]),
        "Conv1D(4, 3, padding=(2, 0))",
        (7, 1),
        conv(4, kernel=(1, 3), padding=((0, 0), (2, 0))),
    ),
    Row(
        Conv2DTranspose(4, 3, stride=2, padding="same", activation="relu"),
        "Conv2DTranspose(4, 3, stride=2, padding='same', activation='relu')",
        (5, 4, 3),
        transposed(4, stride=(2, 2), padding=((0, 1), (0, 1)), activated="relu"),
    ),
    Row(
        Conv2DTranspose(2, (2, 3), stride=(3, 1), dilation=(1, 2)),
        "Conv2DTranspose(2, (2, 3), stride=(3, 1), dilation=(1, 2))",
        (5, 4, 3),
        transposed(2, kernel=(2, 3), stride=(3, 1), dilation=(1, 2), padding=((0, -1), (0, 0))),
    ),
    Row(
        Conv2DTranspose(2, 3, stride=2, padding=(1, 0), output_padding=[1, 0]),
        "Conv2DTranspose(2, 3, stride=2, padding=(1, 0), output_padding=(1, 0))",
        (5, 4, 3),
        transposed(2, stride=(2, 2), padding=((1, 0), (0, 0))),
    ),
    Row(
        Conv1DTranspose(4, 3, stride=2, padding="same", output_padding=1),
        "Conv1DTranspose(4, 3, stride=2, padding='same', output_padding=1)",
        (7, 2),
        transposed(4, kernel=(1, 3), stride=(1, 2), padding=((0, 0), (0, 1))),
    ),
    Row(MaxPool1D(), "MaxPool1D()", (5, 3), pool("max", (1, 2), (1, 2))),
    Row(
        AvgPool1D(3, stride=2, padding=1),
        "AvgPool1D(3, stride=2, padding=1)",
        (8, 3),
        pool("avg", (1, 3), (1, 2), ((0, 0), (1, 1))),
    ),
    Row(
        MaxPool1D(3, stride=2, ceil_mode=True),
        "MaxPool1D(3, stride=2, ceil_mode=True)",
        (8, 3),
        pool("max", (1, 3), (1, 2)),
    ),
    Row(
        AvgPool1D(3, stride=2, padding=(0, 1), count_include_pad=True),
        "AvgPool1D(3, stride=2, padding=(0, 1), count_include_pad=True)",
        (8, 3),
        pool("avg", (1, 3), (1, 2), ((0, 0), (0, 1)), count_include_pad=True),
    ),
    Row(GlobalAvgPool1D(), "GlobalAvgPool1D()", (7, 2), pool("avg", (1, 7), (1, 7))),
    Row(GlobalMaxPool1D(), "GlobalMaxPool1D()", (7, 2), pool("max", (1, 7), (1, 7))),
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
    Row(
        MaxPool2D(2, ceil_mode=True),
        "MaxPool2D(ceil_mode=True)",
        (5, 7, 3),
        pool("max", (2, 2), (2, 2)),
    ),
    Row(
        AvgPool2D(3, stride=(2, 5), padding=1, ceil_mode=True, count_include_pad=True),
        "AvgPool2D(3, stride=(2, 5), padding=1, ceil_mode=True, count_include_pad=True)",
        (8, 7, 2),
        pool("avg", (3, 3), (2, 5), ((1, 1), (1, 1)), count_include_pad=True),
    ),
    Row(GlobalAvgPool2D(), "GlobalAvgPool2D()", (7, 9, 2), pool("avg", (7, 9), (7, 9))),
    Row(GlobalMaxPool2D(), "GlobalMaxPool2D()", (7, 9, 2), pool("max", (7, 9), (7, 9))),
    Row(
        Dense(64, activation="gelu"),
        "Dense(64, activation='gelu')",
        (100,),
        dense(64, activated="gelu"),
    ),
    Row(
        Dense(1),
        "Dense(1)",
        (1,),
        dense(1),
    ),
    Row(
        Dense(2, kernel_initializer="orthogonal", l2=0.5, max_norm=3),
        "Dense(2, kernel_initializer='orthogonal', l2=0.5, max_norm=3.0)",
        (3,),
        dense(2, learning=weights("orthogonal", 0.5, 3.0)),
    ),
    Row(
        Conv2D(2, 3, kernel_initializer="he_normal", l2=0, max_norm=1.5),
        "Conv2D(2, 3, kernel_initializer='he_normal', l2=0.0, max_norm=1.5)",
        (5, 4, 1),
        conv(2, learning=weights("he_normal", 0.0, 1.5)),
    ),
    Row(
        DepthwiseConv2D((3, 2), dilation=(1, 2), depth_multiplier=2, l2=0.1),
        "DepthwiseConv2D((3, 2), dilation=(1, 2), depth_multiplier=2, l2=0.1)",
        (5, 4, 3),
        conv(6, kernel=(3, 2), dilation=(1, 2), groups=3, learning=weights(l2=0.1)),
    ),
    Row(
        SeparableConv2D(3, 3, padding="same", depth_multiplier=2, activation="relu", max_norm=2),
        "SeparableConv2D(3, 3, padding='same', depth_multiplier=2, activation='relu', max_norm=2.0)",
        (5, 4, 3),
        [
            *conv(
                6,
                padding=((1, 1), (1, 1)),
                groups=3,
                use_bias=False,
                learning=weights(max_norm=2.0),
            ),
            *conv(3, kernel=(1, 1), activated="relu", learning=weights(max_norm=2.0)),
        ],
    ),
    Row(
        SpatialDropout2D(0.5),
        "SpatialDropout2D(0.5)",
        (5, 4, 3),
        other("DropoutOp", rate=0.5, key=1, unit="channel"),
    ),
    Row(
        ZeroPad2D(((0, 1), (2, 2))),
        "ZeroPad2D(((0, 1), (2, 2)))",
        (5, 4, 3),
        other("ZeroPad2DOp", padding=((0, 1), (2, 2))),
    ),
    Row(ZeroPad2D(), "ZeroPad2D()", (5, 4, 3), other("ZeroPad2DOp", padding=((1, 1), (1, 1)))),
    Row(Rescale(), "Rescale()", (5, 4, 3), other("AffineOp", scale=1 / 255)),
    Row(
        Rescale(0.5, offset=-1),
        "Rescale(0.5, offset=-1.0)",
        (8,),
        other("AffineOp", scale=0.5, offset=-1.0),
    ),
    Row(Normalize(), "Normalize()", (5, 4, 3), other("AffineOp", epsilon=1e-7)),
    Row(
        Normalize(0.1, name="centre"),
        "Normalize(epsilon=0.1, name='centre')",
        (20, 2),
        other("AffineOp", epsilon=0.1),
    ),
    Row(
        Resize(4),
        "Resize(4)",
        (5, 4, 3),
        other("ResizeOp", methods=("area", "bilinear")),
    ),
    Row(
        Resize([7, 2], method="nearest"),
        "Resize((7, 2), method='nearest')",
        (5, 4, 3),
        other("ResizeOp", methods=("nearest", "nearest")),
    ),
    Row(UpSample2D(), "UpSample2D()", (5, 4, 3), other("ResizeOp", methods=("nearest", "nearest"))),
    Row(
        UpSample2D([1, 3], interpolation="bilinear"),
        "UpSample2D((1, 3), interpolation='bilinear')",
        (5, 4, 3),
        other("ResizeOp", methods=("bilinear", "bilinear")),
    ),
    Row(
        UpSample1D(3, interpolation="linear"),
        "UpSample1D(3, interpolation='linear')",
        (5, 4),
        other("ResizeOp", methods=("nearest", "bilinear")),
    ),
    Row(UpSample1D(), "UpSample1D()", (5, 4), other("ResizeOp", methods=("nearest", "nearest"))),
    Row(Flatten(), "Flatten()", (5, 5, 4), []),
    Row(Flatten(), "Flatten()", (5,), []),
    Row(
        BatchNorm(),
        "BatchNorm()",
        (5, 4, 3),
        other("BatchNormOp"),
    ),
    Row(
        BatchNorm(0.5, name="bn-1"),
        "BatchNorm(momentum=0.5, name='bn-1')",
        (8,),
        other("BatchNormOp", momentum=0.5),
    ),
    Row(GroupNorm(3), "GroupNorm(3)", (5, 4, 6), other("GroupNormOp", groups=3)),
    Row(
        GroupNorm(-1, epsilon=0.001, name="norm"),
        "GroupNorm(-1, epsilon=0.001, name='norm')",
        (5, 4),
        other("GroupNormOp", groups=4, epsilon=1e-3),
    ),
    Row(GroupNorm(1), "GroupNorm(1)", (7,), other("GroupNormOp")),
    Row(LRN(), "LRN()", (5, 4, 7), other("LRNOp")),
    Row(
        LRN(4, alpha=2, beta=0.5, k=2),
        "LRN(4, alpha=2.0, beta=0.5, k=2.0)",
        (5, 3),
        other("LRNOp", size=4, alpha=2.0, beta=0.5, k=2.0),
    ),
    Row(Dropout(0.5), "Dropout(0.5)", (5, 4, 3), other("DropoutOp", key=1)),
    Row(Activation("tanh"), "Activation('tanh')", (5, 4, 3), activation("tanh")),
    Row(ReLU(), "ReLU()", (8,), activation("relu")),
    Row(PReLU(), "PReLU()", (5, 4, 3), activation("prelu")),
    Row(
        Conv1D(4, 3, activation="prelu"),
        "Conv1D(4, 3, activation='prelu')",
        (7, 2),
        conv(4, kernel=(1, 3), activated="prelu"),
    ),
    Row(Activation("softmax"), "Activation('softmax')", (5, 4, 3), activation("softmax")),
    Row(
        Dense(4, activation="softmax"),
        "Dense(4, activation='softmax')",
        (9,),
        dense(4, activated="softmax"),
    ),
    Row(
        Residual([Conv2D(3, 3, padding="same"), ReLU(name="stem"), Conv2D(3, 1)], activation="elu"),
        "Residual([Conv2D(3, 3, padding='same'), ReLU(name='stem'), Conv2D(3, 1)], activation='elu')",
        (5, 4, 3),
        [
            *other("ForkOp"),
            *conv(3, padding=((1, 1), (1, 1))),
            *activation("relu"),
            *conv(3, kernel=(1, 1)),
            *other("AddOp"),
            *activation("elu"),
        ],
    ),
    Row(
        Residual([Conv2D(3, 1)], activation="relu", drop_path=0.25),
        "Residual([Conv2D(3, 1)], activation='relu', drop_path=0.25)",
        (5, 4, 3),
        [
            *other("ForkOp"),
            *conv(3, kernel=(1, 1)),
            *other("DropoutOp", rate=0.25, key=3, unit="sample"),
            *other("AddOp"),
            *activation("relu"),
        ],
    ),
    Row(
        Residual([Dense(8)], shortcut=[{"type": "Dense", "units": 8}, ReLU()]),
        "Residual([Dense(8)], shortcut=[Dense(8), ReLU()])",
        (8,),
        [*other("ForkOp"), *dense(8), *dense(8), *activation("relu"), *other("AddOp")],
    ),
    Row(
        Parallel([[Conv2D(4, 1)], [ReLU(name="a"), Conv2D(2, 1)], []], activation="tanh"),
        "Parallel([[Conv2D(4, 1)], [ReLU(name='a'), Conv2D(2, 1)], []], activation='tanh')",
        (5, 4, 3),
        [
            *other("ForkOp"),
            *other("ForkOp"),
            *conv(4, kernel=(1, 1)),
            Operation("ConcatOp", {"first_channel": 0}, 9),
            *activation("relu"),
            *conv(2, kernel=(1, 1)),
            Operation("ConcatOp", {"first_channel": 4}, 9),
            Operation("ConcatOp", {"first_channel": 6}, 9),
            *activation("tanh"),
        ],
    ),
    Row(
        Parallel([[], [GlobalAvgPool2D(), Dense(3)]], "multiply"),
        "Parallel([[], [GlobalAvgPool2D(), Dense(3)]], 'multiply')",
        (5, 4, 3),
        [*other("ForkOp"), *pool("avg", (5, 4), (5, 4)), *dense(3), *other("MultiplyOp")],
    ),
    Row(
        Parallel([[Dense(4)], [Dense(4)], [Dense(4)]], "mean", name="average"),
        "Parallel([[Dense(4)], [Dense(4)], [Dense(4)]], 'mean', name='average')",
        (7,),
        [
            *other("ForkOp"),
            *other("ForkOp"),
            *dense(4),
            *dense(4),
            *other("AddOp"),
            *dense(4),
            *other("AddOp", scale=1 / 3),
        ],
    ),
    Row(
        Parallel([[], [ReLU()]], "max"),
        "Parallel([[], [ReLU()]], 'max')",
        (5, 2),
        [*other("ForkOp"), *activation("relu"), *other("MaximumOp")],
    ),
    Row(
        Residual([Residual([Dense(8)])], name="block"),
        "Residual([Residual([Dense(8)])], name='block')",
        (8,),
        [*other("ForkOp"), *other("ForkOp"), *dense(8), *other("AddOp"), *other("AddOp")],
    ),
]
