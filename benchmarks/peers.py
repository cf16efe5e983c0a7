"""Whole training epochs and batch predictions beside PyTorch, eager and channels last.

    pip install torch==2.13.0
    python benchmarks/peers.py --nets keraslab vggbn --threads 2 --repeats 5

Logits are compared on the same weights before anything is timed. The contestants take turns; the ratio is the
median over the turns of PyTorch's time (the better mode of that turn) by convnet's: above 1 convnet is faster.
"""

import argparse
import time
import warnings

import numpy as np
import torch
from machine import peak, processor
from nets import NETS
from torch_net import TorchNet

from convnet import ConvNetClassifier
from convnet.graph import Plan
from convnet.layers import resolve_names

EPOCHS = 2  # an epoch's time is (fit of 1 + EPOCHS epochs - fit of 1) / EPOCHS: no checks, no plan, no copies


def seconds(function, *args):
    start = time.perf_counter()
    function(*args)
    return time.perf_counter() - start


def classifier(net, n_threads, max_iter):
    return ConvNetClassifier(
        list(net.layers),
        batch_size=net.batch,
        alpha=0.0,
        max_iter=max_iter,
        n_jobs=n_threads,
        random_state=0,
    )


def convnet_epoch(net, X, y, n_threads):
    few, many = (seconds(classifier(net, n_threads, k).fit, X, y) for k in (1, 1 + EPOCHS))
    return (many - few) / EPOCHS


def flops(net):
    """Of one sample, in training and in prediction: two for each multiply-add.

    Training passes each layer three times (forward, gradients of weights and of data), but nobody wants the
    gradient of the first layer's data.
    """
    plan = Plan(list(net.layers), net.input_shape, net.n_outputs)
    products = [info.multiply_adds for info in plan.layers]
    first = next(p for p in products if p)
    return 2 * (3 * sum(products) - first), 2 * sum(products)


def check(net, clf, peers, X):
    """The same weights give the same logits and probabilities in every contestant."""
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


def measure(net, n_threads, repeats, samples):
    """Seconds of each turn, by job and contestant; the first turn warms up and is dropped."""
    X, y = net.data(samples)
    torch.set_num_threads(n_threads)
    torch.manual_seed(0)
    clf = classifier(net, n_threads, 1).fit(X, y)
    names = resolve_names(net.layers)
    peers = {
        "eager": TorchNet(net, names, X, y),
        "channels last": TorchNet(net, names, X, y, channels_last=True),
    }
    check(net, clf, peers, X)
    times = {job: {name: [] for name in ("convnet", *peers)} for job in ("train", "predict")}
    for _ in range(1 + repeats):
        times["train"]["convnet"].append(convnet_epoch(net, X, y, n_threads))
        times["predict"]["convnet"].append(seconds(clf.predict_proba, X))
        for name, peer in peers.items():
            times["train"][name].append(seconds(peer.fit_epoch))
            times["predict"][name].append(seconds(peer.predict_proba))
    return {job: {k: np.array(v[1:]) for k, v in by.items()} for job, by in times.items()}


def report(name, net, samples, times, gflops_peak):
    """A line for each job: images/s of each contestant, the ratio, the share of the FMA peak."""
    for job, flops_per_image in zip(("train", "predict"), flops(net), strict=True):
        ours = times[job]["convnet"]
        theirs = np.minimum(times[job]["eager"], times[job]["channels last"])
        rates = [f"{samples / np.median(t):>13,.0f}" for t in times[job].values()]
        share = samples * flops_per_image / np.median(ours) / (gflops_peak * 1e9)
        print(
            f"{name:<12}{job:<8}{''.join(rates)}{np.median(theirs / ours):>8.2f}{share:>8.0%}",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nets", nargs="+", choices=NETS, default=list(NETS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--samples", type=int, help="rows of an epoch; else each net's own number")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # of epochs cut short before convergence
    gflops_peak = peak(options.threads)
    print(f"{processor()}, {options.threads} threads, FMA peak {gflops_peak:.0f} GFLOP/s")
    print(f"PyTorch {torch.__version__}, {options.repeats} repeats, medians; images/s\n")
    print(
        f"{'net':<12}{'job':<8}{'convnet':>13}{'eager':>13}{'channels last':>13}{'ratio':>8}{'peak':>8}"
    )
    for name in options.nets:
        net = NETS[name]
        samples = options.samples or net.samples
        report(
            name, net, samples, measure(net, options.threads, options.repeats, samples), gflops_peak
        )


if __name__ == "__main__":
    main()
