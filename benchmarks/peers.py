"""Training and prediction of whole nets, compared with PyTorch in two modes: eager and channels last.

    pip install torch==2.13.0
    python benchmarks/peers.py --nets keraslab vggbn --threads 2 --repeats 5
    python benchmarks/peers.py --vs onnxruntime openvino jax
    python benchmarks/peers.py --vs onnxruntime --latency

Before anything is timed, the logits of all contestants are compared on the same weights. Then the contestants take
turns. In each turn, the time of PyTorch in its faster mode is divided by the time of convnet. The printed ratio is the
median over the turns: above 1, convnet is faster.
"""

import argparse
import warnings

import numpy as np
from contestants import CONTESTANTS, check, makers
from convnet_net import classifier, epoch_seconds
from machine import peak, processor
from memory import memory
from nets import NETS, SMALL_NETS
from others import latency, throughput
from scaling import scaling
from structure import plan
from timing import seconds, turns


def flops(net):
    """Return the floating-point operations per sample in training and in prediction: two for each multiply-add.

    Training has three passes per layer (forward, gradient of the weights, gradient of the data). The first layer does
    not need the gradient of the data.
    """
    products = [info.multiply_adds for info in plan(net).layers]
    first = next(p for p in products if p)
    return 2 * (3 * sum(products) - first), 2 * sum(products)


def measure(name, net, n_threads, repeats, samples, found):
    """Return the seconds of each turn by job and contestant. The first turn is a warm-up and is dropped."""
    X, y = net.data(samples)
    clf = classifier(net, n_threads, 1).fit(X, y)
    peers = {other: make(net, X, y, n_threads) for other, make in found.items()}
    check(name, clf, peers, X)
    jobs = {("train", "convnet"): lambda: epoch_seconds(net, X, y, n_threads)}
    jobs["predict", "convnet"] = lambda: seconds(clf.predict_proba, X)
    for other, peer in peers.items():
        jobs["train", other] = lambda peer=peer: seconds(peer.fit_epoch)
        jobs["predict", other] = lambda peer=peer: seconds(peer.predict_proba)
    times = turns(jobs, repeats)
    return {
        job: {other: t for (of, other), t in times.items() if of == job}
        for job in ("train", "predict")
    }


def report(name, net, samples, times, gflops_peak):
    """Print a line for each job: images/s of each contestant, the ratio and the share of the FMA peak."""
    for job, flops_per_image in zip(("train", "predict"), flops(net), strict=True):
        ours = times[job]["convnet"]
        theirs = np.minimum(times[job]["eager"], times[job]["channels last"])
        rates = [f"{samples / np.median(t):>13,.0f}" for t in times[job].values()]
        share = samples * flops_per_image / np.median(ours) / (gflops_peak * 1e9)
        print(
            f"{name:<12}{job:<8}{''.join(rates)}{np.median(theirs / ours):>8.2f}{share:>8.0%}",
            flush=True,
        )


def table(nets, options):
    """Print the table that compares convnet with the two modes of PyTorch."""
    found = makers(("eager", "channels last"))
    import torch

    gflops_peak = peak(options.threads)
    print(f"FMA peak {gflops_peak:.0f} GFLOP/s, PyTorch {torch.__version__}; images/s\n")
    print(
        f"{'net':<12}{'job':<8}{'convnet':>13}{'eager':>13}{'channels last':>13}{'ratio':>8}{'peak':>8}"
    )
    for name, net in nets.items():
        samples = options.samples or net.samples
        times = measure(name, net, options.threads, options.repeats, samples, found)
        report(name, net, samples, times, gflops_peak)


TABLES = {"others": throughput, "latency": latency, "memory": memory, "scaling": scaling}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nets", nargs="+", choices=NETS | SMALL_NETS, default=list(NETS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--samples", type=int, help="images per epoch; by default, each net has its own number"
    )
    parser.add_argument(
        "--vs",
        nargs="+",
        choices=CONTESTANTS,
        metavar="LIBRARY",
        help="compare with these libraries in turns; "
        f"all of them have to be installed: {', '.join(CONTESTANTS)}",
    )
    group = parser.add_argument_group("tables to print instead of the comparison with PyTorch")
    for name, function in TABLES.items():
        group.add_argument(f"--{name}", action="store_true", help=function.__doc__.rstrip("."))
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # about fits that end before convergence
    print(f"{processor()}, {options.threads} threads, medians of {options.repeats} turns")
    nets = {name: (NETS | SMALL_NETS)[name] for name in options.nets}
    tables = [TABLES[name] for name in TABLES if getattr(options, name)]
    for function in tables or [throughput if options.vs else table]:
        function(nets, options)


if __name__ == "__main__":
    main()
