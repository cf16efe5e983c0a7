"""ActivationOp and DropoutOp: operations that change each value by itself."""

from dataclasses import dataclass

from convnet.engine import ACTIVATIONS
from convnet.graph.ops.base import Fields, Op


@dataclass
class ActivationOp(Op):
    """Activation that is not fused into another operation; see csrc/activation/activation.inc.h."""

    family = "activation"

    activation: str = "linear"

    def forward(self) -> list[str]:
        return ["activation_fwd"]

    def backward(self) -> list[str]:
        return ["activation_bwd"]

    def predict(self) -> list[str]:
        return ["activation_fwd"]

    def fields(self) -> Fields:
        return dict(activation=ACTIVATIONS.index(self.activation))


@dataclass
class DropoutOp(Op):
    """Dropout; see csrc/random/dropout.inc.h. Predictions leave it out.

    `key` makes the random numbers differ from those of other layers. `unit` is what is dropped: single values
    ("value"), whole channels of a sample ("channel") or the whole map of a sample ("sample").
    """

    family = "dropout"

    rate: float = 0.5
    key: int = 0
    unit: str = "value"

    random = True

    def forward(self) -> list[str]:
        return [f"{self._kernel}_fwd"]

    def backward(self) -> list[str]:
        return [f"{self._kernel}_bwd"]

    @property
    def _kernel(self) -> str:
        return "dropout" if self.unit == "value" else f"{self.unit}_dropout"

    def fields(self) -> Fields:
        return dict(rate=self.rate, key=self.key)
