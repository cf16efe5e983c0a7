"""What layers with weights tell the builder about them."""

from typing import Any, Protocol


class Weighted(Protocol):
    """A layer with weights."""

    @property
    def activation(self) -> str | None: ...

    @property
    def use_bias(self) -> bool: ...

    @property
    def kernel_initializer(self) -> str | None: ...

    @property
    def l2(self) -> float | None: ...

    @property
    def max_norm(self) -> float | None: ...


def weighting(layer: Weighted) -> dict[str, Any]:
    """Return the builder's options for the weights, the bias and the activation of a layer."""
    return dict(
        activation=layer.activation or "linear",
        use_bias=layer.use_bias,
        initializer=layer.kernel_initializer,
        l2=layer.l2,
        max_norm=layer.max_norm,
    )
