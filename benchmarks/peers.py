"""Training and prediction of whole nets, compared with PyTorch in two modes: eager and channels last.

    pip install torch==2.13.0
    python benchmarks/peers.py --nets keraslab vggbn --threads 2 --repeats 5

Before anything is timed, the logits of all contestants are compared on the same weights. Then the contestants take
turns. In each turn, the time of PyTorch in its faster mode is divided by the time of convnet. The printed ratio is the
median over the turns: above 1, convnet is faster.
"""

import argparse
import warnings

import numpy as np
from contestants import makers
from convnet_net import classifier, epoch_seconds
from machine import peak, processor
from memory import memory
from nets import NETS
from others import latency, throughput
from scaling import scaling
from timing import seconds, turns

from convnet.graph import Plan


def flops(net):
    """Return the floating-point operations per sample in training and in prediction: two for each multiply-add.

    Training has three passes per layer (forward, gradient of the weights, gradient of the data). The first layer does
    not need the gradient of the data.
    """
    plan = Plan(list(net.layers), net.input_shape, net.n_outputs)
    products = [info.multiply_adds for info in plan.layers]
    first = next(p for p in products if p)
    return 2 * (3 * sum(products) - first), 2 * sum(products)


def check(net, clf, peers, X):
    """Exit unless every contestant returns the same logits and probabilities for the same weights."""
    want = clf.decision_function(X)
    for name, peer in peers.items():
        peer.load(clf.weights_)
        error = np.abs(peer.logits() - want).max() / max(1.0, np.abs(want).max())
        if not error <= 1e-4:
            raise SystemExit(
                f"{name}: logits differ by {error:.2g} from convnet's on the same weights"
            )
        if not np.abs(peer.predict_proba() - clf.predict_proba(X)).max() <= 1e-4:
            raise SystemExit(f"{name}: probabilities differ from convnet's on the same weights")


def measure(net, n_threads, repeats, samples, found):
    """Return the seconds of each turn by job and contestant. The first turn is a warm-up and is dropped."""
    X, y = net.data(samples)
    clf = classifier(net, n_threads, 1).fit(X, y)
    peers = {name: make(net, X, y, n_threads) for name, make in found.items()}
    check(net, clf, peers, X)
    jobs = {("train", "convnet"): lambda: epoch_seconds(net, X, y, n_threads)}
    jobs["predict", "convnet"] = lambda: seconds(clf.predict_proba, X)
    for name, peer in peers.items():
        jobs["train", name] = lambda peer=peer: seconds(peer.fit_epoch)
        jobs["predict", name] = lambda peer=peer: seconds(peer.predict_proba)
    times = turns(jobs, repeats)
    return {
        job: {name: t for (of, name), t in times.items() if of == job}
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
    if not found:
        raise SystemExit("This table needs PyTorch. See --help for other tables.")
    import torch

    gflops_peak = peak(options.threads)
    print(f"FMA peak {gflops_peak:.0f} GFLOP/s, PyTorch {torch.__version__}; images/s\n")
    print(
        f"{'net':<12}{'job':<8}{'convnet':>13}{'eager':>13}{'channels last':>13}{'ratio':>8}{'peak':>8}"
    )
    for name, net in nets.items():
        samples = options.samples or net.samples
        times = measure(net, options.threads, options.repeats, samples, found)
        report(name, net, samples, times, gflops_peak)


TABLES = {"others": throughput, "latency": latency, "memory": memory, "scaling": scaling}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nets", nargs="+", choices=NETS, default=list(NETS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--samples", type=int, help="images per epoch; by default, each net has its own number"
    )
    group = parser.add_argument_group("tables to print instead of the comparison with PyTorch")
    for name, function in TABLES.items():
        group.add_argument(f"--{name}", action="store_true", help=function.__doc__.rstrip("."))
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # about fits that end before convergence
    print(f"{processor()}, {options.threads} threads, medians of {options.repeats} turns")
    nets = {name: NETS[name] for name in options.nets}
    for function in [TABLES[name] for name in TABLES if getattr(options, name)] or [table]:
        function(nets, options)


if __name__ == "__main__":
    main()
