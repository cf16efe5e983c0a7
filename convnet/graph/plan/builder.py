"""GraphBuilder: layers call it to emit operations, and it collects the graph and the parameters."""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, TypeVar

from convnet.engine import RECTIFIERS
from convnet.graph.layout import Buffer, MapShape, Parameter, ParameterList
from convnet.graph.ops import (
    ActivationOp,
    AddOp,
    AffineOp,
    BatchNormOp,
    Conv2DOp,
    DenseOp,
    DropoutOp,
    ForkOp,
    Op,
    Pair,
    Pool2DOp,
    ResizeOp,
    ZeroPad2DOp,
)
from convnet.layers import Layer
from convnet.layers.base import Builder
from convnet.layers.geometry import Window
from convnet.values.messages import show

AnyOp = TypeVar("AnyOp", bound=Op)

MAX_VALUES = 2**28  # of a sample's map, halo included, or of a parameter: 1 GiB


@dataclass
class Lowered:
    """A layer with its operations, its output and the layers inside it."""

    name: str
    layer: Layer
    output: Buffer
    shape: tuple[int, ...]
    ops: list[Op] = field(default_factory=list)
    inner: list["Lowered"] = field(default_factory=list)

    def walk(self) -> Iterator["Lowered"]:
        """Yield this layer, then those inside it."""
        yield self
        for lowered in self.inner:
            yield from lowered.walk()


@dataclass
class Graph:
    """Operations over buffers, from the input to the output, with the output buffer of each layer by name."""

    input: Buffer
    ops: list[Op]
    output: Buffer
    outputs: dict[str, Buffer]

    def copy(self) -> "Graph":
        """Return a graph with buffers and operations of its own, for a compiler to fuse and to place."""
        copies: dict[Buffer, Buffer] = {}

        def of(buffer: Buffer) -> Buffer:
            if buffer not in copies:
                own = copies[buffer] = replace(buffer)
                own.alias = buffer.alias and of(buffer.alias)
                own.gradient_alias = buffer.gradient_alias and of(buffer.gradient_alias)
            return copies[buffer]

        ops = []
        for op in self.ops:
            own = copy(op)
            own.src, own.dst = of(op.src), of(op.dst)
            own.other = op.other and of(op.other)
            ops.append(own)
        outputs = {name: of(buffer) for name, buffer in self.outputs.items()}
        return Graph(of(self.input), ops, of(self.output), outputs)


@dataclass
class Branch:
    """The end of a branch of the graph that is not the current one."""

    output: Buffer
    shape: tuple[int, ...]


