"""Plan: the layers of a net for an input shape, with all shapes and parameters. It finds every shape error."""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import prod

from convnet.graph.plan import memory_limits
from convnet.graph.plan.builder import Graph, GraphBuilder, Lowered
from convnet.layers import Dense, Flatten, Layer, LayerShapeError, Parallel, Residual
from convnet.layers.chain import FLATTEN, chain
from convnet.layers.geometry import MAX_VALUES
from convnet.layers.residual import SHORTCUT
from convnet.values.messages import listed, show

UNTIL = "until:"
COPIES = 4  # of the parameters: in training with gradient and two moments, in prediction as packed and folded ones


@dataclass(frozen=True)
class LayerInfo:
    """A layer of a net with its name, its output shape and its costs.

    `multiply_adds` counts the multiply-adds of one sample's forward pass as a direct sum. `memory_bytes` is the size of
    the output of one sample. `algorithm` is how a convolution is computed: "direct", "winograd", "planar" or
    "depthwise"; it is "" for other layers. `layers` lists nested layers, with names such as "residual1/conv1"; the
    counts of a layer include those of its nested layers.
    """

    name: str
    type: str
    layer: Layer
    output_shape: tuple[int, ...]
    n_parameters: int
    multiply_adds: int
    memory_bytes: int
    algorithm: str = ""
    layers: tuple["LayerInfo", ...] = ()

    @property
    def branches(self) -> tuple[tuple[str, tuple["LayerInfo", ...]], ...]:
        """The label and the layers of each branch of a Parallel or a Residual; () for other layers."""
        if isinstance(self.layer, Parallel):
            prefixes = [f"{self.name}/{i}/" for i in range(len(self.layer.branches))]
            return tuple(
                (f"branch {i}", tuple(info for info in self.layers if info.name.startswith(prefix)))
                for i, prefix in enumerate(prefixes)
            )
        if isinstance(self.layer, Residual):
            shortcut = f"{self.name}/{SHORTCUT}"
            aside = [info for info in self.layers if f"{info.name}/".startswith(f"{shortcut}/")]
            body = tuple(info for info in self.layers if info not in aside)
            return ("body", body), (SHORTCUT, tuple(aside))
        return ()

    def walk(self) -> Iterator["LayerInfo"]:
        """Yield this layer, then those inside it."""
        yield self
        for info in self.layers:
            yield from info.walk()


