"""Where packed weights lie."""

from convnet.graph.buffers import aligned


class Packer:
    """Offsets of packed weights."""

    def __init__(self):
        self.floats = 16

    def place(self, op, data_gradient):
        forward, backward = map(aligned, op.packed_floats(data_gradient))
        offsets = dict(packed=self.floats, packed_grad=self.floats + forward)
        self.floats += forward + backward
        return offsets
