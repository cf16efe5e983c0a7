"""Arrays as a state_dict of PyTorch has them, by the kinds of modules."""

import numpy as np

RNG = np.random.default_rng(0)


def torch_arrays(shapes):
    """Return float32 arrays; those of variances are positive."""
    arrays = {name: RNG.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    return {name: abs(a) if name.endswith("running_var") else a for name, a in arrays.items()}


def conv(name, out, inputs, size=3, bias=True):
    shapes = {f"{name}.weight": (out, inputs, size, size)}
    return shapes | ({f"{name}.bias": (out,)} if bias else {})


def norm(name, n):
    parts = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{part}": (n,) for part in parts}


def linear(name, out, inputs):
    return {f"{name}.weight": (out, inputs), f"{name}.bias": (out,)}
