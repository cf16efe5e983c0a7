"""ZeroPad2DOp: zeros around a map."""

from dataclasses import dataclass

from convnet.graph.ops.base import Fields, Op, Pair


@dataclass
class ZeroPad2DOp(Op):
    """Pad a map with zeros; see csrc/map/pad.inc.h. `padding` is ((top, bottom), (left, right))."""

    family = "pad"

    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))

    def forward(self) -> list[str]:
        return ["zeropad_fwd"]

    def backward(self) -> list[str]:
        return ["zeropad_bwd"]

    def predict(self) -> list[str]:
        return ["zeropad_fwd"]

    def fields(self) -> Fields:
        (pt, _), (pl, _) = self.padding
        return dict(pt=pt, pl=pl)