class Plan:
    """Layers resolved for an input shape: names, a Flatten where one is needed, and the head.

    Parameters
    ----------
    layers : sequence of Layer
    input_shape : tuple of int
        (height, width, channels), (length, channels) for signals, or (features,) for flat data.
    n_outputs : int, default=None
        Units of the output layer that is appended; None appends none.
    winograd : bool, default=None
        Whether 3×3 and 5×5 convolutions that suit it are computed by Winograd's algorithm, which is faster and rounds
        differently. None: yes, unless the environment's ``CONVNET_WINOGRAD`` is 0.

    Attributes
    ----------
    layers : list of LayerInfo
    named : dict of LayerInfo
        By name, the layers inside others too.
    parameters : ParameterList
    n_parameters : int
        Values that training learns or keeps: running statistics are counted.
    output_shape : tuple of int
    lowered : list of Lowered
        The layers with their operations.
    graph : Graph
        The operations before they are fused. Compilers work on a copy.

    Raises
    ------
    ValueError
        Naming the layer, the cause, the shapes up to there and the remedy.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: Sequence[int],
        n_outputs: int | None = None,
        *,
        winograd: bool | None = None,
    ) -> None:
        self.input_shape = tuple(int(n) for n in input_shape)
        if len(self.input_shape) not in (1, 2, 3) or min(self.input_shape) < 1:
            raise ValueError(
                "input_shape must be (height, width, channels), (length, channels) or (features,); "
                f"got {show(input_shape)}"
            )
        if prod(self.input_shape) > MAX_VALUES:
            raise ValueError(f"input_shape {self.input_shape} has more than {MAX_VALUES:,} values")
        self.n_outputs = n_outputs
        if winograd is None:
            winograd = os.environ.get("CONVNET_WINOGRAD", "1") != "0"
        self.winograd = winograd
        builder = GraphBuilder(self.input_shape, winograd=winograd)
        for name, layer in self._place(tuple(layers)):
            builder.lower(name, layer)
        self.lowered = builder.lowered
        outputs = {low.name: low.output for lowered in self.lowered for low in lowered.walk()}
        self.graph = Graph(builder.input, builder.ops, builder.current, outputs)
        self.parameters = builder.parameters
        self.output_shape = builder.shape
        self.layers = [_describe(lowered) for lowered in builder.lowered]
        self.named = {info.name: info for layer in self.layers for info in layer.walk()}
        self.n_parameters = sum(p.size for p in self.parameters)

    def find_layers(self, patterns: Iterable[str], parameter: str) -> list[str]:
        """Return the names of the layers that some patterns choose, in the order of the plan.

        Parameters
        ----------
        patterns : iterable of str
            Names of layers, those inside others too, patterns such as "conv*", or "until:conv3": all layers up to
            that one. A layer stands for those inside it.
        parameter : str
            Name of the estimator's parameter, for errors.

        Raises
        ------
        ValueError
            If a pattern chooses nothing; the message lists the names that exist.
        """
        known, outer = list(self.named), [info.name for info in self.layers]
        found: set[str] = set()
        for pattern in patterns:
            if pattern.startswith(UNTIL):
                last = pattern.removeprefix(UNTIL)
                hits = outer[: outer.index(last) + 1] if last in outer else []
            else:
                hits = [layer for layer in known if fnmatchcase(layer, pattern)]
            if not hits:
                among = outer if pattern.startswith(UNTIL) else known
                raise ValueError(
                    f"{parameter}: {show(pattern)} is not a layer. There are: {listed(among)}."
                )
            found.update(hits)
        return [
            layer
            for layer in known
            if any(layer == name or layer.startswith(f"{name}/") for name in found)
        ]

    def parameters_of(self, layers: Iterable[str]) -> list[str]:
        """Return the names of the parameters of some layers, running statistics included."""
        inside = set(layers)
        return [p.name for p in self.parameters if p.name.rpartition("/")[0] in inside]

    def graph_after(self, layer: str | None) -> Graph:
        """Return a copy of the graph that begins with the output of a layer that is not inside another.

        Parameters
        ----------
        layer : str or None
            Name of the layer. None: the copy begins with the input.
        """
        graph = self.graph.copy()
        if layer is not None:
            names = [lowered.name for lowered in self.lowered]
            done = self.lowered[: names.index(layer) + 1]
            graph.ops = graph.ops[sum(len(lowered.ops) for lowered in done) :]
            graph.input = graph.outputs[layer]
            graph.input.alias = None
        return graph

    def frozen_prefix(self, frozen: Collection[str]) -> str | None:
        """Return the name of the last layer of the frozen prefix, or None.

        No layer of the frozen prefix is trained or random, so its outputs for a sample are the same in every step.

        Parameters
        ----------
        frozen : collection of str
            Names of the parameters that are not trained.
        """
        last = None
        for lowered in self.lowered[:-1]:
            trainable = {
                p.name for op in lowered.ops for p in op.parameters.values() if p.trainable
            }
            if not trainable <= set(frozen) or any(op.random for op in lowered.ops):
                return last
            if last or trainable:
                last = lowered.name
        return last

    def check_parameters(self) -> None:
        """Raise ValueError, which names the largest parameter, if the parameters would not fit in memory.

        Call it before any memory is allocated.
        """
        wanted = 4 * COPIES * self.parameters.floats
        if wanted > memory_limits.machine_bytes():
            largest = max(self.parameters, key=lambda parameter: parameter.size)
            raise ValueError(
                f"The net takes {_gibibytes(wanted)} of memory, {COPIES} times its parameters, but there are "
                f"{_gibibytes(memory_limits.machine_bytes())}. {largest.name} of shape {largest.shape} alone takes "
                f"{_gibibytes(4 * COPIES * largest.size)}. Use fewer filters or units, or more pooling before them."
            )

    def check_pass(self, floats: int, samples: int) -> None:
        """Raise ValueError if a pass of `samples` samples, which takes `floats` floats, would not fit in memory."""
        if 4 * floats > memory_limits.machine_bytes():
            largest = max(self.named.values(), key=lambda info: info.memory_bytes)
            raise ValueError(
                f"A pass of {samples} samples takes {_gibibytes(4 * floats)} of memory, but there are "
                f"{_gibibytes(memory_limits.machine_bytes())}. Most of it goes to layer {show(largest.name)}, whose "
                f"output is {largest.output_shape}. Lower batch_size, of a prediction n_jobs, use "
                "fewer filters, or more pooling or strides before it."
            )

    def _place(self, layers: tuple[Layer, ...]) -> list[tuple[str, Layer]]:
        """List (name, layer), with Flatten and head put in and all shapes checked."""
        trail = [self.input_shape]
        placed: list[tuple[str, Layer]] = []
        if layers:
            self._refuse_second_softmax(f"layers[{len(layers) - 1}]", layers[-1])
        try:
            for link in chain(layers, self.input_shape):
                placed.append((link.name, link.layer))
                trail.append(link.shape)
        except LayerShapeError as error:
            where = " › ".join(error.where)
            shapes = _arrows([self.input_shape, *error.trail])
            raise ValueError(f"{where}: {error.cause}. Shapes: {shapes}. {error.remedy}") from None
        shape = trail[-1]
        if self.n_outputs is not None:
            if len(shape) > 1:
                placed.append((FLATTEN, Flatten()))
            placed.append(("output", Dense(self.n_outputs)))
        return placed

    def _refuse_second_softmax(self, where: str, layer: Layer) -> None:
        """Raise ValueError if the last layer is a softmax, which the automatic output layer would follow."""
        if self.n_outputs is None or getattr(layer, "activation", None) != "softmax":
            return
        outputs = f" ({self.n_outputs} classes)" if self.n_outputs > 1 else ""
        raise ValueError(
            f'{where} is {type(layer).__name__}(activation="softmax"), but the output layer{outputs} is '
            "automatic. Remove it."
        )


def _describe(lowered: Lowered) -> LayerInfo:
    inner = tuple(map(_describe, lowered.inner))
    ops = lowered.ops
    return LayerInfo(
        name=lowered.name,
        type=type(lowered.layer).__name__,
        layer=lowered.layer,
        output_shape=lowered.shape,
        n_parameters=sum(p.size for op in ops for p in op.parameters.values()),
        multiply_adds=sum(op.multiply_adds() for op in ops),
        memory_bytes=4 * lowered.output.size + sum(info.memory_bytes for info in inner),
        algorithm=""
        if inner
        else next((op.algorithm for op in ops if hasattr(op, "algorithm")), ""),
        layers=inner,
    )


def _arrows(trail: Sequence[tuple[int, ...]]) -> str:
    """Sides of the maps, joined by arrows: 28→26→13, or 28×20→26×18 where they are not square; lengths of signals."""
    square = all(len(s) < 3 or s[0] == s[1] for s in trail)
    steps = [str(s[0]) if square or len(s) < 3 else f"{s[0]}×{s[1]}" for s in trail]
    return "→".join(steps)


def _gibibytes(size: int) -> str:
    return f"{size / 2**30:,.1f} GiB"
