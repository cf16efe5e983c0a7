"""A training step taken apart: seconds of each stage of a net, as it runs after the stages before it.

    python benchmarks/stages.py vggbn --threads 2

Here a barrier follows every stage, so that each can be timed. In a fit the samples of a shard go through a run
of stages while their maps are in the cache: the sum of what is printed is more than the time of a step.
"""

import argparse
import time
from unittest import mock

import numpy as np
from machine import processor
from nets import NETS

from convnet.engine import Program, aligned_zeros
from convnet.graph import Network
from convnet.graph.compiler import training
from convnet.graph.compiler.fusion import fuse
from convnet.graph.compiler.memory import Memory


class Stages:
    """The forward and backward pass of a network, a phase a stage.

    `forward` is the number of stages up to the outputs. Results lie in `output`, `grad_input` and, by the offsets of
    the network's parameters, in `grad_params`.
    """

    def __init__(self, network, X, grad, n_threads):
        n = len(X)
        with mock.patch.object(training, "Program", wraps=Program) as maker:
            compiled = training.compile_training(
                network.plan, network.isa, n, input_gradient=network.input_gradient
            )
        isa, operations, phases, *memory = maker.call_args.args
        split = [(*of_phase, [entry]) for *of_phase, entries in phases for entry in entries]
        self.entries = [entry for *_, (entry,) in split]
        self.forward = next(i for i, (_, s) in enumerate(self.entries) if s == "output") + 1
        self.program = compiled.program = Program(isa, operations, split, *memory)
        self.memory = Memory(compiled, network.plan, n)
        self.scratch = self.program.scratch(n_threads)
        self.n_threads = n_threads
        least = n * compiled.sizes["output"]
        self.output = aligned_zeros(least)
        self.grad_input = aligned_zeros(max(least, n * compiled.sizes["gradient"]))
        self.grad_params = aligned_zeros(max(least, len(network.params)))
        self._outputs = {
            "output": self.output,
            "gradient_out": self.grad_input,
            "reduce": self.grad_params,
        }
        self.context = self.memory.context(network.params)
        self.context.input(X, 1.0)
        self.context.gradient(grad.reshape(-1))
        self.context.random(0, 0)

    def step(self):
        """Run every stage once; return the seconds of each."""
        noted = np.empty(len(self.entries))
        for i, (_, stage) in enumerate(self.entries):
            if stage in self._outputs:
                self.context.output(self._outputs[stage])
            arguments = self.context, self.memory.arena, self.scratch, self.n_threads, i, i + 1
            start = time.perf_counter()
            self.program.run(*arguments)
            noted[i] = time.perf_counter() - start
        return noted


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("net", choices=NETS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--isa")
    parser.add_argument("--winograd", action=argparse.BooleanOptionalAction)
    parser.add_argument("--repeats", type=int, default=20, help="steps, after one to warm up")
    options = parser.parse_args()
    net = NETS[options.net]
    network = Network(
        list(net.layers),
        net.input_shape,
        net.n_outputs,
        isa=options.isa,
        winograd=options.winograd,
    )
    X, _ = net.data(net.batch)
    grad = np.full((net.batch, net.n_outputs), 1e-3, dtype=np.float32)
    stages = Stages(network, X, grad, options.threads)
    stages.step()
    times = np.median([stages.step() for _ in range(options.repeats)], axis=0)
    ops, _ = fuse(network.plan.build()[0].ops)
    layers = ["input", *(op.layer for op in ops), "output"]
    print(
        f"{processor()}, {options.threads} threads, {network.isa}; {options.net}, {net.batch} rows"
    )
    print(f"{'layer':<14}{'stage':<24}{'µs':>10}{'share':>8}")
    rows = {}
    for (number, stage), taken in zip(stages.entries, times, strict=True):
        layer = layers[number] if number < len(layers) else "parameters"
        rows[layer, stage] = rows.get((layer, stage), 0.0) + taken
    for (layer, stage), taken in rows.items():
        print(f"{layer:<14}{stage:<24}{taken * 1e6:>10.0f}{taken / times.sum():>8.1%}")
    print(f"{'sum':<38}{times.sum() * 1e6:>10.0f}")


if __name__ == "__main__":
    main()
