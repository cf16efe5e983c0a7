"""Zeros around a map."""

from dataclasses import dataclass

from convnet.graph.ops.base import Op


@dataclass
class ZeroPad2DOp(Op):
    """See csrc/pad.inc.h. `padding` is ((top, bottom), (left, right))."""

    padding: tuple = ((0, 0), (0, 0))

    def forward(self):
        return [(False, "zeropad_fwd")]

    def backward(self):
        return [(False, "zeropad_bwd")]

    def predict(self):
        return "zeropad_fwd"

    def fields(self):
        (pt, _), (pl, _) = self.padding
        return dict(pt=pt, pl=pl)
