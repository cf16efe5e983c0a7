"""Layers in PyTorch, over parameters named, shaped and laid out as convnet's."""

from functools import reduce

import torch
from torch.nn import functional

from convnet.layers import resolve_names

ACTIVATIONS = {
    None: lambda x: x, "linear": lambda x: x, "relu": functional.relu, "tanh": torch.tanh,
    "silu": functional.silu, "gelu": functional.gelu, "sigmoid": torch.sigmoid, "relu6": functional.relu6,
    "hard_sigmoid": functional.hardsigmoid, "hard_swish": functional.hardswish, "mish": functional.mish,
    "softplus": functional.softplus, "softmax": lambda x: functional.softmax(x, dim=1),
}  # fmt: skip


def forward(layers, parameters, x, prefix=""):
    """Outputs of a training step for maps x (n, c, h, w) or flat data; running statistics move."""
    for name, layer in zip(resolve_names(layers), layers, strict=True):
        x = KINDS[type(layer).__name__](layer, parameters, x, f"{prefix}{name}")
    return x


def flat(x):
    """Maps as convnet flattens them, channels last."""
    return x.permute(0, 2, 3, 1).reshape(len(x), -1) if x.ndim == 4 else x


def convolve(parameters, x, name, *, stride=1, padding="valid", groups=1, activation=None):
    weights, bias = parameters[f"{name}/weights"], parameters.get(f"{name}/bias")
    if padding == "same":
        x = same(x, weights.shape[:2], pair(stride))
    z = functional.conv2d(x, weights.permute(3, 2, 0, 1), bias, stride=pair(stride), groups=groups)
    return ACTIVATIONS[activation](z)


def conv2d(layer, parameters, x, name):
    options = dict(stride=layer.stride, padding=layer.padding, groups=layer.groups)
    return convolve(parameters, x, name, activation=layer.activation, **options)


def separable(layer, parameters, x, name):
    depthwise = dict(stride=layer.stride, padding=layer.padding, groups=x.shape[1])
    x = convolve(parameters, x, f"{name}/depthwise", **depthwise)
    return convolve(parameters, x, f"{name}/pointwise", activation=layer.activation)


def transposed(layer, parameters, x, name):
    """With a number as padding."""
    weights, bias = parameters[f"{name}/weights"], parameters.get(f"{name}/bias")
    z = functional.conv_transpose2d(
        x, weights.permute(3, 2, 0, 1), bias, stride=pair(layer.stride), padding=pair(layer.padding),
        output_padding=pair(layer.output_padding or 0), dilation=pair(layer.dilation),
    )  # fmt: skip
    return ACTIVATIONS[layer.activation](z)


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def same(x, kernel, stride):
    """Zeros around maps so that the output has ceil(n / stride) pixels, the odd one last."""
    pads = []
    for n, k, s in zip(x.shape[2:], kernel, stride, strict=True):
        total = max(0, (-(-n // s) - 1) * s + k - n)
        pads = [total // 2, total - total // 2, *pads]
    return functional.pad(x, pads)


def parallel(layer, parameters, x, name):
    ends = [forward(b, parameters, x, f"{name}/{i}/") for i, b in enumerate(layer.branches)]
    if layer.merge == "concat":
        merged = torch.cat(ends, 1)
    elif layer.merge == "multiply":  # flat branches scale channels
        axes = max(end.ndim for end in ends)
        ends = [end[..., None, None] if end.ndim < axes else end for end in ends]
        merged = reduce(torch.mul, ends)
    else:
        merged = reduce(torch.maximum if layer.merge == "max" else torch.add, ends)
        merged = merged / len(ends) if layer.merge == "mean" else merged
    return ACTIVATIONS[layer.activation](merged)


def pool(layer):
    """The arguments of a pool whose padding is a number, or "valid"."""
    padding = 0 if layer.padding == "valid" else layer.padding
    return dict(
        kernel_size=layer.pool_size, stride=layer.stride, padding=padding, ceil_mode=layer.ceil_mode
    )


def residual(layer, parameters, x, name):
    out = forward(layer.layers, parameters, x, f"{name}/")
    if layer.shortcut is not None:
        x = forward(layer.shortcut, parameters, x, f"{name}/shortcut/")
    elif f"{name}/shortcut/weights" in parameters:
        stride = tuple(-(-n // m) for n, m in zip(x.shape[2:], out.shape[2:], strict=True))
        x = convolve(parameters, x, f"{name}/shortcut", stride=stride)
    return ACTIVATIONS[layer.activation](out + x)


def affine(parameters, x, name):
    weights, bias = parameters[f"{name}/weights"], parameters.get(f"{name}/bias")
    return functional.linear(flat(x), weights.T, bias)


def dense(layer, parameters, x, name):
    return ACTIVATIONS[layer.activation](affine(parameters, x, name))


def batch_norm(layer, parameters, x, name):
    """The running variance is that of the batch, not PyTorch's n / (n - 1) of it."""
    axes = (0, 2, 3) if x.ndim == 4 else (0,)
    with torch.no_grad():
        for role, batch in (("mean", x.mean(axes)), ("variance", x.var(axes, correction=0))):
            parameters[f"{name}/moving_{role}"].lerp_(batch, 1 - layer.momentum)
    gamma, beta = parameters[f"{name}/gamma"], parameters[f"{name}/beta"]
    return functional.batch_norm(x, None, None, gamma, beta, training=True, eps=layer.epsilon)


KINDS = {
    "Conv2D": conv2d,
    "Conv2DTranspose": transposed,
    "Dense": dense,
    "BatchNorm": batch_norm,
    "Residual": residual,
    "Parallel": parallel,
    "SeparableConv2D": separable,
    "MaxPool2D": lambda layer, _, x, __: functional.max_pool2d(x, **pool(layer)),
    "AvgPool2D": lambda layer, _, x, __: functional.avg_pool2d(
        x, **pool(layer), count_include_pad=layer.count_include_pad
    ),
    "GlobalAvgPool2D": lambda layer, _, x, __: x.mean((2, 3)),
    "UpSample2D": lambda layer, _, x, __: functional.interpolate(
        x,
        scale_factor=pair(layer.size),
        mode=layer.interpolation,
    ),
    "GroupNorm": lambda layer, parameters, x, name: functional.group_norm(
        x,
        layer.groups if layer.groups > 0 else x.shape[1],
        parameters[f"{name}/gamma"],
        parameters[f"{name}/beta"],
        layer.epsilon,
    ),
    "LRN": lambda layer, _, x, __: functional.local_response_norm(
        x, layer.size, layer.alpha, layer.beta, layer.k
    ),
    "PReLU": lambda _, parameters, x, name: functional.prelu(x, parameters[f"{name}/alpha"]),
    "ReLU": lambda layer, _, x, __: functional.relu(x),
    "Activation": lambda layer, _, x, __: ACTIVATIONS[layer.activation](x),
}
