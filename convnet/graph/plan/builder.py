"""GraphBuilder: layers call it to emit operations, and it collects the graph and the parameters."""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

from convnet.engine import RECTIFIERS
from convnet.graph.layout import Buffer, MapShape, Parameter, ParameterList
from convnet.graph.ops.base import Op, Pair
from convnet.graph.ops.branch import ForkOp
from convnet.layers import Layer
from convnet.layers.base import Builder
from convnet.layers.geometry import MAX_VALUES
from convnet.values.messages import did_you_mean, show

PRELU_SLOPE = 0.25  # at the start (He et al., 2015)


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
    """The end of a branch of the graph."""

    output: Buffer
    shape: tuple[int, ...]


class GraphBuilder(Builder):
    """Collects the operations that layers emit: a chain, except between a `fork` and the operation that merges.

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
        self.input = self.current = Buffer(_map_shape(self.shape))
        self.winograd = winograd
        self.layer = ""
        self.lowered: list[Lowered] = []
        self.ops: list[Op] = []
        self.parameters = ParameterList()

    def emit(
        self,
        operation: str,
        shape: tuple[int, ...] | None = None,
        parameters: dict[str, Parameter] | None = None,
        into: Buffer | None = None,
        **options: Any,
    ) -> None:
        kind = Op.kinds.get(operation)
        if kind is None:
            raise ValueError(
                f"layer {show(self.layer)}: unknown operation {show(operation)}.{did_you_mean(operation, Op.kinds)}"
            )
        self.shape = self.shape if shape is None else shape
        self.check_size("map", prod(self.shape))
        source, self.current = self.current, into or Buffer(_map_shape(self.shape))
        self.ops.append(kind(self.layer, source, self.current, parameters or {}, **options))

    def new_map(self, shape: tuple[int, ...]) -> Buffer:
        return Buffer(_map_shape(shape))

    def weights(
        self, layer: Any, shape: tuple[int, ...], *, fans: Pair, unit_axis: int = -1
    ) -> dict[str, Parameter]:
        parameters = {
            "weights": self.parameter(
                "weights",
                shape,
                decay=True,
                fan_in=fans[0],
                fan_out=fans[1],
                rectified=layer.activation in (*RECTIFIERS, "prelu"),
                initializer=layer.kernel_initializer,
                l2=layer.l2,
                max_norm=layer.max_norm,
                unit_axis=unit_axis,
            )
        }
        if layer.use_bias:
            parameters["bias"] = self.parameter("bias", (shape[unit_axis],))
        return parameters

    def parameter(self, role: str, shape: tuple[int, ...], **properties: Any) -> Parameter:
        self.check_size(role, prod(shape))
        return self.parameters.add(f"{self.layer}/{role}", shape, **properties)

    def check_size(self, what: str, values: int) -> None:
        if values > MAX_VALUES:
            raise ValueError(
                f"layer {show(self.layer)}: its {what} would have {values:,} values; at most {MAX_VALUES:,} are "
                "allowed. Make it smaller."
            )

    def activation(self, name: str | None) -> None:
        if name == "softmax":
            self.emit("SoftmaxOp")
        elif name == "prelu":
            alpha = self.parameter("alpha", self.shape[-1:], start=PRELU_SLOPE)
            self.emit("PReLUOp", parameters={"alpha": alpha})
        elif name not in (None, "linear"):
            self.emit("ActivationOp", activation=name)

    def flatten(self) -> None:
        if len(self.shape) == 1:
            return
        source = self.current
        self.shape = (prod(self.shape),)
        self.current = Buffer(_map_shape(self.shape), alias=source)

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

    def end(self) -> Branch:
        return Branch(self.current, self.shape)

    def switch(self, branch: Branch) -> None:
        self.current, self.shape = branch.output, branch.shape


def _map_shape(shape: tuple[int, ...]) -> MapShape:
    h, w, c = (*(1 for _ in range(3 - len(shape))), *shape)
    return h, w, c