class GraphBuilder(Builder):
    """Collects the operations that layers emit: a chain, except for `fork` and `add`.

    The methods that layers call are documented in `convnet.layers.base.Builder`.

    Parameters
    ----------
    input_shape : tuple of int
        (height, width, channels), (length, channels) for signals, which are maps of height 1 here, or (features,) for
        flat data.
    winograd : bool, default=True
        Whether convolutions may use Winograd's algorithm.

    Attributes
    ----------
    shape : tuple of int
        Shape of the current output: (h, w, c), (length, c) or (features,).
    layer : str
        Name of the layer that is being lowered, which prefixes the names of its parameters. A layer inside another
        has both names: "residual1/conv1".
    lowered : list of Lowered
        The outer layers so far; each lists the layers inside it.
    ops : list of Op
    parameters : ParameterList
    """

    def __init__(self, input_shape: tuple[int, ...], *, winograd: bool = True) -> None:
        self.shape = input_shape
        self.input = self.current = Buffer(self._map_shape())
        self.winograd = winograd
        self.layer = ""
        self.lowered: list[Lowered] = []
        self.ops: list[Op] = []
        self.parameters = ParameterList()

    def lower(self, name: str, layer: Layer) -> None:
        outer, siblings = self.layer, self.lowered
        path = f"{outer}/{name}" if outer else name
        lowered = Lowered(path, layer, self.current, self.shape)
        first, self.layer, self.lowered = len(self.ops), lowered.name, lowered.inner
        layer.lower(self)
        self.layer, self.lowered = outer, siblings
        lowered.ops, lowered.output, lowered.shape = self.ops[first:], self.current, self.shape
        siblings.append(lowered)

    def fork(self) -> Branch:
        source = self.current
        self.current, other = (Buffer(source.shape, alias=source) for _ in range(2))
        other.gradient_alias = other
        self.ops.append(ForkOp(self.layer, source, self.current, other=other))
        return Branch(other, self.shape)

    def switch(self, branch: Branch) -> Branch:
        left = Branch(self.current, self.shape)
        self.current, self.shape = branch.output, branch.shape
        return left

    def add(self, branch: Branch, *, activation: str) -> None:
        self._emit(AddOp, self.shape, other=branch.output)
        self.activation(activation)

    def conv2d(
        self,
        filters: int,
        *,
        kernel: Pair,
        stride: Pair,
        padding: tuple[Pair, Pair],
        dilation: Pair,
        groups: int,
        activation: str,
        use_bias: bool,
        initializer: str | None = None,
        l2: float | None = None,
        max_norm: float | None = None,
    ) -> None:
        h, w, c = self._map_shape()
        (top, bottom), (left, right) = padding
        self._bound("padded input", (h + top + bottom) * (w + left + right) * c)
        size = Window(kernel, stride, padding, dilation).output_sizes((h, w))
        taps = kernel[0] * kernel[1]
        parameters = self._weights(
            (*kernel[3 - len(self.shape) :], c // groups, filters),
            fans=(taps * c // groups, taps * filters // groups),
            activation=activation,
            use_bias=use_bias,
            initializer=initializer,
            l2=l2,
            max_norm=max_norm,
        )
        op = self._emit(
            Conv2DOp,
            self._ranked((*size, filters)),
            parameters,
            kernel=kernel,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=groups,
            allow_winograd=self.winograd,
        )
        self._bound("map", op.dst.size)
        self.activation(activation)

    def pool2d(self, kind: str, *, size: Pair, stride: Pair, padding: tuple[Pair, Pair]) -> None:
        h, w, c = self._map_shape()
        rows, columns = Window(size, stride, padding).output_sizes((h, w))
        self._emit(
            Pool2DOp,
            self._ranked((rows, columns, c)),
            pooling=kind,
            size=size,
            stride=stride,
            padding=padding,
        )

    def global_pool2d(self, kind: str) -> None:
        h, w, c = self._map_shape()
        no_padding = ((0, 0), (0, 0))
        self._emit(Pool2DOp, (c,), pooling=kind, size=(h, w), stride=(h, w), padding=no_padding)

    def dense(
        self,
        units: int,
        *,
        activation: str,
        use_bias: bool,
        initializer: str | None = None,
        l2: float | None = None,
        max_norm: float | None = None,
    ) -> None:
        (inputs,) = self.shape
        parameters = self._weights(
            (inputs, units),
            fans=(inputs, units),
            activation=activation,
            use_bias=use_bias,
            initializer=initializer,
            l2=l2,
            max_norm=max_norm,
        )
        self._emit(DenseOp, (units,), parameters)
        self.activation(activation)

    def batch_norm(self, *, momentum: float, epsilon: float) -> None:
        shape = self.shape[-1:]
        parameters = {
            "gamma": self._parameter("gamma", shape, start=1.0),
            "beta": self._parameter("beta", shape),
            "mean": self._parameter("moving_mean", shape, trainable=False),
            "variance": self._parameter(
                "moving_variance", shape, start=1.0, trainable=False, least=0.0
            ),
        }
        self._emit(BatchNormOp, self.shape, parameters, momentum=momentum, epsilon=epsilon)

    def dropout(self, rate: float, *, whole_channels: bool = False) -> None:
        if rate > 0.0:
            key = len(self.ops) + 1
            self._emit(DropoutOp, self.shape, rate=rate, key=key, whole_channels=whole_channels)

    def zero_pad2d(self, padding: tuple[Pair, Pair]) -> None:
        (top, bottom), (left, right) = padding
        h, w, c = self.shape
        shape = (top + h + bottom, left + w + right, c)
        self._bound("map", prod(shape))
        if shape != self.shape:
            self._emit(ZeroPad2DOp, shape, padding=padding)

    def rescale(self, scale: float, offset: float) -> None:
        if (scale, offset) != (1.0, 0.0):
            self._emit(AffineOp, self.shape, scale=scale, offset=offset)

    def normalize(self, epsilon: float) -> None:
        for op in self.ops:
            if op.random or any(p.trainable for p in op.parameters.values()):
                raise ValueError(
                    f"layer {show(self.layer)}: its statistics are learned before training, but {show(op.layer)} "
                    f"before it {'drops values at random' if op.random else 'is trained'}. Use BatchNorm, or put it "
                    f"before {show(op.layer)}."
                )
        shape = self.shape[-1:]
        parameters = {
            "mean": self._parameter("mean", shape, trainable=False),
            "deviation": self._parameter("deviation", shape, start=1.0, trainable=False),
        }
        self._emit(AffineOp, self.shape, parameters, epsilon=epsilon)

    def resize(self, size: Pair, *, methods: tuple[str, str]) -> None:
        shape = (*size, self.shape[2])
        self._bound("map", prod(shape))
        if shape != self.shape:
            self._emit(ResizeOp, shape, methods=methods)

    def activation(self, name: str) -> None:
        if name != "linear":
            self._emit(ActivationOp, self.shape, activation=name)

    def flatten(self) -> None:
        if len(self.shape) == 1:
            return
        source = self.current
        self.shape = (prod(self.shape),)
        self.current = Buffer(self._map_shape(), alias=source)

    def _map_shape(self) -> MapShape:
        h, w, c = (*(1 for _ in range(3 - len(self.shape))), *self.shape)
        return h, w, c

    def _ranked(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of a map, that of a signal where the input is one."""
        return shape[3 - len(self.shape) :]

    def _emit(
        self,
        kind: type[AnyOp],
        shape: tuple[int, ...],
        parameters: dict[str, Parameter] | None = None,
        **attributes: Any,
    ) -> AnyOp:
        self.shape = shape
        source, self.current = self.current, Buffer(self._map_shape())
        op = kind(self.layer, source, self.current, parameters or {}, **attributes)
        self.ops.append(op)
        return op

    def _weights(
        self,
        shape: tuple[int, ...],
        *,
        fans: Pair,
        activation: str,
        use_bias: bool,
        **properties: Any,
    ) -> dict[str, Parameter]:
        parameters = {
            "weights": self._parameter(
                "weights",
                shape,
                decay=True,
                fan_in=fans[0],
                fan_out=fans[1],
                rectified=activation in RECTIFIERS,
                **properties,
            )
        }
        if use_bias:
            parameters["bias"] = self._parameter("bias", shape[-1:])
        return parameters

    def _parameter(self, role: str, shape: tuple[int, ...], **properties: Any) -> Parameter:
        self._bound(role, prod(shape))
        return self.parameters.add(f"{self.layer}/{role}", shape, **properties)

    def _bound(self, what: str, values: int) -> None:
        if values > MAX_VALUES:
            raise ValueError(
                f"layer {show(self.layer)}: its {what} would have {values:,} values; at most {MAX_VALUES:,} are "
                "allowed. Make it smaller."
            )
