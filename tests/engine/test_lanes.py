"""Lanes: how many a task takes, and the order in which their gradients are added."""

import numpy as np
import pytest
from kernel_cases import batchnorm
from kernel_memory import Run
from netcheck import ISAS, assert_exact, normals

from convnet.engine import MAX_PARTS, Context, aligned_zeros
from convnet.engine._program import lanes_per_task, run_stage

COUNT = 4096 + 37  # parameters: a whole task of an update and part of one


def tree(parts):
    """Add float32 arrays in a balanced tree: those of the largest power of two before the last, then the others."""
    if len(parts) == 1:
        return parts[0]
    half = 1 << (len(parts) - 1).bit_length() - 1
    return tree(parts[:half]) + tree(parts[half:])


@pytest.mark.parametrize("by_lanes", [True, False])
@pytest.mark.parametrize("parts", [1, 2, 3, 5, 8, 11, 33, 63, MAX_PARTS])
@pytest.mark.parametrize("isa", ISAS)
def test_gradients_are_added_in_a_balanced_tree(isa, parts, by_lanes):
    rng = np.random.default_rng(parts)
    values = normals(rng, (parts, COUNT)) * np.float32(10) ** rng.integers(-3, 4, (parts, 1))
    values = values.astype(np.float32)
    stride = COUNT + 11
    memory = aligned_zeros(parts * stride)
    memory.reshape(parts, stride)[:, :COUNT] = values
    out = aligned_zeros(COUNT)
    context, empty = Context(), aligned_zeros(16)
    context.parameters(aligned_zeros(COUNT), empty, trainable=True)
    if by_lanes:
        context.gradients(memory, parts, empty)
    else:
        context.gradients(empty, 1, memory)
    context.output(out)
    operation = ("update", dict(
        weights=0, count=COUNT, gradient=0, by_lanes=int(by_lanes), parts=parts, part=stride
    ))  # fmt: skip
    for number in range(2):
        run_stage(isa, "reduce", [operation], context, empty, empty, number=number)
    assert_exact(out, tree(list(values)))
    left = 0.0 if by_lanes else values  # the next step adds to the lanes' memory
    assert_exact(memory.reshape(parts, stride)[:, :COUNT], np.broadcast_to(left, values.shape))


@pytest.mark.parametrize(
    ("lanes", "n_threads", "wanted", "run"),
    [
        (64, 1, 1.0, 8),
        (64, 2, 1.0, 4),
        (64, 3, 1.0, 2),
        (64, 8, 1.0, 1),
        (64, 64, 1.0, 1),
        (1, 1, 1.0, 1),
        (10, 1, 1.0, 1),
        (64, 2, 16.0, 16),  # two tasks for each thread remain
        (64, 2, 100.0, 16),
        (64, 64, 100.0, 1),
    ],
)
def test_lanes_of_a_task(lanes, n_threads, wanted, run):
    assert lanes_per_task(lanes, n_threads, wanted) == run


@pytest.mark.parametrize("stage", ["batchnorm_stats", "batchnorm_sums"])
@pytest.mark.parametrize("isa", ISAS)
def test_statistics_do_not_depend_on_the_samples_of_a_call(isa, stage):
    """The sums of a lane, in double, are the same whichever samples a call takes."""
    n, c = 9, 5
    results = []
    for pieces in ([(0, 9)], [(0, 4), (4, 9)], [(0, 1), (1, 2), (2, 8), (8, 9)]):
        case = batchnorm(np.random.default_rng(1), c, n=n)
        [(_, fields)] = case.operations
        run = Run(case.memory, isa, case.operations, [])
        for place in (
            fields["src"],
            fields["grad_dst"],
        ):  # many powers of ten, so that doubles round
            values = run.read(place)
            values *= np.float32(10) ** np.linspace(-8, 2, n, dtype=np.float32)[:, None, None, None]
        if stage == "batchnorm_sums":
            for first in ("batchnorm_stats", "batchnorm_finish", "batchnorm_fwd"):
                run.call(first)
        scratch = aligned_zeros(1024)
        for s0, s1 in pieces:
            run_stage(isa, stage, case.operations, run.context, run.arena, scratch, s0=s0, s1=s1)
        start = fields["statistics"]
        results.append(run.arena[start : start + 4 * c].view(np.float64).copy())
    assert np.count_nonzero(results[0]) > c
    for other in results[1:]:
        np.testing.assert_array_equal(other, results[0])


def test_a_lane_may_have_more_memory_than_it_needs():
    """The parts of a gradient lie where the lanes' memory says."""
    count, lanes, room = 5, 3, 32
    memory = aligned_zeros(lanes * room)
    memory.reshape(lanes, room)[:, :count] = np.arange(lanes * count).reshape(lanes, count)
    out, empty, context = aligned_zeros(count), aligned_zeros(16), Context()
    context.parameters(aligned_zeros(count), empty, trainable=True)
    context.gradients(memory, lanes, empty)
    context.output(out)
    operation = ("update", dict(weights=0, count=count, gradient=0, by_lanes=1, parts=lanes))
    run_stage("scalar", "reduce", [operation], context, empty, empty)
    assert_exact(out, np.arange(15, 30, 3, dtype=np.float32))
