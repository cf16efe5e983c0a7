"""Where packed weights lie."""

from convnet.graph.buffers import aligned
from convnet.graph.ops import Fields, Op


class Packer:
    """Offsets of packed weights."""

    def __init__(self) -> None:
        self.floats = 16

    def place(self, op: Op, data_gradient: bool) -> Fields:
        """Return the offsets that the operation needs."""
        fields: Fields = {}
        sizes = op.packed_floats(data_gradient)
        for name, floats in zip(("packed", "packed_grad"), sizes, strict=True):
            if floats:
                fields[name] = self.floats
                self.floats += aligned(floats)
        return fields
