"""Peak memory of a fit of one epoch, and page faults of a later step. Each library runs in its own process.

All libraries get the same uint8 images, which take as much memory as the 60,000 images of MNIST. convnet uses them as
they are. For the others, they are converted to float32 and divided by 255, as their users do.
"""

import json
import resource
import subprocess
import sys
import tempfile
from math import prod
from pathlib import Path

import numpy as np

DATA_BYTES = 60_000 * 28 * 28


def peak_megabytes():
    """Return the peak memory of this process so far.

    On Linux this is VmHWM, because ru_maxrss starts with the peak of the parent process.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        unit = 2**20 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def page_faults(function):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    function()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def fit(contestant, net_name, path, n_threads):
    """Print four figures as JSON: three peaks and the page faults of a step.

    The peaks are those after importing scikit-learn, after importing the library, and after the fit.
    """
    import sklearn.base  # noqa: F401

    peaks = [peak_megabytes()]
    from nets import NETS

    if contestant == "convnet":
        from convnet_net import ConvNetNet

        make = ConvNetNet
    else:
        from contestants import makers

        make = makers([contestant])[contestant]
    peaks.append(peak_megabytes())
    with np.load(path) as file:
        X, y = file["X"], file["y"]
    if contestant != "convnet":
        X = X.astype(np.float32)
        X /= 255.0
    net = NETS[net_name]
    fitted = make(net, X, y, n_threads)
    fitted.fit_epoch()
    peaks.append(peak_megabytes())
    epoch = getattr(fitted, "partial_fit", fitted.fit_epoch)
    epoch()
    epoch()
    faults = page_faults(epoch) / -(-len(X) // net.batch)
    print(json.dumps([*peaks, faults]))


def memory(nets, options):
    """Peak memory of a fit in MB, and page faults of a step."""
    from contestants import makers

    names = [name for name, make in makers(options.vs).items() if hasattr(make, "fit_epoch")]
    print(
        "\nMB of the images, and peak MB after importing scikit-learn, importing the library, and the fit.\n"
        '"-sklearn" and "-library" are the peak of the fit minus those peaks. "faults" are page faults per step, two '
        "epochs later.\n\n"
        f"{'net':<12}{'library':<15}{'images':>8}{'sklearn':>9}{'library':>9}{'fit':>8}"
        f"{'-sklearn':>10}{'-library':>10}{'faults':>9}"
    )
    for net_name, net in nets.items():
        n = options.samples or DATA_BYTES // prod(net.input_shape)
        rng = np.random.default_rng(0)
        X = rng.integers(0, 256, size=(n, *net.input_shape), dtype=np.uint8)
        y = rng.integers(0, net.n_classes, size=n)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "data.npz")
            np.savez(path, X=X, y=y)
            for name in ("convnet", *names):
                child = [sys.executable, __file__, name, net_name, str(path), str(options.threads)]
                done = subprocess.run(child, stdout=subprocess.PIPE, check=True, text=True)
                base, library, fit, faults = json.loads(done.stdout.splitlines()[-1])
                print(
                    f"{net_name:<12}{name:<15}{X.nbytes / 2**20:>8.0f}{base:>9.0f}{library:>9.0f}"
                    f"{fit:>8.0f}{fit - base:>10.0f}{fit - library:>10.0f}{faults:>9.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")
    fit(*sys.argv[1:4], int(sys.argv[4]))
