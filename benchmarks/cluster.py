"""Training on several machines, predicted from the seconds of steps on one machine and from the bytes of each exchange.

    python benchmarks/cluster.py                               # five nets; ten minutes
    python benchmarks/cluster.py --nets resnet18 --batch 64

A step of a rank takes as long as a step of the samples of its lanes takes here, on one thread, and its exchanges. The
bytes are those of `DistributedStep`, counted without running the other ranks. An exchange takes a latency per message
and the time for the bytes that a rank sends or receives, whichever are more (Hockney, 1994, "The communication
challenge for MPP")::

    seconds = alpha · messages + bytes / beta

The prediction is too slow where ranks update only a part of the parameters, because a step here updates all of them.
Exchanges that take place beside the computation are counted as if they did not. It leaves out that ranks wait for the
slowest one, and that switches may be shared.

A batch of 128 images has 64 lanes, so 64 ranks are the most. Below the line, the batch grows with the ranks: two images
for each. This needs more lanes than convnet has, up to 1,024. The bytes are those on the line through
16, 32 and 64 ranks.
"""

import argparse
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from machine import processor
from nets import NETS, Net
from timing import seconds, turns
from training_step import TrainingStep

from convnet.communication.communicator import Communicator
from convnet.graph import Network
from convnet.graph.compiler import TrainingMemory, compile_training
from convnet.graph.optimizer import Optimizer
from convnet.graph.runtime.distributed import DistributedStep
from convnet.layers import as_layers

RANKS = (1, 2, 4, 8, 16, 32, 64)
MORE_RANKS = (128, 256, 512, 1024)
LANE_SAMPLES = 2
TIMED = (
    2,
    4,
    8,
    16,
)  # samples of the steps that are timed; longer steps take as long per sample as the last

LARGE = {
    "resnet50": Net((128, 128, 3), tuple(as_layers("resnet50")), n_classes=10, batch=32, samples=64)
}


class FewImages(Net):
    """A net whose data may have fewer images than classes."""

    def data(self, n, seed=0):
        X, y = super().data(max(n, self.n_classes), seed)
        return X[:n], y[:n]


DEFAULT = ("keraslab", "vggbn", "catdog", "resnet18", "resnet50")


@dataclass(frozen=True)
class Link:
    """A network: seconds per message, and bytes per second in each direction."""

    alpha: float
    beta: float


LINKS = {
    "10 GbE": Link(30e-6, 10e9 / 8),
    "25 GbE": Link(20e-6, 25e9 / 8),
    "200 Gb IB": Link(2e-6, 200e9 / 8),
}


class Alone(Communicator):
    """Stands for a rank among `size` ranks that do not run."""

    def __init__(self, rank, size):
        super().__init__()
        self.rank, self.size = rank, size

    def _transfer(self, send, receive):
        raise AssertionError("no rank runs")

    open_requests = _transfer


def gathered(pieces, rank):
    """Return messages, bytes sent and bytes received of a rank that sends its pieces to all others."""
    others = [piece.size for i, piece in enumerate(pieces) if i != rank]
    messages = len(others) if pieces[rank].size or any(others) else 0
    return messages, pieces[rank].size * len(others), sum(others)


def exchanges(net, batch, rank, size):
    """Return messages, bytes sent and bytes received in each exchange of a step of one rank."""
    network = Network(list(net.layers), net.input_shape, net.n_outputs)
    loss = "sigmoid" if net.n_outputs == 1 else "softmax"
    compiled = compile_training(
        network.plan, network.isa, batch, loss=loss, solver="adam", on_ranks=True
    )
    memory = TrainingMemory(compiled, network.plan, batch)
    optimizer = Optimizer(
        "adam", len(network.params), alpha=0.0, momentum=0.9, nesterov=True, beta_1=0.9,
        beta_2=0.999, epsilon=1e-8,
    )  # fmt: skip
    step = DistributedStep(
        Alone(rank, size),
        compiled,
        memory,
        batch,
        params=network.params,
        moments=optimizer.moments,
        losses=np.zeros((3, batch)),
        squares=np.zeros(max(1, compiled.sizes["squares"])),
        norms=None,
    )
    maps, losses = step._pieces_of_samples(batch)
    found = [gathered(pieces, rank) for pieces in step._statistics.values()]
    found += [gathered(pieces, rank) for pieces in maps.values()]
    for sums in (step._lane_sums, step._block_sums):
        sent, received = ([piece.size for piece in pieces] for pieces in (sums.sent, sums.received))
        found.append((sum(map(bool, sent)), sum(sent), sum(received)))
    found += [gathered(step._after_update, rank), gathered(losses, rank)]
    return [exchange for exchange in found if exchange[0]]


