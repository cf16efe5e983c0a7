"""GFLOP/s of the three passes of single convolutions, compared with oneDNN if PyTorch is installed.

    python benchmarks/kernels.py --threads 2 --layers "vggbn-*"

Each pass is checked against sums in float64 before it is timed. GFLOP/s count the operations of the direct sum,
whichever algorithm runs, so a fast algorithm can exceed the peak.
"""

import argparse
import time

import numpy as np
from machine import peak, processor
from shapes import expected, read_shapes
from stages import StageTimer
from timing import SETTLE, block, turns

from convnet.engine import available_isas, default_isa
from convnet.graph import Network
from convnet.layers import Conv2D

try:
    import torch
    from torch_conv2d import TorchConv2D
except ImportError:
    torch = None

PASSES = ("forward", "data", "weight", "all")
PARTS = ("pack", "forward", "backward", "finish")
AT_LEAST = 0.02  # minimum seconds of a block of calls
TOLERANCE = 1e-3  # share of the largest value; Winograd's algorithm rounds more than the direct sum


def part(stage):
    """Return the part of a step that a stage belongs to: one of PARTS, or None for conversions and copies."""
    if stage.startswith("pack"):
        return "pack"
    if stage == "reduce" or stage.endswith("_weights"):
        return "finish"
    backward = dict.fromkeys(("bwd", "data", "mask"), "backward")
    return ({"fwd": "forward"} | backward).get(stage.rsplit("_", 1)[-1])


class Layer:
    """A convolution in a network of its own.

    "forward" is packing the weights and the forward pass. "weight" is the backward pass without the gradient with
    respect to X, and adding up the parts of the gradient. "data" is the additional time that packing and the backward
    pass take with that gradient. Converting the input and copying results for the caller are left out.
    """

    def __init__(self, shape, arrays, options):
        X, weights, bias, grad = arrays
        layer = Conv2D(
            shape.filters,
            shape.kernel,
            stride=shape.stride,
            padding=shape.padding,
            groups=shape.groups,
            name="conv",
        )
        self.timers = []
        for input_gradient in (False, True):
            network = Network(
                [layer],
                X.shape[1:],
                isa=options.isa,
                winograd=options.winograd,
                input_gradient=input_gradient,
            )
            network.set_weights({"conv/weights": weights, "conv/bias": bias})
            self.timers.append(StageTimer(network, X, grad, options.threads))
        self.network, self.shape = network, shape
        self.algorithm = network.plan.layers[0].algorithm

    def results(self):
        """Return the same arrays as `expected`, from the step that is timed."""
        n, timer, plan = self.shape.n, self.timers[True], self.network.plan
        timer.step()
        by = {
            p.name: timer.grad_params[p.offset : p.offset + p.size].reshape(p.shape)
            for p in plan.parameters
        }
        return (
            timer.output[: n * np.prod(plan.output_shape)].reshape(n, *plan.output_shape),
            timer.grad_input[: n * np.prod(plan.input_shape)].reshape(n, *plan.input_shape),
            by["conv/weights"],
            by["conv/bias"],
        )

    def seconds(self):
        """Return the median seconds of each pass in this turn, over at least AT_LEAST seconds after a warm-up step."""
        time.sleep(SETTLE)
        for timer in self.timers:
            timer.step()
        noted, until = ([], []), time.perf_counter() + AT_LEAST
        while not noted[0] or time.perf_counter() < until:
            for steps, timer in zip(noted, self.timers, strict=True):
                steps.append(timer.step())
        alone, both = map(sums, self.timers, noted)
        times = (
            alone["pack"] + alone["forward"],
            both["pack"] + both["backward"] - alone["pack"] - alone["backward"],
            alone["backward"] + alone["finish"],
        )
        return dict(zip(PASSES, (*times, sum(times)), strict=True))


