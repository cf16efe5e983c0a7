"""Steps of layers whose output value is computed from one input value."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from convnet.graph.ops.affine import AffineOp
from convnet.graph.ops.batchnorm import BatchNormOp
from convnet.graph.ops.elementwise import ActivationOp, DropoutOp
from convnet.graph.ops.groupnorm import GroupNormOp
from convnet.graph.ops.prelu import PReLUOp
from convnet.graph.ops.zeropad2d import ZeroPad2DOp
from convnet.inspection.trace.activations import FORMULAS, FUNCTIONS, prelu, prelu_formula
from convnet.inspection.trace.step import (
    TraceStep,
    input_fields,
    one_input_fields,
)
from convnet.inspection.trace.text import labeled_values

if TYPE_CHECKING:
    from convnet.graph.plan.builder import Lowered
    from convnet.inspection.trace.forward_pass import ForwardPass
    from convnet.inspection.trace.step import Fields, MapIndex, Steps


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class IdentityStep(TraceStep):
    """A value that a layer passes on: Flatten, Dropout in prediction, ZeroPad2D, a linear Activation.

    Parameters
    ----------
    input : float
        The value; 0 in the zeros around a padded map.
    note : str
        Why the value does not change.
    """

    input: float
    note: str

    @property
    def computed(self) -> float:
        return self.input

    def lines(self) -> list[str]:
        where = f"{self.source}, " if self.source else ""
        return labeled_values((where + self.note, self.value))


def identity_step(
    net: ForwardPass, lowered: Lowered, index: MapIndex, common: Fields
) -> IdentityStep:
    """Return the step of a layer without an operation: Flatten, or a layer that does nothing."""
    reads = input_fields(net, lowered.output, index, before=lowered.name)
    reshaped = reads["input_shape"] != common["shape"]
    note = "in the order row, column, channel" if reshaped else "unchanged"
    return IdentityStep(**common, **reads, input=common["value"], note=note)


def dropout_step(
    net: ForwardPass, op: DropoutOp, index: MapIndex, common: Fields, sign: int | None
) -> IdentityStep:
    """Return the step of a dropout layer."""
    note = "dropout is off in prediction"
    return IdentityStep(**common, **one_input_fields(net, op, index), note=note)


def zero_padding_step(
    net: ForwardPass, op: ZeroPad2DOp, index: MapIndex, common: Fields, sign: int | None
) -> IdentityStep:
    """Return the step of a value of a padded map."""
    read = [i - before for i, (before, _) in zip(index, op.padding, strict=False)]
    outside = any(not 0 <= i < n for i, n in zip(read, op.src.shape, strict=False))
    if outside:
        return IdentityStep(**common, **input_fields(net, op.src), input=0.0, note="padding")
    reads = one_input_fields(net, op, (*read, index[2]))
    return IdentityStep(**common, **reads, note="shifted by the padding")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ActivationStep(TraceStep):
    """activation(input), for an activation that is a layer of its own.

    Parameters
    ----------
    input : float
        The argument.
    activation : str
        Name of the function.
    """

    input: float
    activation: str

    @property
    def computed(self) -> float:
        return FUNCTIONS[self.activation](self.input)

    def lines(self) -> list[str]:
        formula = f"{self.activation}(z) = {FORMULAS[self.activation]}"
        return labeled_values((f"z = {self.source}", self.input), (formula, self.value))


def activation_step(
    net: ForwardPass, op: ActivationOp, index: MapIndex, common: Fields, sign: int | None
) -> ActivationStep:
    """Return the step of an activation layer."""
    reads = one_input_fields(net, op, index)
    return ActivationStep(**common, **reads, activation=op.activation)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PReLUStep(TraceStep):
    """input, or slope · input where it is not positive.

    Parameters
    ----------
    input : float
        The argument.
    slope : float
        The learned slope of its channel.
    """

    input: float
    slope: float

    @property
    def computed(self) -> float:
        return prelu(self.input, self.slope)

    def lines(self) -> list[str]:
        entries = (f"z = {self.source}", self.input), (prelu_formula(self.slope), self.value)
        return labeled_values(*entries)


def prelu_step(
    net: ForwardPass, op: PReLUOp, index: MapIndex, common: Fields, sign: int | None
) -> PReLUStep:
    """Return the step of a value of a PReLU layer."""
    slope = float(net.parameter(op, "alpha")[index[2]])
    return PReLUStep(**common, **one_input_fields(net, op, index), slope=slope)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BatchNormStep(TraceStep):
    """gamma (input - mean) / √(variance + epsilon) + beta, with the running statistics.

    Parameters
    ----------
    input, mean, variance, epsilon, gamma, beta : float
        The input value, and the parameters of its channel.
    """

    input: float
    mean: float
    variance: float
    epsilon: float
    gamma: float
    beta: float

    @property
    def normalized(self) -> float:
        """(input - mean) / √(variance + epsilon), float64."""
        return (self.input - self.mean) / sqrt(self.variance + self.epsilon)

    @property
    def computed(self) -> float:
        return self.gamma * self.normalized + self.beta

    def lines(self) -> list[str]:
        return labeled_values(
            (f"{self.source}", self.input),
            ("- running mean", self.mean),
            ("/ √(running variance + epsilon)", sqrt(self.variance + self.epsilon)),
            ("= normalized", self.normalized),
            ("× gamma", self.gamma),
            ("+ beta", self.beta),
            ("= output", self.value),
        )


def batch_norm_step(
    net: ForwardPass, op: BatchNormOp, index: MapIndex, common: Fields, sign: int | None
) -> BatchNormStep:
    """Return the step of a batch-normalized value."""
    channel = index[2]
    gamma, beta, mean, variance = (
        float(net.parameter(op, role)[channel]) for role in ("gamma", "beta", "mean", "variance")
    )
    return BatchNormStep(
        **common,
        **one_input_fields(net, op, index),
        mean=mean,
        variance=variance,
        epsilon=op.epsilon,
        gamma=gamma,
        beta=beta,
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class GroupNormStep(TraceStep):
    """gamma (input - mean) / √(variance + epsilon) + beta, with the statistics of a group of channels of the image.

    Parameters
    ----------
    input, mean, variance, epsilon, gamma, beta : float
        The input value, the statistics of its group, and the parameters of its channel.
    channels : (int, int)
        First and last channel of the group.
    """

    input: float
    mean: float
    variance: float
    epsilon: float
    gamma: float
    beta: float
    channels: tuple[int, int]

    @property
    def normalized(self) -> float:
        """(input - mean) / √(variance + epsilon), float64."""
        return (self.input - self.mean) / sqrt(self.variance + self.epsilon)

    @property
    def computed(self) -> float:
        return self.gamma * self.normalized + self.beta

    def lines(self) -> list[str]:
        first, last = self.channels
        group = f"channel {first}" if first == last else f"channels {first} to {last}"
        return labeled_values(
            (f"{self.source}", self.input),
            (f"- mean of {group}", self.mean),
            ("/ √(variance + epsilon)", sqrt(self.variance + self.epsilon)),
            ("= normalized", self.normalized),
            ("× gamma", self.gamma),
            ("+ beta", self.beta),
            ("= output", self.value),
        )


def group_norm_step(
    net: ForwardPass, op: GroupNormOp, index: MapIndex, common: Fields, sign: int | None
) -> GroupNormStep:
    """Return the step of a value that is normalized over a group of channels."""
    channel, size = index[2], op.src.shape[2] // op.groups
    first = channel // size * size
    group = net.values(op.src)[:, :, first : first + size]
    gamma, beta = (float(net.parameter(op, role)[channel]) for role in ("gamma", "beta"))
    return GroupNormStep(
        **common,
        **one_input_fields(net, op, index),
        mean=float(group.mean()),
        variance=float(group.var()),
        epsilon=op.epsilon,
        gamma=gamma,
        beta=beta,
        channels=(first, first + size - 1),
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RescaleStep(TraceStep):
    """scale · input + offset.

    Parameters
    ----------
    input, scale, offset : float
        The input value, and the layer's fields.
    """

    input: float
    scale: float
    offset: float

    @property
    def computed(self) -> float:
        return self.scale * self.input + self.offset

    def lines(self) -> list[str]:
        entries = [(f"{self.source}", self.input), ("× scale", self.scale)]
        if self.offset:
            entries.append(("+ offset", self.offset))
        return labeled_values(*entries, ("= output", self.value))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NormalizeStep(TraceStep):
    """(input - mean) / standard deviation, with the statistics of the training images.

    Parameters
    ----------
    input, mean, std : float
        The input value, and the statistics of its channel. `std` is 1 if the channel was constant.
    """

    input: float
    mean: float
    std: float

    @property
    def computed(self) -> float:
        return (self.input - self.mean) / self.std

    def lines(self) -> list[str]:
        return labeled_values(
            (f"{self.source}", self.input),
            ("- mean", self.mean),
            ("/ standard deviation", self.std),
            ("= output", self.value),
        )


def affine_step(
    net: ForwardPass, op: AffineOp, index: MapIndex, common: Fields, sign: int | None
) -> RescaleStep | NormalizeStep:
    """Return the step of an output value of Rescale or Normalize."""
    reads = one_input_fields(net, op, index)
    if not op.parameters:
        return RescaleStep(**common, **reads, scale=op.scale, offset=op.offset)
    mean, std = (float(net.parameter(op, role)[index[2]]) for role in ("mean", "deviation"))
    constant = std <= op.epsilon
    return NormalizeStep(**common, **reads, mean=mean, std=1.0 if constant else std)


STEPS: Steps = {
    ActivationOp: activation_step,
    AffineOp: affine_step,
    BatchNormOp: batch_norm_step,
    DropoutOp: dropout_step,
    GroupNormOp: group_norm_step,
    PReLUOp: prelu_step,
    ZeroPad2DOp: zero_padding_step,
}
