"""Nets, optimizers, losses and schedules to compare with PyTorch."""

from dataclasses import dataclass, field, replace

import numpy as np

from convnet.graph import Network, Trainer
from convnet.layers import (
    LRN,
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Conv2DTranspose,
    Dense,
    GlobalAvgPool2D,
    GroupNorm,
    MaxPool2D,
    Parallel,
    PReLU,
    ReLU,
    Residual,
    SeparableConv2D,
    UpSample2D,
)
from convnet.training.optimization import LearningRates
from convnet.training.schedules import Cosine, Exponential, OneCycle, Step, Warmup

EPOCHS, STEPS, BATCH = 10, 5, 16  # of each epoch
N = STEPS * BATCH
SHAPE = (9, 8, 3)
PLAIN = (
    Conv2D(8, 3, padding="same", activation="tanh"), MaxPool2D(2), Conv2D(16, 2, activation="relu"),
    Dense(20, activation="silu"),
)  # fmt: skip
NORMED = (
    Conv2D(16, 3, padding="same", use_bias=False), BatchNorm(), ReLU(), MaxPool2D(2),
    Conv2D(16, 3, padding="same", use_bias=False), BatchNorm(momentum=0.8), AvgPool2D(2),
)  # fmt: skip
SEPARABLE = (
    Conv2D(8, 3, activation="relu"),
    SeparableConv2D(12, 3, stride=2, padding="same", depth_multiplier=2, activation="silu"),
    SeparableConv2D(16, 2, padding="same", use_bias=False), BatchNorm(), ReLU(),
)  # fmt: skip
ACTIVATED = (
    Conv2D(8, 3, padding="same", activation="mish"), MaxPool2D(2),
    Conv2D(8, 3, padding="same", activation="relu6"), MaxPool2D(2), Conv2D(16, 2, activation="softplus"),
    Conv2D(16, 1, activation="hard_sigmoid"), Dense(20, activation="hard_swish"),
)  # fmt: skip
LEARNED = (
    Conv2D(8, 3, padding="same"), PReLU(), MaxPool2D(2), Conv2D(8, 2, activation="softmax"),
    Dense(20), PReLU(), Dense(9, activation="softmax"), Dense(20, activation="tanh"),
)  # fmt: skip
GROUPED = (
    Conv2D(8, 3, padding="same", use_bias=False), GroupNorm(4), ReLU(), MaxPool2D(2),
    Conv2D(8, 3, use_bias=False), GroupNorm(-1), ReLU(), Dense(20), GroupNorm(1),
)  # fmt: skip
RESPONSES = (
    Conv2D(8, 3, padding="same"), LRN(5, alpha=0.5), MaxPool2D(2), Conv2D(8, 2), LRN(4, alpha=3, beta=0.6, k=2),
)  # fmt: skip
TRANSPOSED = (
    Conv2D(12, 3, stride=2, activation="tanh"),
    Conv2DTranspose(10, 4, stride=2, padding=1, activation="tanh"),
    Conv2DTranspose(8, (2, 3), stride=(3, 2), padding=0, output_padding=(1, 0), dilation=(1, 2),
                    use_bias=False),
    BatchNorm(), ReLU(), GlobalAvgPool2D(),
)  # fmt: skip
POOLED = (
    Conv2D(8, 3, padding="same", activation="tanh"), MaxPool2D(2, ceil_mode=True),
    AvgPool2D(3, stride=2, padding=1, ceil_mode=True, count_include_pad=True), Dense(20),
)  # fmt: skip
UPSAMPLED = (
    Conv2D(6, 3, stride=2, activation="tanh"), UpSample2D(2), Conv2D(6, 3, padding="same"),
    UpSample2D((3, 2), interpolation="bilinear"), Conv2D(4, 3, activation="tanh"), GlobalAvgPool2D(),
)  # fmt: skip
RESIDUAL = (
    Conv2D(8, 3, padding="same", activation="relu"),
    Residual([Conv2D(8, 3, padding="same", use_bias=False), BatchNorm(), ReLU(),
              Conv2D(8, 3, padding="same", use_bias=False), BatchNorm()], activation="relu"),
    Residual([Conv2D(12, 3, stride=2, padding="same", activation="tanh"),
              Residual([Conv2D(12, 3, padding="same", activation="relu")])], activation="silu"),
    GlobalAvgPool2D(),
)  # fmt: skip
BRANCHES = (
    Conv2D(8, 3, padding="same", activation="relu"),
    Parallel([[Conv2D(16, 1), Conv2D(16, 3, padding="same", use_bias=False), BatchNorm(), ReLU()],
              [Conv2D(8, 1, activation="tanh")], []], activation="silu"),
    Residual([Conv2D(16, 3, stride=2, padding="same", use_bias=False), BatchNorm(),
              Parallel([[], [GlobalAvgPool2D(), Dense(4, activation="relu"),
                             Dense(16, activation="sigmoid")]], "multiply")],
             activation="relu", shortcut=[Conv2D(16, 1, stride=2, use_bias=False), BatchNorm()]),
    Parallel([[Conv2D(8, 1)], [Conv2D(8, 3, padding="same")], [Conv2D(8, 1, activation="tanh")]], "mean"),
    Parallel([[Conv2D(8, 1)], [Conv2D(8, 3, padding="same")]], "max"),
    GlobalAvgPool2D(),
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A net and its training; `options` are the trainer's, `max_norm` is by parameter name."""

    layers: tuple = PLAIN
    loss: str = "softmax"
    outputs: int = 4
    solver: str = "adam"
    rate: float = 0.01
    options: dict = field(default_factory=dict)
    weighted: bool = False
    max_norm: dict = field(default_factory=dict)
    schedule: object = "constant"
    torch_schedule: object = None

    def network(self):
        """A network with its starting weights."""
        net = Network(self.layers, SHAPE, self.outputs, seed=5)
        listed = net.plan.parameters
        for i, parameter in enumerate(listed):
            listed[i] = replace(parameter, max_norm=self.max_norm.get(parameter.name))
        return net

    def trainer(self, network, **options):
        """A trainer of it."""
        options = dict(solver=self.solver) | self.options | options
        return Trainer(network, loss=self.loss, batch_size=BATCH, **options)

    def rates(self):
        """The learning rate of each step."""
        rates = LearningRates(self.schedule, self.rate, EPOCHS)
        return [rate for epoch in range(EPOCHS) for rate in rates.epoch(epoch, STEPS)]

    def data(self):
        """X, targets and weights (or None) of all rows."""
        rng = np.random.default_rng(7)
        X = rng.standard_normal((N, *SHAPE)).astype(np.float32)
        if self.loss == "softmax":
            y = rng.integers(0, self.outputs, N).astype(np.int32)
        elif self.loss == "sigmoid":
            y = rng.integers(0, 2, (N, self.outputs)).astype(np.float32)
        else:
            y = (2 * rng.standard_normal((N, self.outputs))).astype(np.float32)
        return X, y, rng.uniform(0.2, 2, N).astype(np.float32) if self.weighted else None


# An epsilon of some size: with a tiny one the first steps are signs of gradients, which rounding may turn.
ADAM = dict(epsilon=1e-3)
SOLVERS = {
    "sgd": Case(solver="sgd", rate=0.1, options=dict(momentum=0.0, nesterov=False)),
    "momentum": Case(solver="sgd", rate=0.05, options=dict(momentum=0.9, nesterov=False)),
    "nesterov": Case(solver="sgd", rate=0.05, options=dict(momentum=0.9, nesterov=True)),
    "adam": Case(options=ADAM),
    "adam, its own epsilon": Case(),
    "adamw": Case(solver="adamw", options=ADAM | dict(alpha=0.3)),
    "rmsprop": Case(solver="rmsprop", options=dict(epsilon=1e-2)),
    "rmsprop, its own epsilon": Case(solver="rmsprop", rate=0.001),
    "alpha": Case(options=ADAM | dict(alpha=0.5), weighted=True),
    "clip_norm": Case(
        solver="sgd", rate=0.3, options=dict(momentum=0.5, nesterov=True, clip_norm=0.2, alpha=0.1)
    ),
    "max_norm": Case(
        options=ADAM, rate=0.03, max_norm={"conv1/weights": 1.0, "dense1/weights": 1.2}
    ),
}
LOSSES = {
    "smoothing": Case(options=ADAM | dict(label_smoothing=0.2), weighted=True),
    "sigmoid": Case(loss="sigmoid", outputs=1, options=ADAM),
    "multilabel": Case(loss="sigmoid", options=ADAM | dict(label_smoothing=0.1), weighted=True),
    "squared_error": Case(loss="squared_error", outputs=3, options=ADAM, weighted=True),
    "absolute_error": Case(loss="absolute_error", outputs=2, options=ADAM),
    "huber": Case(loss="huber", outputs=3, options=ADAM, weighted=True),
}
BLOCKS = {
    "batch norm": Case(layers=NORMED, options=ADAM),
    "separable": Case(layers=SEPARABLE, options=ADAM),
    "group norm": Case(layers=GROUPED, options=ADAM),
    "response norm": Case(layers=RESPONSES, options=ADAM),
    "transposed": Case(layers=TRANSPOSED, options=ADAM),
    "upsampled": Case(layers=UPSAMPLED, options=ADAM),
    "pools cut at the edges": Case(layers=POOLED, options=ADAM),
    "activations": Case(layers=ACTIVATED, options=ADAM),
    "prelu and softmax": Case(layers=LEARNED, options=ADAM),
    "residual": Case(layers=RESIDUAL, options=ADAM),
    "branches": Case(layers=BRANCHES, options=ADAM),
    "residual, sgd": Case(
        layers=RESIDUAL, solver="sgd", rate=0.1, options=dict(momentum=0.9, nesterov=True)
    ),
}


class ByEpoch:
    """A schedule of PyTorch that moves after the last step of an epoch."""

    def __init__(self, schedule):
        self.schedule, self.steps = schedule, 0

    def step(self):
        self.steps += 1
        if self.steps % STEPS == 0:
            self.schedule.step()


RATE = 0.01
ALL = EPOCHS * STEPS
# convnet's schedule; PyTorch's, from its module and the optimizer
SCHEDULES = {
    "step": (Step(3, 0.4), lambda m, o: ByEpoch(m.StepLR(o, 3, 0.4))),
    "exponential": (Exponential(0.8), lambda m, o: ByEpoch(m.ExponentialLR(o, 0.8))),
    "cosine": (
        Cosine(final=0.1),
        lambda m, o: ByEpoch(m.CosineAnnealingLR(o, EPOCHS, eta_min=0.1 * RATE)),
    ),
    "one_cycle": (
        OneCycle(),
        lambda m, o: m.OneCycleLR(o, RATE, total_steps=ALL, cycle_momentum=False),
    ),
    "warm-up": (Warmup(2), lambda m, o: m.LinearLR(o, 0.1, 1.0, 2 * STEPS)),
    "callable": (
        lambda epoch: RATE / (1 + epoch),
        lambda m, o: ByEpoch(m.LambdaLR(o, lambda epoch: 1 / (1 + epoch))),
    ),
}

CASES = SOLVERS | LOSSES | BLOCKS
CASES |= {
    name: Case(options=ADAM, rate=RATE, schedule=ours, torch_schedule=theirs)
    for name, (ours, theirs) in SCHEDULES.items()
}
