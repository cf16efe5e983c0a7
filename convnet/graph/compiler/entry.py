"""Whether X needs a map of its own, or the first operation reads it."""


def reads_input(first, ops):
    """Return whether the first operation can take X as it is, in place of the map that X would be converted into.

    Parameters
    ----------
    first : Buffer
        That map.
    ops : list of Op
        Those that will run.
    """
    if not ops or ops[0].entry is None or ops[0].src is not first:
        return False
    read = [b for op in ops[1:] for b in (op.src, op.other) if b is not None]
    return all(buffer.root is not first for buffer in read)
