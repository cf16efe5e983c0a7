"""Whether X needs a map of its own, or the first operation reads it."""

from collections.abc import Sequence

from convnet.graph.buffers import Buffer
from convnet.graph.ops import Op


def reads_input(first: Buffer, ops: Sequence[Op]) -> bool:
    """Return whether the first operation can take X as it is, in place of the map that X would be converted into.

    A map with a second reader has that by way of a fork, whose outputs are other buffers in its memory.

    Parameters
    ----------
    first : Buffer
        That map.
    ops : list of Op
        Those that will run.
    """
    return bool(ops) and ops[0].entry is not None and ops[0].src is first
