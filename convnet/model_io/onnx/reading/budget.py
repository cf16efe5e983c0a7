"""Budget: a limit on the values that a graph may make without having them in the file."""

from __future__ import annotations

MADE = 4 * 2**20  # values that any file may make: 32 MB as integers of 64 bits
BYTES_PER_MADE = 2  # bytes of the file for each further value


class Budget:
    """Counts made values, so that a small file with large shapes takes little memory.

    Parameters
    ----------
    size : int
        Bytes of the file.
    """

    def __init__(self, size: int) -> None:
        self.left = MADE + size // BYTES_PER_MADE

    def spend(self, values: int, what: str) -> None:
        """Count values that are about to be made. Raise ValueError if they are too many; `what` names them."""
        self.left -= values
        if values < 0 or self.left < 0:
            raise ValueError(
                f"{what} would take {values:,} values that the file does not have, more than its size allows"
            )
