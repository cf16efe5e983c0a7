"""Training with convnet on several threads: measured, and predicted from the seconds of single tasks on one thread.

    python benchmarks/peers.py --scaling                           # images/s of whole fits, measured
    python benchmarks/scaling.py --model resnet18                  # predicted up to 64 threads
    python benchmarks/scaling.py --model vggbn --threads 1 3 12 --batch 128

The prediction simulates the engine. In each phase of a step, threads take the tasks in order, each as soon as it is
done with the one before, and wait for each other at the end. The more threads there are, the fewer lanes a task takes.
A phase with little work runs on one thread. Tasks are measured on one thread, so the prediction leaves out what several
threads add: shared caches and memory, lower clock rates, other processes.

"tasks alone" is the speedup without barriers. It is limited by the number of tasks and by their sizes. "predicted" adds
a barrier per phase, which costs what an empty parallel region takes. For more threads than the machine has, that
cost is extrapolated: it grows by the same time with each thread.

Before anything is timed, the weights after a step that runs task by task are compared with those after a step of the
engine.
"""

import argparse
import heapq
import os
from dataclasses import replace

import numpy as np
from convnet_net import epoch_seconds
from machine import processor
from nets import NETS
from timing import seconds, turns
from training_step import TrainingStep

THREADS = (1, 2, 4, 8, 16, 32, 64)
REGIONS = 1000  # empty parallel regions that are timed together


def thread_counts():
    """Return 1, 2, 4, ... and the number of processors that this process may use."""
    most = n_processors()
    return sorted({*(2**k for k in range(most.bit_length()) if 2**k <= most), most})


