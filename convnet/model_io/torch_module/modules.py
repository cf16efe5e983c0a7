"""Modules for what PyTorch has no layer for. Maps are (n, c, h, w), signals (n, c, length), flat data (n, features)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from math import nan
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from convnet.inputs.scaling import InputFormat
from convnet.model_io.torch_module.names import free_name


class ConvNetModule(nn.Sequential):
    """A net of convnet. Its submodules have the names of the layers and are called in this order."""


class InputModule(nn.Module):
    """Takes X as the estimator does. Returns floats with channels first, in the units that the net was trained in.

    Parameters
    ----------
    input_format : InputFormat
        How the net reads X.
    shapes : sequence of tuple of int
        The shapes of a sample that the estimator accepts. The first one is that of X in ``fit``.
    """

    def __init__(self, input_format: InputFormat, shapes: Sequence[tuple[int, ...]]) -> None:
        super().__init__()
        self.input_format, self.shapes = input_format, tuple(shapes)
        # follows .double() and .half(): the dtype that the first layer computes in
        self.register_buffer("reference", torch.empty(0), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if not isinstance(x, torch.Tensor):
            raise TypeError(
                f"Expected a tensor, got {type(x).__name__}. Pass torch.from_numpy(X) for an array X."
            )
        if tuple(x.shape[1:]) not in self.shapes:
            expected = " or ".join(f"(n, {', '.join(map(str, shape))})" for shape in self.shapes)
            raise ValueError(f"Expected X of shape {expected}, got {tuple(x.shape)}.")
        scale, dtype = self._scale(x), self.reference.dtype
        if scale != 1.0:
            x = x.to(torch.promote_types(dtype, torch.float32)) * scale
        x = x.to(dtype)
        if len(self.shapes[0]) == 1:
            return x
        x = x.reshape(x.shape[0], *self.shapes[0])
        if self.input_format.data_format == "channels_first":
            return x
        axes = len(self.shapes[0])
        return x.permute(0, axes, *range(1, axes))  # exporters need known axes

    def _scale(self, x: Tensor) -> float:
        """Return what x is multiplied by. The values are read only if the net was fitted on another dtype."""
        known, dtype = self.input_format, str(x.dtype).removeprefix("torch.")
        if known.rescale != "auto" or dtype == known.dtype:
            return known.scale
        if torch.compiler.is_compiling() or torch.jit.is_tracing() or x.is_meta:
            return known.scale_of(dtype, nan)
        largest = float(x.detach().to(torch.float32).abs().max()) if x.numel() else 0.0
        return known.scale_of(dtype, largest)

    def extra_repr(self) -> str:
        return f"{self.shapes[0]}, {self.input_format.data_format!r}, scale={self.input_format.scale:g}"


class RescaleModule(nn.Module):
    """Computes scale x + offset."""

    def __init__(self, scale: float, offset: float) -> None:
        super().__init__()
        self.scale, self.offset = scale, offset

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * x + self.offset

    def extra_repr(self) -> str:
        return f"scale={self.scale:g}, offset={self.offset:g}"


class NormalizeModule(nn.Module):
    """Computes (x - mean) / deviation for each channel. A deviation of at most epsilon counts as 1.

    Parameters
    ----------
    mean, deviation : Tensor of shape (c,)
        Learned before training; buffers here.
    epsilon : float
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, mean: Tensor, deviation: Tensor, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)

    def forward(self, x: Tensor) -> Tensor:
        ones = torch.ones_like(self.deviation)
        divisor = torch.where(self.deviation > self.epsilon, self.deviation, ones)
        axes = (-1, *(1,) * (x.ndim - 2))
        return (x - self.mean.view(axes)) / divisor.view(axes)

    def extra_repr(self) -> str:
        return f"{len(self.mean)}, epsilon={self.epsilon:g}"


