"""Requests: what ranks ask each other at any time, apart from the exchanges of a fit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
Answer: TypeAlias = Callable[[bytes], Bytes]

MAX_REQUEST = 2**24  # bytes


class Requests(ABC):
    """Questions to other ranks. In each rank, a thread answers those of the others.

    Only one thread of a rank asks at a time.
    """

    @abstractmethod
    def ask(self, questions: Mapping[int, Bytes], answers: Mapping[int, Bytes]) -> None:
        """Send ``questions[rank]`` to each of these ranks, and wait until ``answers[rank]`` is filled.

        Raises `RankError` if another rank has failed, or if an answer does not have the size of its array.
        """

    @abstractmethod
    def close(self) -> None:
        """End the thread. No other rank may wait for an answer; see `Communicator.barrier`."""