def network_seconds(found, link):
    """Return the seconds of some exchanges."""
    return sum(
        link.alpha * messages + max(sent, received) / link.beta
        for messages, sent, received in found
    )


def measured_steps(net, repeats):
    """Return {samples: seconds} of steps on one thread: the fastest turn, as other processes only add to it."""
    steps = {n: TrainingStep(FewImages(**vars(replace(net, batch=n)))) for n in TIMED}
    clocks = {n: partial(seconds, step.run, 1) for n, step in steps.items()}
    return {n: float(taken.min()) for n, taken in turns(clocks, repeats).items()}


def step_seconds(steps, samples):
    """Return the seconds of a step of so many samples, from those that were measured."""
    most = max(steps)
    if samples >= most:
        return steps[most] * samples / most
    return float(np.interp(samples, [*steps], [*steps.values()]))


def on_line(sizes, values, size):
    """Return the value at `size` on the line through others, at least 0."""
    slope, start = np.polyfit(sizes, values, 1)
    return max(0.0, float(start + slope * size))


def predict(name, net, batch, repeats):
    """Print the predicted speedup of a net for each number of ranks and each network."""
    steps = measured_steps(net, repeats)
    alone = step_seconds(steps, batch)
    print(
        f"\n{name}: {batch} images a step, {1e3 * alone:.1f} ms on one thread; "
        f"{net_parameters(net):,} parameters\n"
    )
    print(
        f"{'ranks':>6}{'images':>8}{'MB':>10}{'exchanges':>11}" + "".join(f"{k:>12}" for k in LINKS)
    )
    for size in (size for size in RANKS if size <= -(-batch // LANE_SAMPLES)):
        found = exchanges(net, batch, 0, size) if size > 1 else []
        lanes = -(-min(64, -(-batch // LANE_SAMPLES)) // size)
        own = -(-batch * lanes // min(64, -(-batch // LANE_SAMPLES)))
        show(size, batch, found, step_seconds(steps, own), alone)
    known = [size for size in (16, 32, 64) if LANE_SAMPLES * size <= batch]
    if len(known) < 3:
        return
    tables = [exchanges(net, LANE_SAMPLES * size, 0, size) for size in known]
    if len({len(table) for table in tables}) > 1:
        return
    print("  more lanes:")
    for size in MORE_RANKS:
        found = [
            tuple(on_line(known, [table[i][j] for table in tables], size) for j in range(3))
            for i in range(len(tables[0]))
        ]
        images = LANE_SAMPLES * size
        show(size, images, found, step_seconds(steps, LANE_SAMPLES), step_seconds(steps, images))


def show(size, images, found, compute, alone):
    """Print the speedup of `size` ranks over one."""
    sent = sum(max(exchange[1:]) for exchange in found) / 1e6
    cells = (alone / (compute + network_seconds(found, link)) for link in LINKS.values())
    print(
        f"{size:>6}{images:>8}{sent:>10.2f}{len(found):>11}"
        + "".join(f"{c:>12.1f}" for c in cells),
        flush=True,
    )


def net_parameters(net):
    """Return the number of parameters of a net."""
    return len(Network(list(net.layers), net.input_shape, net.n_outputs).params)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    nets = NETS | LARGE
    parser.add_argument("--nets", nargs="+", choices=nets, default=DEFAULT)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=20, help="number of steps to time")
    options = parser.parse_args()
    if options.batch < LANE_SAMPLES:
        parser.error(f"--batch must be at least {LANE_SAMPLES}")
    print(f"{processor()}; speedup over one rank of one thread")
    for name in options.nets:
        predict(name, nets[name], options.batch, options.repeats)


if __name__ == "__main__":
    main()
