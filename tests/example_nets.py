"""Small nets (layers, input shape) that together use every layer, for comparison with the float64 reference."""

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
    UpSample1D,
    UpSample2D,
    ZeroPad2D,
)


def block(filters):
    return [Conv2D(filters, 3, padding="same"), BatchNorm(), ReLU()]


NETS = {
    "one dense": ([Dense(3)], (1,)),
    "walk-through": (
        [
            Conv2D(2, 5, activation="relu"),
            MaxPool2D(2),
            Conv2D(4, 3, activation="sigmoid"),
            MaxPool2D(2),
            Dense(10),
        ],
        (28, 28, 1),
    ),
    "keras lab": (
        [
            Conv2D(32, 3, activation="relu"),
            MaxPool2D(2),
            Conv2D(64, 3, activation="relu"),
            MaxPool2D(2),
            Dense(10),
        ],
        (20, 18, 1),
    ),
    "vgg": (
        [
            *block(8),
            *block(8),
            MaxPool2D(2),
            *block(16),
            *block(16),
            MaxPool2D(2),
            Dense(32),
            BatchNorm(),
            ReLU(),
            Dense(10),
        ],
        (12, 10, 3),
    ),
    "gradients by blocks": (
        [
            Conv2D(48, 3, padding="same"),
            Conv2D(160, 3, padding="same"),
            BatchNorm(),
            ReLU(),
            MaxPool2D(2),
            Conv2D(32, 5, padding="same", activation="tanh"),
            MaxPool2D(2),
            Dense(10),
        ],
        (9, 7, 3),
    ),
    "first layer by blocks": (
        [Conv2D(160, 5, padding="same", activation="relu"), GlobalAvgPool2D()],
        (6, 5, 20),
    ),
    "residual by blocks": (
        [
            Conv2D(96, 1),
            Residual(
                [
                    Conv2D(96, 3, padding="same"),
                    BatchNorm(),
                    Activation("tanh"),
                    Conv2D(96, 3, padding="same"),
                    BatchNorm(),
                ],
                activation="tanh",
            ),
            Residual([Conv2D(96, 3, padding="same", activation="tanh"), Conv2D(96, 1)]),
            GlobalAvgPool2D(),
        ],
        (5, 4, 3),
    ),
    "photographs": (
        [
            Conv2D(16, 3, activation="relu"),
            MaxPool2D(2),
            Conv2D(16, 3, activation="relu"),
            MaxPool2D(2),
            Conv2D(24, 3, activation="relu"),
            MaxPool2D(2),
            Dense(33, activation="relu"),
            Dense(1),
        ],
        (38, 31, 3),
    ),
    "separable": (
        [
            Conv2D(12, 3, stride=2, padding="same", activation="silu"),
            Conv2D(12, 3, padding="same", groups=12, use_bias=False),
            BatchNorm(),
            Activation("gelu"),
            Conv2D(24, 1, activation="elu"),
            Conv2D(48, (3, 5), groups=24, padding=((2, 1), (0, 3)), stride=(2, 1)),
            GlobalAvgPool2D(),
            Dense(5),
        ],
        (17, 14, 3),
    ),
    "mobile": (
        [
            Conv2D(16, 3, stride=2, padding="same", use_bias=False),
            BatchNorm(),
            Activation("hard_swish"),
            DepthwiseConv2D(3, padding="same", use_bias=False),
            BatchNorm(),
            Activation("relu6"),
            MaxPool2D(2),
            Conv2D(24, 1, activation="mish"),
            Residual(
                [Conv2D(24, 3, padding="same", activation="hard_sigmoid")], activation="relu6"
            ),
            GlobalAvgPool2D(),
            Dense(17, activation="softplus"),
            Dense(3, activation="hard_swish"),
        ],
        (17, 14, 3),
    ),
    "prelu": (
        [
            Conv2D(5, 3, activation="prelu"),
            BatchNorm(),
            PReLU(),
            MaxPool2D(2),
            Residual([Conv2D(5, 3, padding="same", activation="prelu")], activation="prelu"),
            Dense(17, activation="prelu"),
            Dense(3),
        ],
        (9, 11, 3),
    ),
    "group norm": (
        [
            Conv2D(12, 3, padding="same"),
            GroupNorm(4),
            ReLU(),
            Residual([Conv2D(12, 3, padding="same"), GroupNorm(-1)], activation="relu"),
            MaxPool2D(2),
            GroupNorm(1),
            Dense(16),
            GroupNorm(2, epsilon=0.01),
            Activation("tanh"),
            Dense(3),
        ],
        (8, 9, 3),
    ),
    "group norm first": ([GroupNorm(1), Conv1D(6, 3), GroupNorm(3), Dense(2)], (12, 5)),
    "response norm": (
        [
            LRN(2, alpha=0.5),
            Conv2D(9, 3, activation="relu"),
            LRN(5, alpha=0.5),
            MaxPool2D(3, stride=2, ceil_mode=True),
            Conv2D(5, 2, padding="same"),
            LRN(4, alpha=3, beta=0.6, k=2),
            Dense(3),
        ],
        (11, 9, 3),
    ),
    "prelu first": ([PReLU(), Conv1D(3, 3, activation="prelu"), PReLU(), Dense(2)], (12, 5)),
    "softmax inside": (
        [
            Conv2D(6, 3, padding="same", activation="softmax"),
            Residual([Conv2D(6, 3, padding="same", activation="softmax")], activation="softmax"),
            MaxPool2D(2),
            Activation("softmax"),
            Dense(40, activation="softmax"),
            Dense(3),
        ],
        (6, 7, 3),
    ),
    "every pool": (
        [
            Conv2D(7, 3, dilation=2, padding=2, activation="gelu"),
            MaxPool2D(3, stride=2, padding=1),
            AvgPool2D((2, 3), stride=(1, 2), padding="same"),
            Conv2D(9, 2, activation="leaky_relu"),
            AvgPool2D(2),
            Activation("tanh"),
            GlobalMaxPool2D(),
            BatchNorm(),
            Dense(4),
        ],
        (19, 23, 2),
    ),
    "pools cut at the edges": (
        [
            Conv2D(6, 3, activation="relu"),
            MaxPool2D(2, ceil_mode=True),
            BatchNorm(),
            MaxPool2D(3, stride=2, ceil_mode=True),
            AvgPool2D(3, stride=2, padding=1, ceil_mode=True, count_include_pad=True),
            Dense(3),
        ],
        (17, 22, 2),
    ),
    "signals cut at the end": (
        [
            Conv1D(6, 3, activation="relu"),
            MaxPool1D(2, ceil_mode=True),
            AvgPool1D(3, padding=(1, 0), ceil_mode=True, count_include_pad=True),
            Dense(3),
        ],
        (23, 2),
    ),
    "decoder": (
        [
            UpSample2D((1, 2)),
            Conv2D(6, 3, stride=2, activation="relu"),
            UpSample2D(3),
            Conv2D(4, 3, padding="same"),
            BatchNorm(),
            UpSample2D(2, interpolation="bilinear"),
            MaxPool2D(2),
            Residual([UpSample2D(1), Conv2D(4, 1)]),
            Dense(3),
        ],
        (9, 7, 2),
    ),
    "transposed": (
        [
            Conv2DTranspose(5, 3, stride=2, padding="same", activation="tanh"),
            Conv2D(6, 3, stride=2, activation="relu"),
            Conv2DTranspose(7, (4, 2), stride=(2, 3), padding=(1, 0), output_padding=(1, 2)),
            BatchNorm(),
            ReLU(),
            Residual([Conv2DTranspose(7, 3, padding="same", dilation=2)], activation="relu"),
            MaxPool2D(2),
            Conv2DTranspose(3, 2, use_bias=False, activation="gelu"),
            Dense(3),
        ],
        (6, 7, 2),
    ),
    "transposed signals": (
        [
            Conv1DTranspose(5, 4, stride=3, padding=(1, 0), activation="relu"),
            Conv1D(6, 3, stride=2),
            Conv1DTranspose(4, 3, stride=2, padding="same", activation="prelu"),
            GlobalAvgPool1D(),
        ],
        (11, 2),
    ),
    "decoder of signals": (
        [
            Conv1D(6, 3, stride=2, activation="relu"),
            UpSample1D(),
            Conv1D(4, 3),
            UpSample1D(3, interpolation="linear"),
            GlobalAvgPool1D(),
        ],
        (23, 2),
    ),
    "norm first": (
        [BatchNorm(), Conv2D(5, 3), BatchNorm(), MaxPool2D(2), Flatten(), BatchNorm(), Dense(3)],
        (9, 8, 3),
    ),
    "resized first": (
        [
            Resize((9, 12)),
            Rescale(0.5, offset=-1),
            Normalize(),
            Conv2D(5, 3, padding="same", activation="relu"),
            Resize((4, 17), method="bilinear"),
            Rescale(-2.0),
            Dense(3),
        ],
        (23, 7, 3),
    ),
    "normalised first": (
        [
            Normalize(),
            ZeroPad2D(1),
            Normalize(),
            Conv2D(7, 3),
            Resize(5, method="nearest"),
            Dense(3),
        ],
        (8, 9, 3),
    ),
    "rescaled in a block": (
        [
            Residual([Rescale(0.25), Conv2D(2, 3, padding="same"), Resize((9, 8))]),
            Residual([Resize((5, 4)), Conv2D(2, 3, padding="same")]),
            Flatten(),
            Rescale(3.0, offset=0.5),
            Dense(4),
        ],
        (9, 8, 2),
    ),
    "normalised rows": ([Normalize(), Dense(6, activation="tanh"), Rescale(0.1), Dense(3)], (700,)),
    "normalised signals": ([Normalize(), Conv1D(4, 5), Rescale(2.0), GlobalAvgPool1D()], (31, 2)),
    "dense": (
        [Dense(40, activation="tanh"), BatchNorm(), Dense(17, activation="sigmoid"), Dense(3)],
        (23,),
    ),
    "residual": (
        [
            Conv2D(16, 3, padding="same", activation="relu"),
            Residual([*block(16), Conv2D(16, 3, padding="same"), BatchNorm()], activation="relu"),
            Residual(
                [
                    Conv2D(24, 3, padding="same", stride=2),
                    BatchNorm(),
                    ReLU(),
                    Conv2D(24, 3, padding="same"),
                ]
            ),
            Residual(
                [BatchNorm(), ReLU(), Conv2D(24, 3, padding="same"), Dropout(0.0)],
                activation="gelu",
            ),
            MaxPool2D(2),
            Dense(5),
        ],
        (13, 14, 3),
    ),
    "residual first": (
        [
            Residual([Conv2D(3, 3, padding="same", activation="tanh")], activation="sigmoid"),
            Residual(
                [
                    Conv2D(7, (1, 3), padding="same"),
                    MaxPool2D(2, padding="same"),
                    Conv2D(7, 1, activation="silu"),
                ]
            ),
            Residual([Dropout(0.0)]),
            Residual([AvgPool2D(3, stride=(1, 2), padding="same")], activation="leaky_relu"),
            Flatten(),
            Residual([Dense(1)]),
        ],
        (8, 9, 3),
    ),
    "residual inside": (
        [
            Residual(
                [
                    Residual([Conv2D(4, 3, padding="same"), BatchNorm()], activation="relu"),
                    Residual([Residual([Conv2D(4, 1)])]),
                    Residual(
                        [BatchNorm(), Conv2D(6, 3, padding="same", stride=(2, 1))],
                        activation="relu",
                    ),
                ]
            ),
            Residual(
                [Residual([Conv2D(6, 3, padding="same")], activation="elu")], activation="elu"
            ),
            GlobalMaxPool2D(),
            Dense(3),
        ],
        (7, 6, 4),
    ),
    "residual dense": (
        [
            Residual(
                [Dense(200, activation="relu"), Dense(190, activation="tanh")], activation="relu"
            ),
            Residual([Dense(190), BatchNorm()]),
            Residual([Dense(190), Activation("gelu"), Dense(190)], activation="relu"),
            Residual([Residual([Dense(190, activation="sigmoid")], activation="relu")]),
            Dense(2),
        ],
        (190,),
    ),
    "residual with layers in the shortcut": (
        [
            Conv2D(8, 3, padding="same", activation="relu"),
            Residual(
                [Conv2D(16, 3, stride=2, padding="same"), BatchNorm(), ReLU(), Conv2D(16, 1)],
                activation="relu",
                shortcut=[Conv2D(16, 1, stride=2, use_bias=False), BatchNorm()],
            ),
            Residual([Conv2D(16, 1)], shortcut=[Conv2D(16, 3, padding="same", activation="tanh")]),
            Residual([Conv2D(16, 1)], activation="sigmoid", shortcut=[]),
            Dense(3),
        ],
        (7, 8, 3),
    ),
    "concatenated": (
        [
            Conv2D(16, 3, padding="same", activation="relu"),
            Parallel(
                [
                    [Conv2D(16, 1, activation="relu")],
                    [Conv2D(16, 1), Conv2D(32, 3, padding="same", activation="relu")],
                    [Conv2D(5, 5, padding="same"), BatchNorm(), ReLU()],
                    [MaxPool2D(3, stride=1, padding="same"), Conv2D(8, 1), Dropout(0.0)],
                    [],
                ],
                name="mixed",
            ),
            Conv2D(16, 3, padding="same", activation="tanh"),
            Parallel([[], [BatchNorm(), ReLU(), Conv2D(7, 3, padding="same")]]),
            Parallel([[Parallel([[], [Conv2D(2, 1)]])], [MaxPool2D(1)]], activation="gelu"),
            Parallel([[Conv2D(16, 3, stride=2, padding="same")], [AvgPool2D(2, padding="same")]]),
            MaxPool2D(2),
            Dense(4),
        ],
        (9, 11, 3),
    ),
    "merged": (
        [
            Parallel([[Conv2D(6, 3, padding="same")], [Conv2D(6, 1)], [Conv2D(6, 1)]], "mean"),
            Parallel([[], [Conv2D(6, 3, padding="same", activation="tanh")], []], "add", "relu"),
            Parallel([[Conv2D(6, 1)], [Conv2D(6, 3, padding="same")], []], "max", "elu"),
            Parallel([[Conv2D(6, 1)], [], [Conv2D(6, 1, activation="sigmoid")]], "multiply"),
            BatchNorm(),
            Parallel([[BatchNorm()], [BatchNorm()]], "add", activation="silu"),
            GlobalAvgPool2D(),
            Parallel([[Dense(5)], [Dense(3, activation="relu")], []]),
            Parallel([[Dense(4)], [Dense(4), BatchNorm()]], "max"),
        ],
        (6, 5, 4),
    ),
    "squeeze and excite": (
        [
            Conv2D(16, 3, padding="same", activation="relu"),
            Residual(
                [
                    Conv2D(16, 3, padding="same"),
                    BatchNorm(),
                    Parallel(
                        [
                            [],
                            [
                                GlobalAvgPool2D(),
                                Dense(4, activation="relu"),
                                Dense(16, activation="sigmoid"),
                            ],
                        ],
                        "multiply",
                        name="excited",
                    ),
                ],
                activation="relu",
            ),
            Parallel(
                [
                    [GlobalMaxPool2D(), Dense(16, activation="tanh")],
                    [Conv2D(16, 1)],
                    [Dense(16)],
                ],
                "multiply",
                activation="relu",
            ),
            Dense(3),
        ],
        (7, 6, 3),
    ),
    "flattened branches": (
        [
            Conv2D(3, 1),
            Parallel([[Dense(60)], [Flatten()]], "add"),
            Parallel([[Dense(60)], [Dropout(0.0)]], "add"),
        ],
        (5, 4, 2),
    ),
    "flattened end of a branch": (
        [Parallel([[Dense(12)], [Conv2D(2, 3), MaxPool2D((1, 2)), Flatten()]], "add")],
        (4, 8, 3),
    ),
    "pointwise with stride and padding": (
        [Conv2D(5, 1, stride=2, padding=1), Conv2D(4, 1, stride=2, padding=1), Dense(2)],
        (3, 3, 4),
    ),
    "branches first": (
        [
            Parallel([[], [GlobalAvgPool2D(), Dense(3)]], "multiply"),
            Parallel([[Conv2D(4, 3)], [Conv2D(3, 5, padding=1, activation="relu")]]),
        ],
        (8, 7, 3),
    ),
    "signals with branches": (
        [
            Parallel(
                [
                    [Conv1D(4, 9, padding="same", use_bias=False)],
                    [Conv1D(4, 3, padding="same", use_bias=False)],
                    [MaxPool1D(3, stride=1, padding="same"), Conv1D(4, 1, use_bias=False)],
                ]
            ),
            BatchNorm(),
            ReLU(),
            Parallel([[], [GlobalAvgPool1D(), Dense(12, activation="sigmoid")]], "multiply"),
            GlobalMaxPool1D(),
        ],
        (21, 2),
    ),
    "depthwise": (
        [
            ZeroPad2D(((0, 2), (1, 0))),
            DepthwiseConv2D(3, stride=(1, 2), depth_multiplier=3, activation="tanh"),
            ZeroPad2D(2),
            MaxPool2D(2),
            SeparableConv2D(20, 3, padding="same", activation="relu"),
            Residual([SeparableConv2D(20, (3, 2), padding="same", use_bias=False), BatchNorm()]),
            ZeroPad2D(0),
            SeparableConv2D(8, 3, stride=2, padding=1, dilation=2, depth_multiplier=2),
            DepthwiseConv2D(2, padding="same", use_bias=False),
            Dense(3),
        ],
        (11, 13, 3),
    ),
    "signals": (
        [
            Conv1D(12, 5, stride=2, padding="same", activation="relu"),
            MaxPool1D(3, stride=2, padding=1),
            Residual(
                [Conv1D(16, 3, padding="same", stride=2, groups=2), BatchNorm()], activation="relu"
            ),
            Residual([Conv1D(16, 3, padding=(4, 0), dilation=2, activation="gelu")]),
            AvgPool1D(2, padding="same"),
            Conv1D(40, 2, activation="silu", use_bias=False),
            MaxPool1D(2),
            GlobalAvgPool1D(),
            Dense(3),
        ],
        (75, 3),
    ),
    "one signal": ([Conv1D(5, 1), Dropout(0.0), GlobalMaxPool1D()], (4, 1)),
    "signals flat": (
        [BatchNorm(), Conv1D(16, 9, activation="tanh"), MaxPool1D(), Dense(2)],
        (33, 2),
    ),
    "one pixel": ([Conv2D(3, 3, padding="same"), MaxPool2D(1), Dense(2)], (1, 1, 1)),
}

# Nets whose weights are so many that a prediction takes many samples through them together.
WIDE_NETS = {
    "wide weights": (
        [
            Conv2D(96, 3, padding="same", activation="relu"),
            Residual([*block(96), Conv2D(112, 3, padding="same")], activation="relu"),
            Conv2D(304, 3, stride=2, padding=1, activation="sigmoid"),
            Conv2D(304, 3, padding="same", activation="relu"),
            MaxPool2D(2),
            Dense(304, activation="relu"),
        ],
        (5, 7, 16),
    ),
    "wide from the start": (
        [Conv2D(320, (3, 2), activation="tanh"), Conv2D(48, 3, padding="same"), Dense(2)],
        (9, 4, 144),
    ),
    "wide dense layers": ([Rescale(2.0), Dense(520), Dense(520, activation="gelu")], (7, 5, 15)),
}
