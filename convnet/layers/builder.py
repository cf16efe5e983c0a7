"""What a layer's `lower` may call: the plan's builder, as layers see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from convnet.layers.base import Layer

Branch: TypeAlias = Any  # of the graph, opaque: to be handed back
Pair: TypeAlias = tuple[int, int]  # (vertical, horizontal), or (before, after)


class Builder(Protocol):
    """The methods of `convnet.graph.plan.builder.Builder` that layers use; what each emits is said there."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the current output."""

    def lower(self, name: str, layer: Layer) -> None: ...

    def fork(self) -> Branch: ...

    def switch(self, branch: Branch) -> Branch: ...

    def add(self, branch: Branch, *, activation: str) -> None: ...

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
    ) -> None: ...

    def pool2d(
        self, kind: str, *, size: Pair, stride: Pair, padding: tuple[Pair, Pair]
    ) -> None: ...

    def global_pool2d(self, kind: str) -> None: ...

    def dense(
        self,
        units: int,
        *,
        activation: str,
        use_bias: bool,
        initializer: str | None = None,
        l2: float | None = None,
        max_norm: float | None = None,
    ) -> None: ...

    def batch_norm(self, *, momentum: float, epsilon: float) -> None: ...

    def dropout(self, rate: float, *, whole_channels: bool = False) -> None: ...

    def zero_pad2d(self, padding: tuple[Pair, Pair]) -> None: ...

    def rescale(self, scale: float, offset: float) -> None: ...

    def normalize(self, epsilon: float) -> None: ...

    def resize(self, size: Pair, *, methods: tuple[str, str]) -> None: ...

    def activation(self, name: str) -> None: ...

    def flatten(self) -> None: ...
