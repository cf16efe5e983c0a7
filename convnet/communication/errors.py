"""RankError: another rank of a fit has failed."""

from typing import Any


class RankError(RuntimeError):
    """Another rank of the fit has failed, or does not answer.

    Parameters
    ----------
    rank : int
        The rank that has failed.
    message : str
        What happened.
    is_lost : bool, default=False
        Whether the rank does not answer. If not, it has told the reason.
    """

    def __init__(self, rank: int, message: str, is_lost: bool = False) -> None:
        super().__init__(message)
        self.rank, self.is_lost = rank, is_lost

    def __reduce__(self) -> tuple[Any, ...]:
        return RankError, (self.rank, str(self), self.is_lost)
