"""Division: which rank computes what in a training step on several ranks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convnet.engine import UPDATE_BLOCK
from convnet.graph.compiler.exchanges import BlockGradient, Exchanges, TrainedParameter

UNITS = 8  # at least, into which the lanes are divided, if ranks are so few; ranks take whole units


def divide_lanes(lanes: int, size: int) -> tuple[list[int], int]:
    """Return the first lane of each rank and the end of the last one, and the lanes of a unit.

    Boundaries are multiples of the unit, a power of two, so that the sum of a unit is a branch of the tree of lanes.
    """
    unit = 1
    if lanes % size == 0:
        while lanes % (2 * unit * size) == 0:
            unit *= 2
    else:
        while 2 * unit * max(UNITS, size) <= lanes:
            unit *= 2
    units = -(-lanes // unit)
    return [min(lanes, unit * (units * rank // size)) for rank in range(size + 1)], unit


def branches(first: int, last: int) -> list[tuple[int, int]]:
    """Return [first, last) as the fewest branches of a binary tree: pairs of a first number and a power of two."""
    found = []
    while first < last:
        length = first & -first or 1 << (last - first).bit_length()
        while first + length > last:
            length //= 2
        found.append((first, length))
        first += length
    return found


@dataclass
class SharedGradient:
    """The gradient of a trained parameter.

    Attributes
    ----------
    parameter : TrainedParameter
    first_task : int
        Number of the first task of its update; also of its first sum of squares.
    block : BlockGradient or None
        Set if it is computed by blocks over the whole batch.
    by_rows : bool
        Whether each rank computes some rows from all samples. If not, each sums those of its own samples.
    owners : ndarray of int
        The rank that updates each block of `UPDATE_BLOCK` parameters.
    """

    parameter: TrainedParameter
    first_task: int
    block: BlockGradient | None
    by_rows: bool
    owners: NDArray[np.intp]

    def owned(self, rank: int) -> list[tuple[int, int]]:
        """Return the ranges of the parameter, in floats, that a rank updates."""
        return [
            (begin * UPDATE_BLOCK, min(self.parameter.size, end * UPDATE_BLOCK))
            for begin, end in runs(self.owners == rank)
        ]


class Division:
    """Which rank computes what.

    Parameters
    ----------
    exchanges : Exchanges
        Of the program of a step.
    lanes : int
        Of the program.
    batch_size : int
        Maximum number of samples of a step.
    rank, size : int
        The number of this rank, and how many there are.

    Attributes
    ----------
    bounds : list of int
        First lane of each rank, and the end of the last one.
    unit : int
        A power of two that divides them: ranks add up the gradients of so many lanes.
    gradients : list of SharedGradient
        Of all trained parameters.
    """

    def __init__(
        self, exchanges: Exchanges, lanes: int, batch_size: int, rank: int, size: int
    ) -> None:
        self._exchanges, self._lanes, self.rank, self.size = exchanges, lanes, rank, size
        self.bounds, self.unit = divide_lanes(lanes, size)
        self.gradients = self._divide_gradients(batch_size)

    @property
    def lanes(self) -> tuple[int, int]:
        """The lanes [first, last) of this rank."""
        return self.bounds[self.rank], self.bounds[self.rank + 1]

    def samples_of(self, rank: int, n: int) -> tuple[int, int]:
        first, last = self.bounds[rank], self.bounds[rank + 1]
        return n * first // self._lanes, n * last // self._lanes

    def _divide_gradients(self, batch_size: int) -> list[SharedGradient]:
        """Return the gradients of all trained parameters, with the ranks that update them."""
        blocks = {
            name: block
            for block in self._exchanges.blocks
            for name in (block.weights, block.bias)
            if name is not None
        }
        by_rows = {id(block): self._by_rows(block, batch_size) for block in self._exchanges.blocks}
        gradients, first = [], 0
        for parameter in self._exchanges.trained:
            block = blocks.get(parameter.name)
            count = -(-parameter.size // UPDATE_BLOCK)
            rows = block is not None and by_rows[id(block)]
            owners = np.zeros(count, np.intp)
            gradients.append(SharedGradient(parameter, first, block, rows, owners))
            first += count
        shared = sum(len(g.owners) for g in gradients if not g.by_rows)
        begin = 0
        for gradient in gradients:
            if gradient.by_rows:
                self._own_computed(gradient)
                continue
            count = len(gradient.owners)
            gradient.owners[:] = np.arange(begin, begin + count) * self.size // shared
            begin += count
        return gradients

    def _by_rows(self, block: BlockGradient, batch_size: int) -> bool:
        """Return whether each rank computes some rows of a gradient from the maps of all samples."""
        lanes, groups = self._lanes, block.groups
        whole = lanes % groups == 0 and not any(b * groups % lanes for b in self.bounds)
        if not whole:
            return True
        parts = max(len(branches(*self._groups_of(rank, groups))) for rank in range(self.size))
        weights = block.taps * block.rows * block.columns
        return batch_size * sum(memory.floats for memory in block.maps) < parts * weights

    def _groups_of(self, rank: int, groups: int) -> tuple[int, int]:
        first, last = self.bounds[rank], self.bounds[rank + 1]
        return first * groups // self._lanes, last * groups // self._lanes

    def _row_blocks_of(self, rank: int, block: BlockGradient) -> tuple[int, int]:
        return block.row_blocks * rank // self.size, block.row_blocks * (rank + 1) // self.size

    def computed(self, gradient: SharedGradient, rank: int) -> list[tuple[int, int]]:
        """Return the ranges of a parameter's gradient, in floats, of which a rank computes the sum or a part."""
        block, size = gradient.block, gradient.parameter.size
        if block is None or not gradient.by_rows:
            return [(0, size)]
        first, last = self._row_blocks_of(rank, block)
        begin, end = first * block.block_rows, min(block.rows, last * block.block_rows)
        if gradient.parameter.name == block.bias:
            if block.bias_by_rows:
                return [(begin, min(end, size))] if begin < min(end, size) else []
            return [(0, size)] if first == 0 < last else []
        tap = block.rows * block.columns
        ranges = [
            (t * tap + begin * block.columns, t * tap + end * block.columns)
            for t in range(block.taps)
        ]
        return _joined(ranges if begin < end else [])

    def _own_computed(self, gradient: SharedGradient) -> None:
        """Let each block of parameters be updated by the rank that computes the gradient of its first one."""
        starts = np.arange(len(gradient.owners)) * UPDATE_BLOCK
        for rank in range(self.size):
            for begin, end in self.computed(gradient, rank):
                gradient.owners[(starts >= begin) & (starts < end)] = rank

    def block_tasks(self) -> NDArray[np.int64]:
        """Return the numbers of this rank's tasks in the phase that sums by blocks."""
        tasks: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
        by_rows = {g.parameter.name: g.by_rows for g in self.gradients}
        for block in self._exchanges.blocks:
            shape = block.groups, block.row_blocks, block.column_blocks
            numbers = (block.first_task + np.arange(block.tasks, dtype=np.int64)).reshape(shape)
            if by_rows[block.weights]:
                first, last = self._row_blocks_of(self.rank, block)
                tasks.append(numbers[:, first:last].reshape(-1))
            else:
                first, last = self._groups_of(self.rank, block.groups)
                tasks.append(numbers[first:last].reshape(-1))
        return np.concatenate(tasks)

    def update_tasks(self) -> NDArray[np.int64]:
        """Return the numbers of this rank's tasks in the phases that update."""
        numbers = [
            g.first_task + np.flatnonzero(g.owners == self.rank).astype(np.int64)
            for g in self.gradients
        ]
        return np.concatenate([np.zeros(0, np.int64), *numbers])

    def parts_of(self, gradient: SharedGradient, rank: int) -> list[tuple[int, int]]:
        """Return the branches of the tree of lanes or groups whose sums a rank computes."""
        if gradient.parameter.by_lanes:
            first, last = self.bounds[rank], self.bounds[rank + 1]
            return [(lane, self.unit) for lane in range(first, last, self.unit)]
        if gradient.block is None:
            return []  # batch norm: every rank computes the whole gradient
        if gradient.by_rows:
            return [(0, gradient.block.groups)]
        return branches(*self._groups_of(rank, gradient.block.groups))


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the ranges [begin, end) of consecutive True values."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return ranges in which those that touch are one."""
    found: list[tuple[int, int]] = []
    for begin, end in ranges:
        if found and found[-1][1] == begin:
            found[-1] = found[-1][0], end
        else:
            found.append((begin, end))
    return found
