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

    `key` makes the random numbers differ from those of other layers. `whole_channels` drops whole channels instead of
    single values.
    """

    family = "dropout"

    rate: float = 0.5
    key: int = 0
    whole_channels: bool = False

    random = True

    def forward(self) -> list[str]:
        return ["channel_dropout_fwd" if self.whole_channels else "dropout_fwd"]

    def backward(self) -> list[str]:
        return ["channel_dropout_bwd" if self.whole_channels else "dropout_bwd"]

    def fields(self) -> Fields:
        return dict(rate=self.rate, key=self.key)
