"""SharedRows: an array of which each rank holds some rows, read from the ranks that hold them."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convnet.communication.communicator import Communicator
from convnet.communication.requests import MAX_REQUEST
from convnet.data.lazy.array import LazyArray

QUESTION = MAX_REQUEST // 8  # rows that are asked for at a time at most
ANSWER = 2**26  # bytes of an answer at most, or one row


class Blocks:
    """Blocks of rows that one rank holds.

    Parameters
    ----------
    blocks : sequence of array-like
        Each has `shape` and `dtype` and is read like the source of a `LazyArray`.
    numbers : sequence of int
        Place of each block among the blocks of all ranks.
    """

    def __init__(self, blocks: Sequence[Any], numbers: Sequence[int]) -> None:
        self.blocks, self.numbers = list(blocks), [int(number) for number in numbers]
        self.shape = (sum(int(block.shape[0]) for block in blocks), *blocks[0].shape[1:])
        self.dtype = np.dtype(blocks[0].dtype)

    def read_rows(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return rows given by their indices among those of this rank."""
        out = np.empty((len(rows), *self.shape[1:]), self.dtype)
        begin = 0
        for block in self.blocks:
            end = begin + int(block.shape[0])
            here = np.flatnonzero((begin <= rows) & (rows < end))
            if len(here):
                out[here] = LazyArray(block, self.dtype).read_rows(rows[here] - begin)
            begin = end
        return out


@dataclass(frozen=True)
class _Contents:
    """What a rank says of its blocks."""

    numbers: list[int]
    lengths: list[int]
    shapes: list[tuple[int, ...]]
    dtypes: list[str]

    @classmethod
    def of(cls, held: Blocks) -> _Contents:
        blocks = held.blocks
        return cls(
            held.numbers,
            [int(block.shape[0]) for block in blocks],
            [tuple(map(int, block.shape[1:])) for block in blocks],
            [np.dtype(block.dtype).str for block in blocks],
        )


