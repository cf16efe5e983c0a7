"""What the ranks of a training step exchange: where it lies in memory, and before which phase it is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from convnet.engine import STAGES
from convnet.graph.layout import Buffer, Parameter, aligned
from convnet.graph.ops.base import Op

STATISTICS = ("batchnorm_finish", "batchnorm_grad_finish")


@dataclass(frozen=True)
class SampleMemory:
    """Floats of the arena that hold something of each sample, one sample after the other.

    Parameters
    ----------
    start : int
        Offset of the first sample.
    floats : int
        Of a sample.
    """

    start: int
    floats: int


@dataclass(frozen=True)
class BlockGradient:
    """The gradient of an operation's weights as a matrix, computed in tasks over the whole batch.

    The tasks are those of the first group of samples, block by block of rows, and in these by columns; then those of
    the next group.

    Parameters
    ----------
    first_task : int
        Number of its first task in the phase.
    groups : int
        Groups of samples, whose sums are added.
    taps, rows, columns : int
        The weights are `taps` matrices of so many rows and columns, one after the other.
    block_rows, block_columns : int
        Those of a task, which has them of each tap.
    weights, bias : str
        Names of the parameters; bias is None if there is none.
    bias_by_rows : bool
        Whether the tasks with the first rows compute the bias, a value in each row. If not, those with row 0 do.
    maps : tuple of SampleMemory
        The inputs of the operation and the gradients of its outputs.
    ready : int
        Number of the phase after which the maps are complete.
    """

    first_task: int
    groups: int
    taps: int
    rows: int
    columns: int
    block_rows: int
    block_columns: int
    weights: str
    bias: str | None
    bias_by_rows: bool
    maps: tuple[SampleMemory, ...]
    ready: int

    @property
    def row_blocks(self) -> int:
        """Number of blocks of rows."""
        return -(-self.rows // self.block_rows)

    @property
    def column_blocks(self) -> int:
        """Number of blocks of columns."""
        return -(-self.columns // self.block_columns)

    @property
    def tasks(self) -> int:
        """Number of tasks."""
        return self.groups * self.row_blocks * self.column_blocks


@dataclass(frozen=True)
class TrainedParameter:
    """A parameter that is updated.

    Parameters
    ----------
    name : str
    offset, size : int
        Its place in the flat array.
    gradient : int
        Offset of its gradient in a lane or, if not `by_lanes`, in the gradients of the batch.
    by_lanes : bool
    parts, part : int
        Number of parts of the gradient, and floats from one to the next.
    """

    name: str
    offset: int
    size: int
    gradient: int
    by_lanes: bool
    parts: int
    part: int


@dataclass(frozen=True)
class Exchanges:
    """What a distributed step has to know of a program.

    Parameters
    ----------
    statistics : dict of int to list of SampleMemory
        By phase: the sums of each lane that the phase adds up.
    blocks : list of BlockGradient
        The gradients that phase `blocks_phase` computes.
    trained : list of TrainedParameter
        In the order of their updates.
    blocks_phase, norms_phase, update_phase, bounds_phase : int
        Numbers of phases; -1 if there is no such phase.
    """

    statistics: Mapping[int, Sequence[SampleMemory]] = field(default_factory=dict)
    blocks: Sequence[BlockGradient] = ()
    trained: Sequence[TrainedParameter] = ()
    blocks_phase: int = -1
    norms_phase: int = -1
    update_phase: int = -1
    bounds_phase: int = -1

    @property
    def sums_phase(self) -> int:
        """The first phase that reads the sums of the gradients."""
        return self.update_phase if self.norms_phase < 0 else self.norms_phase

    @property
    def lanes_end(self) -> int:
        """The first phase behind the lanes."""
        return self.sums_phase if self.blocks_phase < 0 else self.blocks_phase

    @property
    def phases(self) -> list[int]:
        """The phases that need an exchange before or after them, in order."""
        numbers = {self.blocks_phase, self.norms_phase, self.update_phase, self.bounds_phase}
        return sorted({*self.statistics, *numbers} - {-1})


def find_exchanges(
    phases: Sequence[tuple[bool, Sequence[tuple[int, str]]]],
    ops: Sequence[Op],
    statistics: Mapping[int, SampleMemory],
    lanes: int,
    trained: Sequence[Parameter],
    place: Callable[[Parameter], Mapping[str, Any]],
) -> Exchanges:
    """Return the exchanges of a training step.

    Parameters
    ----------
    phases : list of (bool, list of (int, str))
        As in `Phases`.
    ops : list of Op
        Operation i has number i + 1.
    statistics : dict of int to SampleMemory
        Where the lanes' sums of a batch norm lie, by number of its operation.
    lanes : int
    trained : list of Parameter
        In the order of their updates.
    place : callable
        Returns the fields that locate a parameter's gradient.
    """
    by_phase: dict[int, list[SampleMemory]] = {}
    blocks: list[BlockGradient] = []
    numbers = {"blocks": -1, "norms": -1, "update": -1, "bounds": -1}
    for phase, (is_batch, stages) in enumerate(phases):
        for number, stage in stages if is_batch else ():
            if stage in STATISTICS:
                by_phase.setdefault(phase, []).append(statistics[number])
            elif stage.endswith("_weights"):
                numbers["blocks"] = phase
                first = sum(block.tasks for block in blocks)
                # The backward pass goes from the last operation to the first.
                ready = _last_phase(phases[:phase], number)
                blocks.append(_block_gradient(ops[number - 1], first, lanes, ready))
            elif stage == "gradient_norm":
                numbers["norms"] = phase
            elif stage == "max_norm":
                numbers["bounds"] = phase
            elif STAGES[stage].family == "update" and stage != "clip":
                numbers["update"] = phase
    parameters = [_trained(parameter, place(parameter)) for parameter in trained]
    phase_numbers = {f"{name}_phase": phase for name, phase in numbers.items()}
    return Exchanges(by_phase, blocks, parameters, **phase_numbers)


def _last_phase(phases: Sequence[tuple[bool, Sequence[tuple[int, str]]]], least: int) -> int:
    """Return the number of the last phase with a stage of operation `least` or of one behind it."""
    return max(
        i for i, (_, stages) in enumerate(phases) if any(number >= least for number, _ in stages)
    )


def _trained(parameter: Parameter, fields: Mapping[str, Any]) -> TrainedParameter:
    return TrainedParameter(
        parameter.name,
        parameter.offset,
        parameter.size,
        fields["gradient"],
        bool(fields.get("by_lanes", 0)),
        fields["parts"],
        fields.get("part", 0),
    )


def _block_gradient(op: Op, first: int, lanes: int, ready: int) -> BlockGradient:
    fields, (taps, rows, columns) = op.weight_blocks(lanes), op.weight_matrix()
    bias = op.parameters.get("bias")
    return BlockGradient(
        first_task=first,
        groups=fields.get("weights_groups", 1),
        taps=taps,
        rows=rows,
        columns=columns,
        block_rows=fields["weights_rows"],
        block_columns=fields["weights_columns"],
        weights=op.parameters["weights"].name,
        bias=None if bias is None else bias.name,
        bias_by_rows=op.bias_by_rows,
        maps=(_map_memory(op.src), _gradient_memory(op.dst)),
        ready=ready,
    )


def _map_memory(buffer: Buffer) -> SampleMemory:
    root = buffer.root
    return SampleMemory(root.start, root.sample)


def _gradient_memory(buffer: Buffer) -> SampleMemory:
    root = buffer.gradient_root
    assert root.gradient_offset is not None
    return SampleMemory(root.gradient_offset, aligned(root.size))
