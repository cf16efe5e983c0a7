"""Where packed weights lie."""

from convnet.graph.buffers import aligned
from convnet.graph.ops import Fields, Op


class Packer:
    """Offsets of packed weights."""

    def __init__(self) -> None:
        self.floats = 16

    def place(self, op: Op, data_gradient: bool) -> Fields:
        forward, backward = map(aligned, op.packed_floats(data_gradient))
        offsets = dict(packed=self.floats, packed_grad=self.floats + forward)
        self.floats += forward + backward
        return offsets
