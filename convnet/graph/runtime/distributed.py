"""DistributedStep: one training step on several ranks.

Each rank takes the samples of some lanes through the net, and updates some of the parameters. What it lacks it receives
from the others, so that each sum has the same terms in the same order as on one machine:

==================  ================================================================================================
before a phase      every rank gets
==================  ================================================================================================
finish batch norm   the sums of all lanes
sum by blocks       the maps of all samples, for gradients of which each rank computes some rows of the weights
norm, update        the other ranks' parts of the gradients of the parameters that it updates
clip                the norms of all blocks of parameters
next step           the parameters, the losses of all samples and the sums of squares for the penalty
==================  ================================================================================================

The maps of late layers and the sums of lanes are exchanged while the rest of the backward pass is computed.

A gradient that is summed by blocks over the whole batch takes one of two ways, whichever moves fewer bytes. Either each
rank computes all rows of the weights from its own samples, and the sums are added as those of groups of samples. Or all
ranks get the maps, and each computes some rows from all samples (Krizhevsky, 2014, "One weird trick for parallelizing
convolutional neural networks").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convnet.communication.communicator import Communicator
from convnet.engine._program import lanes_per_task
from convnet.graph.compiler import Compiled, TrainingMemory
from convnet.graph.compiler.exchanges import SampleMemory
from convnet.graph.runtime.division import Division, SharedGradient, runs
from convnet.graph.runtime.pieces import Pieces

if TYPE_CHECKING:
    from convnet.engine import Context

Place: TypeAlias = tuple[
    NDArray[Any], int, int
]  # an array, with the first item and the end of a piece

NOTHING = np.float32(-0.0)  # adding it changes no float, not even the sign of a zero


class DistributedStep:
    """One rank's part of a training step.

    Parameters
    ----------
    communicator : Communicator
    compiled : Compiled
        The program of a step.
    memory : TrainingMemory
    batch_size : int
        Maximum number of samples of a step.
    params : ndarray of float32
        The flat parameters.
    moments : list of ndarray of float32
        The optimizer's, as long as `params`. This rank updates those of its own parameters.
    losses : ndarray of float64, shape (3, batch_size)
    squares, norms : ndarray of float64
        As in `Context.sums` and `Context.clipping`; `norms` is None if the gradient is not clipped.
    """

    def __init__(
        self,
        communicator: Communicator,
        compiled: Compiled,
        memory: TrainingMemory,
        batch_size: int,
        *,
        params: NDArray[np.float32],
        moments: Sequence[NDArray[np.float32]],
        losses: NDArray[np.float64],
        squares: NDArray[np.float64],
        norms: NDArray[np.float64] | None,
    ) -> None:
        self._communicator, self._compiled, self._memory = communicator, compiled, memory
        self._program, self._exchanges = compiled.program, compiled.exchanges
        self._losses = losses
        self._rank, self._size = communicator.rank, communicator.size
        self._division = Division(
            compiled.exchanges, compiled.lanes, batch_size, communicator.rank, communicator.size
        )
        self._clear_parts()
        self._block_tasks = self._division.block_tasks()
        self._update_tasks = self._division.update_tasks()
        self._lane_sums = self._sums(self._lane_places)
        self._block_sums = self._sums(self._block_places)
        others = [rank for rank in range(self._size) if rank != self._rank]
        self._sent_lanes = [
            memory[a:b] for to in others for memory, a, b in self._lane_places(self._rank, to)
        ]
        self._statistics = {
            phase: self._statistics_pieces(phase) for phase in self._exchanges.statistics
        }
        self._after_update = self._owned_pieces([(params, False), (squares, True)])
        self._of_norms = [] if norms is None else self._owned_pieces([(norms[1:], True)])
        self._moments = self._owned_pieces([(moment, False) for moment in moments])
        self._pieces_by_size: dict[int, tuple[dict[int, list[Pieces]], list[Pieces]]] = {}

    def run(self, context: Context, n: int, n_threads: int, scratch: NDArray[np.float32]) -> None:
        """Run a step of n samples."""
        exchanges = self._exchanges
        first, last = self._division.lanes
        run = min(self._division.unit, lanes_per_task(max(1, last - first), n_threads))
        if n not in self._pieces_by_size:  # a whole batch, and the last one of an epoch
            self._pieces_by_size[n] = self._pieces_of_samples(n)
        maps, losses = self._pieces_by_size[n]

        def compute(
            begin: int, end: int, lane_run: int, tasks: NDArray[np.int64] | None = None
        ) -> None:
            """Run phases [begin, end), or some tasks of one."""
            self._program.run(
                context,
                self._memory.arena,
                scratch,
                n_threads,
                begin,
                end,
                lanes=self._division.lanes,
                lane_run=lane_run,
                tasks=tasks,
            )

        begin, pending = 0, []
        for phase in sorted({*exchanges.phases, *maps}):
            compute(begin, phase, run)
            begin, tasks = phase, None
            if phase in maps:
                pending.append(self._start(maps[phase]))
            if phase not in exchanges.phases:
                continue
            if phase in exchanges.statistics:
                self._gather(self._statistics[phase])
            if phase == exchanges.lanes_end:
                self._program.merge_lanes(
                    context, *self._division.lanes, self._division.unit, n_threads
                )
                sums = self._communicator.start(self._exchange_lanes)
            if phase == exchanges.blocks_phase:
                for gathered in pending:
                    gathered.result()
                tasks = self._block_tasks
            if phase == exchanges.sums_phase:
                self._exchange_blocks()
                sums.result()
                run = self._division.unit
            if phase in (exchanges.norms_phase, exchanges.update_phase):
                tasks = self._update_tasks
            begin = phase + 1
            compute(phase, begin, run, tasks)
            if phase == exchanges.norms_phase:
                self._gather(self._of_norms)
            if phase == exchanges.update_phase:
                self._gather(self._after_update, losses)
        compute(begin, self._program.n_phases, run)

    def gather_moments(self) -> None:
        """Give every rank the moments of all parameters."""
        self._gather(self._moments)

    def samples(self, n: int) -> tuple[int, int]:
        """Return the samples [first, last) of a batch of n that this rank takes through the net."""
        return self._division.samples_of(self._rank, n)

    # What is exchanged

    def _part(self, gradient: SharedGradient, number: int) -> tuple[NDArray[np.float32], int]:
        """Return the memory of a part of a gradient, that of a lane or of a group, and its offset there."""
        parameter = gradient.parameter
        if parameter.by_lanes:
            lane_floats = self._compiled.sizes["lane"]
            return self._memory.lane_grads, number * lane_floats + parameter.gradient
        return self._memory.batch_grads, parameter.gradient + number * parameter.part

    def _lane_places(self, of: int, to: int) -> list[Place]:
        """Return where the sums of lanes lie that rank `of` sends to rank `to`, unit by unit."""
        gradients = [g for g in self._division.gradients if g.parameter.by_lanes]
        bounds, unit = self._division.bounds, self._division.unit
        return [
            place
            for lane in range(bounds[of], bounds[of + 1], unit)
            for gradient in gradients
            for place in self._places(gradient, lane, of, to)
        ]

    def _block_places(self, of: int, to: int) -> list[Place]:
        """Return where the sums by blocks lie that rank `of` sends to rank `to`."""
        return [
            place
            for gradient in self._division.gradients
            if not gradient.parameter.by_lanes
            for number, _ in self._division.parts_of(gradient, of)
            for place in self._places(gradient, number, of, to)
        ]

    def _places(self, gradient: SharedGradient, number: int, of: int, to: int) -> list[Place]:
        """Return where a part of a gradient lies that rank `of` computes and rank `to` needs."""
        memory, offset = self._part(gradient, number)
        ranges = _common(self._division.computed(gradient, of), gradient.owned(to))
        return [(memory, offset + a, offset + b) for a, b in ranges]

    def _sums(self, places: Callable[[int, int], list[Place]]) -> _Sums:
        """Return what this rank exchanges of the sums at these places."""

        def pieces(of: int, to: int) -> Pieces:
            return Pieces([] if of == to else places(of, to))

        ranks = range(self._size)
        return _Sums(
            [pieces(self._rank, to) for to in ranks], [pieces(of, self._rank) for of in ranks]
        )

    def _owned_pieces(self, arrays: Sequence[tuple[NDArray[Any], bool]]) -> list[Pieces]:
        """Return the pieces of arrays that each rank has updated.

        Each array has a value per parameter or, where the flag is True, one per block of `UPDATE_BLOCK` parameters.
        """
        return [
            Pieces(
                (array, *span)
                for array, is_by_block in arrays
                for gradient in self._division.gradients
                for span in self._spans(gradient, rank, is_by_block)
            )
            for rank in range(self._size)
        ]

    def _spans(
        self, gradient: SharedGradient, rank: int, is_by_block: bool
    ) -> list[tuple[int, int]]:
        if is_by_block:
            first = gradient.first_task
            return [(first + a, first + b) for a, b in runs(gradient.owners == rank)]
        offset = gradient.parameter.offset
        return [(offset + a, offset + b) for a, b in gradient.owned(rank)]

    def _statistics_pieces(self, phase: int) -> list[Pieces]:
        arena = self._memory.arena
        return [
            Pieces(
                (arena, memory.start + a * memory.floats, memory.start + b * memory.floats)
                for memory in self._exchanges.statistics[phase]
            )
            for a, b in zip(self._division.bounds, self._division.bounds[1:], strict=False)
        ]

    def _pieces_of_samples(self, n: int) -> tuple[dict[int, list[Pieces]], list[Pieces]]:
        """Return the maps of each rank's samples, by the phase before which they are complete, and the losses."""
        by_rows = {g.parameter.name for g in self._division.gradients if g.by_rows}
        wanted: dict[int, dict[SampleMemory, None]] = {}
        for block in self._exchanges.blocks:
            if block.weights in by_rows:
                wanted.setdefault(block.ready + 1, {}).update(dict.fromkeys(block.maps))
        spans = [self._division.samples_of(rank, n) for rank in range(self._size)]
        maps = {
            phase: [self._pieces_of_maps(memories, *span) for span in spans]
            for phase, memories in wanted.items()
        }
        return maps, [Pieces((row, *span) for row in self._losses) for span in spans]

    def _pieces_of_maps(self, memories: Iterable[SampleMemory], first: int, last: int) -> Pieces:
        arena = self._memory.arena
        return Pieces(
            (arena, m.start + first * m.floats, m.start + last * m.floats) for m in memories
        )

    # The exchanges

    def _gather(self, *groups: Sequence[Pieces]) -> None:
        for pieces in groups:
            _gather(self._communicator, pieces)

    def _start(self, pieces: Sequence[Pieces]) -> Future[None]:
        """Start to gather pieces beside the computation."""
        return self._communicator.start(lambda ranks: _gather(ranks, pieces))

    def _exchange_lanes(self, communicator: Communicator) -> None:
        """Exchange the sums of lanes; see `_Sums`."""
        self._lane_sums.exchange(communicator)
        for sums in self._sent_lanes:  # as the update does with those that it reads
            sums[:] = 0.0

    def _exchange_blocks(self) -> None:
        """Add up this rank's groups of samples, and exchange the sums by blocks."""
        for gradient in self._division.gradients:
            if gradient.block is not None:
                self._sum_groups(gradient)
        self._block_sums.exchange(self._communicator)

    def _sum_groups(self, gradient: SharedGradient) -> None:
        """Add up the sums of groups of samples along the tree; the sum of a branch is that of its first group then."""
        for begin, end in self._division.computed(gradient, self._rank):
            for first, length in self._division.parts_of(gradient, self._rank):
                parts = []
                for number in range(first, first + length):
                    memory, offset = self._part(gradient, number)
                    parts.append(memory[offset + begin : offset + end])
                step = 1
                while step < length:
                    for i in range(0, length, 2 * step):
                        np.add(parts[i], parts[i + step], out=parts[i])
                    step *= 2
                for part in parts[1:]:
                    part[:] = NOTHING

    def _clear_parts(self) -> None:
        """Fill the parts that no rank computes with what changes no sum."""
        for gradient in self._division.gradients:
            if gradient.block is None:
                continue
            for number in range(gradient.block.groups):
                memory, offset = self._part(gradient, number)
                memory[offset : offset + gradient.parameter.size] = NOTHING


class _Sums:
    """Parts of gradients that this rank sends to those that update them, and those that it gets.

    Parameters
    ----------
    sent, received : list of Pieces
        By rank.
    """

    def __init__(self, sent: Sequence[Pieces], received: Sequence[Pieces]) -> None:
        self.sent, self.received = sent, received

    def exchange(self, communicator: Communicator) -> None:
        """Exchange them, and put what is received into its places."""
        received = [pieces.buffer() for pieces in self.received]
        communicator.exchange([pieces.packed() for pieces in self.sent], received)
        for pieces in self.received:
            pieces.unpack()


def _gather(communicator: Communicator, pieces: Sequence[Pieces]) -> None:
    """Send this rank's pieces to all others, and put theirs into their places."""
    if not any(piece.size for piece in pieces):
        return
    own = communicator.rank
    parts = [piece.buffer() for piece in pieces]
    parts[own] = pieces[own].packed()
    communicator.all_gather(parts)
    for rank, piece in enumerate(pieces):
        if rank != own:
            piece.unpack()


def _common(
    ones: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the ranges that lie in a range of both lists."""
    pairs = ((max(a, c), min(b, d)) for a, b in ones for c, d in others)
    return sorted((a, b) for a, b in pairs if a < b)
