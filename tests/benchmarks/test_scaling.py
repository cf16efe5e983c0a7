"""The simulation of threads that take tasks, and the tasks of a training step."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from nets import NETS
from scaling import check, extrapolated, makespan, median_tasks, step_seconds
from training_step import WORTH, TrainingStep

ENGINE = Path(__file__).parents[2] / "convnet" / "engine"


@pytest.mark.parametrize(
    ("tasks", "n_threads", "end"),
    [
        ([3.0, 1.0, 1.0, 1.0], 2, 3.0),
        ([1.0, 1.0, 1.0, 3.0], 2, 4.0),  # the longest task first would end at 3
        ([1.0, 2.0, 3.0], 1, 6.0),
        ([1.0, 2.0, 3.0], 64, 3.0),
        ([], 4, 0.0),
    ],
)
def test_threads_take_tasks_in_order(tasks, n_threads, end):
    assert makespan(tasks, n_threads) == end


def test_seconds_of_a_step():
    seconds = [np.array([1.0, 1.0]), np.array([4.0]), np.array([0.5, 0.5])]
    # One task, or a phase that is not worth waking threads: no barrier, no gain.
    phases = list(zip([True, False, False], seconds, strict=True))
    assert step_seconds(phases, 2, 0.25) == 1.0 + 0.25 + 4.0 + 1.0
    assert step_seconds([(False, s) for s in seconds], 1, 0.25) == 7.0


def test_phases_run_on_one_thread_as_in_the_engine():
    source = (ENGINE / "_program.pyx").read_text(encoding="utf-8")
    assert [float(n) for n in re.findall(r"^cdef double WORTH = (\S+)", source, re.MULTILINE)] == [
        WORTH
    ]


def test_barriers_beyond_the_machine():
    measured = {1: 0.0, 2: 2.0, 4: 6.0}
    assert extrapolated(measured, 4) == 6.0
    assert extrapolated(measured, 8) == pytest.approx(14.0)
    assert np.isnan(extrapolated({1: 0.0}, 8))


@pytest.mark.parametrize("name", ["walkthrough", "vggbn", "resnet18", "mobilenetv2", "catdog16"])
def test_tasks_are_those_of_the_engine(name):
    """Task by task, a step changes the weights to the same bits. Otherwise `check` exits."""
    step = TrainingStep(replace(NETS[name], batch=11))
    check(step)
    is_batch = {s.phase: s.is_batch for s in step.stages}
    tasks = [len(seconds) for _, seconds in step.time_tasks(64)]
    assert len(tasks) == len(is_batch)
    assert {tasks[phase] for phase in is_batch if not is_batch[phase]} == {step.lanes} == {6}
    assert not any(parallel for parallel, _ in step.time_tasks(1))


def test_check_finds_another_step():
    step = TrainingStep(replace(NETS["walkthrough"], batch=32))
    time_tasks = step.time_tasks
    step.time_tasks = lambda n_threads: (
        step.optimizer.advance(step.context, 0.5),
        time_tasks(n_threads),
    )
    with pytest.raises(SystemExit, match="changes the weights in another way"):
        check(step)


def test_medians_of_tasks():
    rounds = [
        [(True, np.array([1.0, 5.0]))],
        [(True, np.array([2.0, 4.0]))],
        [(True, np.array([9.0, 3.0]))],
    ]
    [(parallel, seconds)] = median_tasks(rounds)
    assert parallel
    assert seconds.tolist() == [2.0, 4.0]


def test_program(run):
    done = run("scaling.py", "--model", "walkthrough", "--threads", "64", "--repeats", "1")
    assert not done.returncode, done.stderr
    rows = re.findall(r"^ +(\d+) +\S+ +(\S+) +(\S+) +(\S+)$", done.stdout, re.MULTILINE)
    assert [row[0] for row in rows] == ["1", "64"]
    assert rows[0][1:] == ("1.00", "1.00", "1.00")
    assert "walkthrough, 128 images, 64 lanes" in done.stdout
    assert re.search(r"^ +1  lane +64 .*%.*  input: input \.\.\. ", done.stdout, re.MULTILINE)


def test_bad_threads(run):
    done = run("scaling.py", "--model", "walkthrough", "--threads", "0")
    assert done.returncode == 2
    assert "--threads: each number must be at least 1" in done.stderr