class SharedRows:
    """Rows of all ranks, as a source for `LazyArray`.

    Rows that other ranks hold are asked for when they are read, and travel as they are stored. All ranks make one
    together, with the same `dtype` and shape of a row.

    Parameters
    ----------
    communicator : Communicator
    held : array-like or Blocks
        The rows of this rank. Those of rank 0 come first, then those of rank 1, and so on, unless `Blocks` have other
        numbers.

    Attributes
    ----------
    shape : tuple of int
    dtype : dtype
    rows_received : int
        Number of rows that have come from other ranks.

    Raises
    ------
    ValueError
        On every rank, if the rows of two ranks differ in dtype or shape.
    """

    def __init__(self, communicator: Communicator, held: Any) -> None:
        self._communicator, self._rank = communicator, communicator.rank
        self._held = held if isinstance(held, Blocks) else Blocks([held], [communicator.rank])
        parts: list[_Contents] = communicator.gather_objects(_Contents.of(self._held))
        _check_alike(parts)
        self.dtype = self._held.dtype
        placed = sorted(
            (number, rank, place)
            for rank, part in enumerate(parts)
            for place, number in enumerate(part.numbers)
        )
        firsts = [np.cumsum([0, *part.lengths]) for part in parts]
        lengths = [parts[rank].lengths[place] for _, rank, place in placed]
        self._starts = np.cumsum([0, *lengths], dtype=np.int64)
        self._owners = np.array([rank for _, rank, _ in placed])
        self._offsets = np.array([firsts[rank][place] for _, rank, place in placed], np.int64)
        self._offsets -= self._starts[:-1]
        self.shape = (int(self._starts[-1]), *self._held.shape[1:])
        self._row_bytes = int(np.prod(self.shape[1:])) * self.dtype.itemsize
        self.rows_received = 0
        self._lock = threading.Lock()
        self._requests = communicator.open_requests(self._answer)

    def __len__(self) -> int:
        return self.shape[0]

    def read_rows(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return rows given by int64 indices among those of all ranks, in any order, with repeats."""
        rows = np.asarray(rows, np.int64)
        blocks = np.searchsorted(self._starts, rows, side="right") - 1
        owners, places = self._owners[blocks], rows + self._offsets[blocks]
        out = np.empty((len(rows), *self.shape[1:]), self.dtype)
        here = np.flatnonzero(owners == self._rank)
        step = min(QUESTION, max(1, ANSWER // max(1, self._row_bytes)))
        asked = {
            int(rank): np.flatnonzero(owners == rank)
            for rank in np.unique(owners)
            if rank != self._rank
        }
        longest = max((len(wanted) for wanted in asked.values()), default=0)
        with self._lock:
            for begin in range(0, longest, step):
                now = {rank: wanted[begin : begin + step] for rank, wanted in asked.items()}
                self._ask(
                    {rank: wanted for rank, wanted in now.items() if len(wanted)}, places, out
                )
        if len(here):
            out[here] = self._held.read_rows(places[here])
        return out

    def __getitem__(self, key: Any) -> NDArray[Any]:
        rows = np.arange(len(self))[key]
        return self.read_rows(rows) if rows.ndim else self.read_rows(rows[None])[0]

    def own_first(self) -> NDArray[np.int64]:
        """Return the indices of all rows in the order in which the ranks hold them: rank 0's, then rank 1's."""
        spans = [np.arange(a, b) for a, b in zip(self._starts, self._starts[1:], strict=False)]
        order = sorted(
            range(len(spans)), key=lambda i: (self._owners[i], self._offsets[i] + self._starts[i])
        )
        return np.concatenate([spans[i] for i in order])

    def close(self, wait: bool = True) -> None:
        """Answer no more questions.

        Parameters
        ----------
        wait : bool, default=True
            Whether to wait for all ranks first, which may still ask. False after an error.
        """
        if wait:
            self._communicator.barrier()
        self._requests.close()

    def _ask(
        self, wanted: dict[int, NDArray[np.intp]], places: NDArray[np.int64], out: NDArray[Any]
    ) -> None:
        """Fill some rows of `out` from other ranks."""
        questions = {rank: places[where].view(np.uint8) for rank, where in wanted.items()}
        answers = {
            rank: np.empty(len(where) * self._row_bytes, np.uint8) for rank, where in wanted.items()
        }
        self._requests.ask(questions, answers)
        for rank, where in wanted.items():
            out[where] = answers[rank].view(self.dtype).reshape(-1, *self.shape[1:])
            self.rows_received += len(where)

    def _answer(self, question: bytes) -> NDArray[np.uint8]:
        """Return the bytes of rows of this rank."""
        rows = np.frombuffer(question, np.int64)
        if len(rows) and not (rows.min() >= 0 and rows.max() < self._held.shape[0]):
            raise IndexError("rows are asked for that this rank does not have")
        return np.ascontiguousarray(self._held.read_rows(rows)).reshape(-1).view(np.uint8)


def _check_alike(parts: Sequence[_Contents]) -> None:
    first = next(part for part in parts if part.numbers)
    for rank, part in enumerate(parts):
        for shape, dtype in zip(part.shapes, part.dtypes, strict=True):
            if (shape, dtype) != (first.shapes[0], first.dtypes[0]):
                raise ValueError(
                    f"The parts of X must have the same dtype and shape of a row on all ranks. Rank {rank} has "
                    f"{np.dtype(dtype)} {shape}, and rank 0 has {np.dtype(first.dtypes[0])} {first.shapes[0]}."
                )
    numbers = [number for part in parts for number in part.numbers]
    if len(set(numbers)) != len(numbers):
        raise ValueError("Two blocks of X have the same number.")


def distribute_rows(
    communicator: Communicator, X: Any, y: Any, sample_weight: Any = None
) -> tuple[SharedRows, NDArray[Any], NDArray[Any] | None]:
    """Return the data of all ranks, of which each passes its own part. All ranks call it together.

    Parameters
    ----------
    communicator : Communicator
    X : array-like or Blocks
        Rows of this rank, an array or a source for `LazyArray`.
    y : ndarray of shape (n,) or (n, n_outputs)
        Their targets, in the same order.
    sample_weight : ndarray of shape (n,), default=None
        Their weights. All ranks pass them, or none does.

    Returns
    -------
    X, y, sample_weight : SharedRows, ndarray, ndarray or None
        Rows of all ranks. X reads rows from the ranks that hold them; call its `close` after the fit. The others are
        whole on each rank.

    Raises
    ------
    ValueError
        On every rank, if lengths differ or if the parts do not fit together.
    """
    n = int(X.shape[0])
    weights = None if sample_weight is None else np.asarray(sample_weight)
    y = np.asarray(y)
    parts: list[Any] = communicator.gather_objects((n, y, weights))
    for rank, (rows, targets, some) in enumerate(parts):
        if len(targets) != rows:
            raise ValueError(f"Rank {rank} has {rows} samples in X, but {len(targets)} in y.")
        if some is not None and len(some) != rows:
            raise ValueError(
                f"Rank {rank} has {rows} samples in X, but {len(some)} in sample_weight."
            )
        if (some is None) != (weights is None):
            raise ValueError("Pass sample_weight on all ranks, or on none.")
        if targets.shape[1:] != y.shape[1:]:
            raise ValueError(
                f"The parts of y must have the same number of columns on all ranks. Rank {rank} has an array of shape "
                f"{targets.shape}, and rank {communicator.rank} one of {y.shape}."
            )
    rows = SharedRows(communicator, X)
    order = rows.own_first()
    return (
        rows,
        _in_order([targets for _, targets, _ in parts], order),
        None if weights is None else _in_order([some for _, _, some in parts], order),
    )


@contextmanager
def rows_of_all_ranks(
    communicator: Communicator, X: Any, y: Any, sample_weight: Any = None
) -> Generator[tuple[SharedRows, NDArray[Any], NDArray[Any] | None], None, None]:
    """Yield what `distribute_rows` returns, and close X at the end."""
    rows, targets, weights = distribute_rows(communicator, X, y, sample_weight)
    try:
        yield rows, targets, weights
    except BaseException:
        rows.close(wait=False)
        raise
    rows.close()


def _in_order(parts: Sequence[NDArray[Any]], order: NDArray[np.int64]) -> NDArray[Any]:
    joined = np.concatenate(parts)
    out = np.empty_like(joined)
    out[order] = joined
    return out
