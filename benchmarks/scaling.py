"""Training with convnet on 1, 2, 4, ... threads, up to one per processor."""

import os

import numpy as np
from convnet_net import epoch_seconds
from timing import turns


def thread_counts():
    """Return 1, 2, 4, ... and the number of processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    most = len(affinity(0)) if affinity else os.cpu_count()
    return sorted({*(2**k for k in range(most.bit_length()) if 2**k <= most), most})


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
