"""At learning rates of 1e3 to 1e20 a fit stays finite or raises in that epoch: it never leaves a non-finite net."""

import warnings
from itertools import cycle, islice, product

import numpy as np
from finite_nets import CLASSES, CONV, LABELS, NUMBERS, OPTIONS, X, assert_finite, frozen_state

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.augment import RandomContrast
from convnet.callbacks import Callback
from convnet.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    GlobalAvgPool2D,
    Normalize,
    ReLU,
    Residual,
    SeparableConv2D,
)
from convnet.schedules import Cosine, Exponential, OneCycle, ReduceOnPlateau, Step, Warmup

# Warnings that such nets deserve; any other is an error.
EXPECTED = ".*(no better than a constant prediction|layers end with Dense)"
NETS = {
    "linear": [],
    "dense": [Dense(8, activation="relu"), Dense(8, activation="gelu")],
    "deep": [Dense(8, activation=None) for _ in range(12)],
    "conv": CONV,
    "norm": [Conv2D(4, 2), BatchNorm(), ReLU(), Dropout(0.3), Dense(4), BatchNorm()],
    "residual": [
        Residual([Conv2D(2, 3, padding="same"), BatchNorm(), ReLU(), Conv2D(4, 1)]),
        GlobalAvgPool2D(),
    ],
    "wide": [
        Normalize(),
        SeparableConv2D(4, 2, activation="silu"),
        Dense(40, activation="elu", max_norm=1e6),
    ],
}
LOSSES = {
    "softmax": (ConvNetClassifier, CLASSES, {}),
    "sigmoid": (ConvNetClassifier, CLASSES > 0, {}),
    "labels": (ConvNetClassifier, LABELS, {"label_smoothing": 0.1}),
    **{
        loss: (ConvNetRegressor, NUMBERS, {"loss": loss})
        for loss in ("squared_error", "absolute_error", "huber")
    },
}
SOLVERS = ["adam", "adamw", "rmsprop", "sgd"]
RATES = [1e3, 1e6, 1e20]
WAYS = [
    {},
    {"early_stopping": True, "validation_fraction": 0.4},
    {"warm_start": True},
    {"learning_rate": OneCycle()},
    {"clip_norm": 1e-30},
    {"clip_norm": 1e30},
    {"alpha": 1e308},
    {"alpha": 1e30, "learning_rate": Cosine(warmup=1)},
    {"momentum": 1.0, "beta_1": 0.0, "beta_2": 0.0},
    {"learning_rate": Warmup(1, Exponential(1e-9), start=0.0), "epsilon": 1e30},
    {"learning_rate": Step(1, 1e-20), "nesterovs_momentum": False},
    {"learning_rate": ReduceOnPlateau(1e-200, patience=0, min_delta=1e300)},
    {"learning_rate": lambda epoch: 10.0 ** (40 * epoch), "epsilon": 1e-30},
    {"batch_size": 2, "beta_1": 0.999, "beta_2": 0.1},
    {"learning_rate": "adaptive", "tol": 1e30, "n_iter_no_change": 1},
    {"freeze": "until:conv1", "augment": [RandomContrast(0.5)]},
    {"layer_learning_rates": {"output": 1e300}},
    {"scale": 1e18},
    {"scale": 1e-40},
    {"targets": 1e18},
    {"validated": True},
]


class EachEpoch(Callback):
    """Asserts that the net is finite at the end of each epoch."""

    def __init__(self, X, y):
        self.X, self.y, self.epochs = X, y, 0

    def on_epoch_end(self, run):
        self.epochs += 1
        net = run.fitted()
        assert_finite(net, self.X, self.y)
        moments = run.state()[1]
        assert all(np.isfinite(array).all() for array in moments.values())


def cases(each):
    """Yield every solver, loss and rate with every net, each with the next few of `WAYS`."""
    ways = cycle(WAYS)
    for solver, loss, rate, net in product(SOLVERS, LOSSES, RATES, NETS):
        for way in islice(ways, each):
            yield solver, loss, rate, net, way


def diverging(solver, loss, rate, layers, way):
    kind, y, options = LOSSES[loss]
    way = {name: value for name, value in way.items() if name != "validated"}
    data = (X * way.pop("scale", 1.0)).astype(np.float32)
    factor = way.pop("targets", 1)
    y = y * factor if kind is ConvNetRegressor else y
    if "freeze" in way and not any(isinstance(layer, Conv2D) for layer in NETS[layers]):
        del way["freeze"]
    options = OPTIONS | options | {"layers": NETS[layers], "max_iter": 3, "solver": solver} | way
    return kind(**options, learning_rate_init=rate, callbacks=[EachEpoch(data, y)]), data, y


def test_learning_rates(amount, figure):
    raised = stayed = 0
    for case in cases(amount(1, 5)):
        net, data, y = diverging(*case)
        passed = {"X_val": data[:6], "y_val": y[:6]} if "validated" in case[-1] else {}
        before = dict(vars(net))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", EXPECTED)
            try:
                net.fit(data, y, **passed)
                if net.warm_start:
                    before = dict(vars(net))
                    net.fit(data, y)
            except ValueError as error:
                raised += 1
                assert "epoch" in str(error) or "y has values" in str(error), (case, str(error))
                assert vars(net) == before or all(vars(net)[k] is v for k, v in before.items())
                if "weights_" not in before:
                    continue
            else:
                stayed += 1
            assert_finite(net, data, y)
    assert raised and stayed
    figure(
        "learning rates 1e3, 1e6, 1e20: neither finite nor raised",
        seen=f"0 of {raised + stayed}",
        asked="0",
    )


def test_learning_rates_of_partial_fit(amount, figure):
    """Each call raises, or leaves a finite net and finite moments."""
    raised = stayed = 0
    for solver, loss, rate, layers, way in cases(1):
        if way.get("early_stopping") or (layers == "residual" and not amount(False, True)):
            continue
        net, data, y = diverging(solver, loss, rate, layers, way)
        for _ in range(3):
            before = frozen_state(net)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                warnings.filterwarnings("ignore", EXPECTED)
                first = (
                    {}
                    if hasattr(net, "loss")
                    else {"classes": np.unique(y) if y.ndim == 1 else None}
                )
                try:
                    net.partial_fit(data, y, **first)
                except ValueError as error:
                    raised += 1
                    assert "epoch" in str(error) or "y has values" in str(error)
                    assert all(vars(net)[k] is v for k, v in before[0].items())
                    assert frozen_state(net)[1] == before[1]
                    if "weights_" in before[0]:
                        assert_finite(net, data, y)
                    break
                stayed += 1
                assert_finite(net, data, y)
    assert raised and stayed
    figure(
        "partial_fit at these rates: neither finite nor raised",
        seen=f"0 of {raised + stayed}",
        asked="0",
    )