def n_processors():
    """Return the number of processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count()


def scaling(nets, options):
    """Training with convnet on 1, 2, 4, ... threads: images/s, and the speedup over one thread."""
    print(f"\n{'net':<12}{'threads':>8}{'images/s':>10}{'speedup':>9}")
    for name, net in nets.items():
        X, y = net.data(options.samples or net.samples)
        clocks = {
            n: lambda n=n, net=net, X=X, y=y: epoch_seconds(net, X, y, n) for n in thread_counts()
        }
        times = turns(clocks, options.repeats)
        for n, taken in times.items():
            print(
                f"{name:<12}{n:>8}{len(X) / np.median(taken):>10,.0f}"
                f"{np.median(times[1] / taken):>9.2f}",
                flush=True,
            )


def makespan(tasks, n_threads):
    """Return when the last of the tasks ends if each thread takes the next one as soon as it is free."""
    free = [0.0] * min(n_threads, max(1, len(tasks)))
    for task in tasks:
        heapq.heapreplace(free, free[0] + task)
    return max(free)


def step_seconds(phases, n_threads, barrier):
    """Return the predicted seconds of a step.

    Parameters
    ----------
    phases : list of (bool, ndarray)
        For each phase: whether it runs on several threads, and the seconds of its tasks in order.
    n_threads : int
    barrier : float
        Seconds of an empty parallel region on `n_threads` threads.
    """
    total = 0.0
    for parallel, tasks in phases:
        total += makespan(tasks, n_threads) + barrier if parallel else tasks.sum()
    return total


def barrier_seconds(step, counts, repeats):
    """Return {threads: seconds of an empty parallel region}: the fastest turn, as other processes only add to it."""
    program = step.empty_regions(REGIONS)
    arena, scratch = step.memory.arena, step.memory.scratch_for(step.program, max(counts))
    clocks = {
        n: lambda n=n: seconds(program.run, step.context, arena, scratch, n) / REGIONS
        for n in counts
        if n > 1
    }
    return {1: 0.0} | {n: float(t.min()) for n, t in turns(clocks, repeats).items()}


def extrapolated(barriers, n_threads):
    """Return the seconds of a barrier: measured, or on the line through the measured ones.

    Returns NaN if nothing was measured on several threads.
    """
    if n_threads in barriers:
        return barriers[n_threads]
    if len(barriers) == 1:
        return float("nan")
    slope, start = np.polyfit([*barriers], [*barriers.values()], 1)
    return float(start + slope * n_threads)


def check(step, counts=(1, 64)):
    """Exit unless a step that runs task by task changes the weights exactly as a step of the engine does."""
    params, start = step.network.params, step.network.params.copy()
    ends = []
    for run in (lambda: step.run(1), *(lambda n=n: step.time_tasks(n) for n in counts)):
        step.optimizer.reset()
        params[...] = start
        run()
        ends.append(params.copy())
    if any(not np.array_equal(ends[0], end) for end in ends) or np.array_equal(ends[0], start):
        raise SystemExit("a step that runs task by task changes the weights in another way")


def median_tasks(rounds):
    """Return one step of which each task takes the median of its seconds in several steps."""
    return [
        (phase[0][0], np.median([seconds for _, seconds in phase], axis=0))
        for phase in zip(*rounds, strict=True)
    ]


def model(name, options):
    """Print the phases of a step of a net, and the predicted and the measured speedup."""
    net = NETS[name]
    step = TrainingStep(replace(net, batch=options.batch or net.batch), options.isa)
    check(step)
    counts = sorted({1, *options.threads})
    rounds = {n: [step.time_tasks(n) for _ in range(1 + options.repeats)][1:] for n in counts}
    tasks = {n: median_tasks(rounds[n]) for n in counts}
    print(f"{processor()}, {step.network.isa}; {name}, {step.n} images, {step.lanes} lanes\n")
    print_phases(step, counts[-1], tasks[counts[-1]])
    here = [n for n in counts if n <= n_processors()]
    times = turns({n: lambda n=n: seconds(step.run, n) for n in here}, options.repeats)
    barriers = barrier_seconds(step, here, options.repeats)
    alone = step_seconds(tasks[1], 1, 0.0)
    print(
        f"\nOn one thread, the tasks take {alone * 1e3:.2f} ms together, a step {np.median(times[1]) * 1e3:.2f} ms.\n"
    )
    print(f"{'threads':>8}{'barrier, µs':>14}{'tasks alone':>13}{'predicted':>11}{'measured':>10}")
    for n in counts:
        barrier = extrapolated(barriers, n)
        limit, predicted = (alone / step_seconds(tasks[n], n, cost) for cost in (0.0, barrier))
        measured = f"{np.median(times[1] / times[n]):.2f}" if n in times else "-"
        mark = " " if n in barriers else "*"
        print(f"{n:>8}{barrier * 1e6:>13.1f}{mark}{limit:>13.2f}{predicted:>11.2f}{measured:>10}")
    if len(here) < len(counts):
        print(f"\n* extrapolated: this machine has {n_processors()} processors")


def print_phases(step, n_threads, phases):
    """Print the phases of a step on `n_threads` threads: kind, tasks, seconds, share, first and last stage."""
    total = sum(taken.sum() for _, taken in phases)
    print(f"Tasks on {n_threads} threads:\n")
    print(f"{'phase':>5}  {'kind':<6}{'tasks':>6}{'ms':>9}{'share':>8}{'longest, ms':>13}  stages")
    for number, (parallel, taken) in enumerate(phases):
        stages = [s for s in step.stages if s.phase == number]
        ends = dict.fromkeys(f"{s.layer}: {s.name}" for s in (stages[0], stages[-1]))
        kind = "batch" if stages[0].is_batch else "lane"
        print(
            f"{number:>5}  {kind:<6}{len(taken):>6}{taken.sum() * 1e3:>9.3f}"
            f"{taken.sum() / total:>8.1%}{taken.max(initial=0.0) * 1e3:>13.3f}  {' ... '.join(ends)}"
            f"{'' if parallel or n_threads == 1 else '  (one thread)'}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=NETS, required=True, help="net to predict")
    parser.add_argument("--threads", type=int, nargs="+", default=THREADS)
    parser.add_argument("--batch", type=int, help="batch size; the default is that of the net")
    parser.add_argument("--isa", help="instruction set; the default is the best")
    parser.add_argument("--repeats", type=int, default=10, help="number of steps to time")
    options = parser.parse_args()
    if min(options.threads) < 1:
        parser.error("--threads: each number must be at least 1")
    model(options.model, options)


if __name__ == "__main__":
    main()
