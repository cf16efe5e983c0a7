"""Training, prediction and single images, compared with every library: one line per library."""

import numpy as np
from contestants import check, makers
from convnet_net import classifier, epoch_seconds
from timing import block, seconds, turns

AT_LEAST = 0.05  # minimum seconds of a block of predictions of one image


def _contestants(name, net, X, y, n_threads, found):
    clf = classifier(net, n_threads, 1).fit(X, y)
    contestants = {other: make(net, X, y, n_threads) for other, make in found.items()}
    check(name, clf, contestants, X)
    return clf, contestants


def throughput(nets, options):
    """Training and prediction compared with all installed libraries or those of --vs, in images/s."""
    found = makers(options.vs)
    print(
        f"\n{'net':<12}{'job':<9}{'library':<15}{'images/s':>10}{'convnet':>10}{'convnet is faster':>19}"
    )
    for name, net in nets.items():
        X, y = net.data(options.samples or net.samples)
        clf, others = _contestants(name, net, X, y, options.threads, found)
        jobs = {
            "train": {
                "convnet": lambda net=net, X=X, y=y: epoch_seconds(net, X, y, options.threads)
            }
            | {
                other: lambda it=it: seconds(it.fit_epoch)
                for other, it in others.items()
                if hasattr(it, "fit_epoch")
            },
            "predict": {"convnet": lambda clf=clf, X=X: seconds(clf.predict_proba, X)}
            | {other: lambda it=it: seconds(it.predict_proba) for other, it in others.items()},
        }
        for job, clocks in jobs.items():
            times = turns(clocks, options.repeats)
            ours = times.pop("convnet")
            for other, theirs in times.items():
                rates = (len(X) / np.median(t) for t in (theirs, ours))
                print(
                    f"{name:<12}{job:<9}{other:<15}{''.join(f'{r:>10,.0f}' for r in rates)}"
                    f"{np.median(theirs / ours):>17.2f} ×",
                    flush=True,
                )


def latency(nets, options):
    """Microseconds to predict one image with `predict_proba` (PyTorch: the module and a softmax)."""
    found = makers(options.vs)
    print(f"\n{'net':<12}{'library':<15}{'µs':>10}{'convnet':>10}{'convnet is faster':>19}")
    for name, net in nets.items():
        X, y = net.data(net.batch)
        clf, others = _contestants(name, net, X, y, options.threads, found)
        if "MLPClassifier" in others:
            others["MLPClassifier"].fit_epoch()
        one = X[:1]
        clocks = {
            "convnet": lambda clf=clf, one=one: block(lambda: clf.predict_proba(one), AT_LEAST)
        }
        for other, it in others.items():
            clocks[other] = lambda it=it, one=it.one: block(lambda: it.predict_proba(one), AT_LEAST)
        times = turns(clocks, options.repeats)
        ours = times.pop("convnet")
        for other, theirs in times.items():
            print(
                f"{name:<12}{other:<15}{np.median(theirs) * 1e6:>10.0f}{np.median(ours) * 1e6:>10.0f}"
                f"{np.median(theirs / ours):>17.2f} ×",
                flush=True,
            )
