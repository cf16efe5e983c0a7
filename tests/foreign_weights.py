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


PYTORCH = {
    **{"weights": "weight", "gamma": "weight", "alpha": "weight", "bias": "bias", "beta": "bias"},
    **{"moving_mean": "running_mean", "moving_variance": "running_var"},
}


def state_dict(net):
    """Return the weights of a fitted net as modules of PyTorch would have them, each with a number as its name.

    Only the output layer may follow a flattened map. `Normalize` is left out.
    """
    shapes = [net.input_shape_, *(info.output_shape for info in net.layers_)]
    before = {info.type: shape for info, shape in zip(net.layers_, shapes, strict=False)}
    flattened = before.get("Flatten", (-1,))
    found, numbers = {}, {}
    for name, array in net.weights_.items():
        layer, _, role = name.rpartition("/")
        if role not in PYTORCH:
            continue
        if (
            layer == "output" and role == "weights"
        ):  # features of the map to channels, height, width
            array = array.reshape(*flattened, array.shape[-1])
            array = np.moveaxis(array, len(flattened) - 1, 0)
            array = array.reshape(-1, array.shape[-1])
        if role == "weights":  # (*window, in, out) to (out, in, *window)
            array = array.transpose(-1, -2, *range(array.ndim - 2))
        module = (layer, role == "alpha")
        number = numbers.setdefault(module, len(numbers))
        found[f"{number}.{PYTORCH[role]}"] = np.ascontiguousarray(array)
    return found