def sums(timer, steps):
    """Return the median seconds of each part of the steps."""
    by_part = dict.fromkeys(PARTS, 0.0)
    for stage, taken in zip(timer.stages, np.median(steps, axis=0), strict=True):
        if part(stage.name):
            by_part[part(stage.name)] += taken
    return by_part


def check(name, shape, results, wanted):
    what = ("output", "gradient of X", "gradient of the weights", "gradient of the bias")
    for result, right, of_what in zip(results, wanted, what, strict=True):
        error = np.abs(result - right).max() / np.abs(right).max()
        if not error <= TOLERANCE:
            raise SystemExit(f"{shape.name}: {name}'s {of_what} is wrong by {error:.2g}")


def peer_seconds(peer):
    times = {name: block(getattr(peer, name), AT_LEAST) for name in PASSES[:-1]}
    return times | {PASSES[-1]: sum(times.values())}


def measure(shape, options):
    """Return the algorithm, and the seconds of each pass of convnet and of oneDNN (or None).

    The seconds are arrays with one value per turn.
    """
    arrays = shape.data()
    wanted = expected(shape, *arrays)
    layer = Layer(shape, arrays, options)
    check("convnet", shape, layer.results(), wanted)
    clocks = {"convnet": layer.seconds}
    if options.torch:
        peer = TorchConv2D(shape, *arrays)
        check("oneDNN", shape, peer.results(), wanted)
        clocks["oneDNN"] = lambda: peer_seconds(peer)
    noted = turns(clocks, options.repeats)
    times = [{p: np.array([t[p] for t in taken]) for p in PASSES} for taken in noted.values()]
    return layer.algorithm, *times, *[None] * (2 - len(times))


def columns(shape, ours, theirs, gflops_peak):
    """Return the cells of a line. Each pass: GFLOP/s, share of the peak and, with oneDNN, its GFLOP/s and the ratio."""
    cells = []
    for name in PASSES:
        taken = np.median(ours[name])
        if taken <= 0:  # the difference is within the noise
            cells.append(f"{'-':>8}{'-':>6}{'-':>7}{'-':>7}" if theirs else f"{'-':>8}{'-':>6}")
            continue
        flops = shape.flops * (len(PASSES) - 1 if name == PASSES[-1] else 1)
        rate = flops / taken * 1e-9
        cells.append(f"{rate:>8.0f}{rate / gflops_peak:>6.0%}")
        if theirs:
            rate = flops / np.median(theirs[name]) * 1e-9
            cells.append(f"{rate:>7.0f}{np.median(theirs[name] / ours[name]):>7.2f}")
    return "".join(cells)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--isa",
        choices=available_isas(),
        help="instruction set of convnet; the default is the best. oneDNN is not capped",
    )
    parser.add_argument("--layers", default="*", help="pattern of names in shapes.txt")
    parser.add_argument(
        "--winograd",
        action=argparse.BooleanOptionalAction,
        help="the default follows CONVNET_WINOGRAD",
    )
    parser.add_argument("--torch", action=argparse.BooleanOptionalAction, default=torch is not None)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    if options.torch:
        torch.set_num_threads(options.threads)
    gflops_peak = peak(options.threads, isa=options.isa)
    isa = options.isa or default_isa()
    print(f"{processor()}, {options.threads} threads, {isa}, FMA peak {gflops_peak:.0f} GFLOP/s")
    beside = f"compared with oneDNN in PyTorch {torch.__version__}, " if options.torch else ""
    print(f"GFLOP/s of the direct sum, {beside}medians of {options.repeats} turns\n")
    heads = [
        f"{name:>8}{'peak':>6}" + f"{'oneDNN':>7}{'ratio':>7}" * options.torch for name in PASSES
    ]
    print(f"{'layer':<20}{'algorithm':<10}{''.join(heads)}")
    for shape in read_shapes(options.layers):
        algorithm, ours, theirs = measure(shape, options)
        print(
            f"{shape.name:<20}{algorithm:<10}{columns(shape, ours, theirs, gflops_peak)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
