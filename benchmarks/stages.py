"""The time of each stage of a training step.

    python benchmarks/stages.py vggbn --threads 2

A barrier follows every stage here, so that each can be timed. In a fit the samples of a shard go through several stages
while their maps are in the cache, so the printed sum exceeds the time of a step. The outputs are compared with those of
a step without these barriers before anything is timed.
"""

import argparse
import time

import numpy as np
from machine import processor
from nets import NETS, SMALL_NETS

from convnet.engine import aligned_zeros
from convnet.graph import Network
from convnet.graph.compiler import TrainingMemory, compile_training


class StageTimer:
    """The forward and backward pass of a network, one phase per stage.

    The results are in `output`, `grad_input` and, at the offsets of the network's parameters, in `grad_params`.
    """

    def __init__(self, network, X, grad, n_threads):
        n = len(X)
        compiled = compile_training(
            network.plan,
            network.isa,
            n,
            input_gradient=network.input_gradient,
            separate_stages=True,
        )
        self.stages, self.program = compiled.stages, compiled.program
        self.memory = TrainingMemory(compiled, network.plan, n)
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
        """Run every stage once and return the seconds of each."""
        seconds = np.empty(len(self.stages))
        for i, stage in enumerate(self.stages):
            if stage.name in self._outputs:
                self.context.output(self._outputs[stage.name])
            arguments = self.context, self.memory.arena, self.scratch, self.n_threads, i, i + 1
            start = time.perf_counter()
            self.program.run(*arguments)
            seconds[i] = time.perf_counter() - start
        return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("net", choices=[*NETS, *SMALL_NETS])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--isa")
    parser.add_argument("--winograd", action=argparse.BooleanOptionalAction)
    parser.add_argument(
        "--repeats", type=int, default=20, help="number of steps to time, after a warm-up step"
    )
    options = parser.parse_args()
    net = (NETS | SMALL_NETS)[options.net]
    network = Network(
        list(net.layers),
        net.input_shape,
        net.n_outputs,
        isa=options.isa,
        winograd=options.winograd,
    )
    X, _ = net.data(net.batch)
    grad = np.full((net.batch, net.n_outputs), 1e-3, dtype=np.float32)
    weights = network.get_weights()
    expected = network.forward_training(X, n_threads=options.threads)
    network.set_weights(weights)  # the forward pass changed the running statistics
    timer = StageTimer(network, X, grad, options.threads)
    timer.step()
    np.testing.assert_array_equal(timer.output[: expected.size], expected.reshape(-1))
    times = np.median([timer.step() for _ in range(options.repeats)], axis=0)
    print(
        f"{processor()}, {options.threads} threads, {network.isa}; {options.net}, {net.batch} images"
    )
    print(f"{'layer':<14}{'stage':<24}{'µs':>10}{'share':>8}")
    rows = {}
    for stage, seconds in zip(timer.stages, times, strict=True):
        key = stage.layer, stage.name
        rows[key] = rows.get(key, 0.0) + seconds
    for (layer, name), seconds in rows.items():
        print(f"{layer:<14}{name:<24}{seconds * 1e6:>10.0f}{seconds / times.sum():>8.1%}")
    print(f"{'sum':<38}{times.sum() * 1e6:>10.0f}")


if __name__ == "__main__":
    main()
