"""What the builder makes of layers: operations and outputs, and the ends of branches."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from convnet.graph.buffers import Buffer
from convnet.graph.ops import Op
from convnet.layers import Layer


@dataclass
class Lowered:
    """What became of a layer: its output so far, its operations, and the layers inside it."""

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
class Branch:
    """The end of a branch of the graph that is not the current one."""

    output: Buffer
    shape: tuple[int, ...]