class ResizeModule(nn.Module):
    """Resizes maps by the mean of the area that each output pixel covers, or along each axis in another way.

    Parameters
    ----------
    rows : Tensor of shape (output height, height)
        Weights of the input rows in each output row.
    columns : Tensor of shape (output width, width)
    """

    rows: Tensor
    columns: Tensor

    def __init__(self, rows: Tensor, columns: Tensor) -> None:
        super().__init__()
        self.register_buffer("rows", rows, persistent=False)
        self.register_buffer("columns", columns, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.rows @ x @ self.columns.T

    def extra_repr(self) -> str:
        sizes = ((len(self.rows[0]), len(self.columns[0])), (len(self.rows), len(self.columns)))
        return "{} to {}".format(*sizes)


class PartialAveragePool(nn.Module):
    """Averages windows of which some are partly outside the map, by the number of values inside.

    Parameters
    ----------
    size, stride : tuple of int
        Of each axis.
    padding : tuple of int
        Zeros around the input, the last axis first, as `torch.nn.functional.pad` takes them.
    counts : Tensor
        Number of values in each window, in the shape of an output without its samples: (1, h, w) or (1, length).
    """

    counts: Tensor

    def __init__(
        self,
        size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: tuple[int, ...],
        counts: Tensor,
    ) -> None:
        super().__init__()
        self.size, self.stride, self.padding = size, stride, padding
        self.register_buffer("counts", counts, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        pool = functional.avg_pool2d if len(self.size) == 2 else functional.avg_pool1d
        area = reduce(int.__mul__, self.size)
        means = pool(functional.pad(x, self.padding), self.size, self.stride)
        return means * (area / self.counts)

    def extra_repr(self) -> str:
        return f"kernel_size={self.size}, stride={self.stride}, padding={self.padding}"


class ChannelsLastFlatten(nn.Module):
    """Flattens maps in the order height, width, channels, as convnet does."""

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, *range(2, x.ndim), 1).flatten(1)


class ReorderedFeatures(nn.Module):
    """Brings flat features into the order that they have in convnet.

    Parameters
    ----------
    order : Tensor of int64
        Where each feature is in the input.
    """

    order: Tensor

    def __init__(self, order: Tensor) -> None:
        super().__init__()
        self.register_buffer("order", order, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return x[:, self.order]


class DropPath(nn.Module):
    """Sets whole samples to 0 with probability p in training, and divides the others by 1 - p (stochastic depth)."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0.0:
            return x
        kept = torch.empty(x.shape[0], *(1,) * (x.ndim - 1), dtype=x.dtype, device=x.device)
        return x * kept.bernoulli_(1 - self.p) / (1 - self.p)

    def extra_repr(self) -> str:
        return f"p={self.p:g}"


class ResidualModule(nn.Module):
    """Adds the output of its layers to that of its shortcut.

    Parameters
    ----------
    body : mapping of str to Module
        The layers by name.
    shortcut : Module
    after : mapping of str to Module
        Stochastic depth, which changes the output of the body, and an activation, which changes the sum. Both are
        optional.
    """

    def __init__(
        self, body: Mapping[str, nn.Module], shortcut: nn.Module, after: Mapping[str, nn.Module]
    ) -> None:
        super().__init__()
        for name, module in body.items():
            self.add_module(name, module)
        self.shortcut = shortcut
        self._body = list(body)
        self._drop_path: str | None = None
        self._activation: str | None = None
        for role, module in after.items():
            name = free_name(role, body)
            self.add_module(name, module)
            setattr(self, f"_{role}", name)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for name in self._body:
            y = self._modules[name](y)
        if self._drop_path:
            y = self._modules[self._drop_path](y)
        y = y + self.shortcut(x)
        return self._modules[self._activation](y) if self._activation else y


class ParallelModule(nn.Module):
    """Passes its input through several branches and merges their outputs.

    Parameters
    ----------
    branches : sequence of Module
        They have the names "0", "1" and so on.
    merge : {"concat", "add", "multiply", "mean", "max"}
    activation : Module, default=None
    """

    def __init__(
        self, branches: Sequence[nn.Module], merge: str, activation: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.n_branches, self.merge = len(branches), merge
        for i, branch in enumerate(branches):
            self.add_module(str(i), branch)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        ends = [self._modules[str(i)](x) for i in range(self.n_branches)]
        y = MERGES[self.merge](ends)
        return y if self.activation is None else self.activation(y)

    def extra_repr(self) -> str:
        return f"merge={self.merge!r}"


def _product(ends: list[Tensor]) -> Tensor:
    """Return the product. Flat branches scale the channels of the others."""
    axes = max(end.ndim for end in ends)
    factors = (end.view(*end.shape, *(1,) * (axes - end.ndim)) for end in ends)
    return reduce(torch.mul, factors)


MERGES: dict[str, Any] = {
    "concat": lambda ends: torch.cat(ends, dim=1),
    "add": lambda ends: reduce(torch.add, ends),
    "multiply": _product,
    "mean": lambda ends: reduce(torch.add, ends) / len(ends),
    "max": lambda ends: reduce(torch.maximum, ends),
}


class SingleOutput(nn.Module):
    """Returns outputs of shape (n, 1) as (n,), the shape of ``decision_function`` and ``predict``."""

    def forward(self, x: Tensor) -> Tensor:
        return x.squeeze(1)


class OutputScale(nn.Module):
    """Returns outputs in the units of y: x scale + mean.

    Parameters
    ----------
    mean, scale : Tensor of shape (n_outputs,)
        Mean and standard deviation of y in ``fit``.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.mean
