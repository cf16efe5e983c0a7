"""Weights from PyTorch or Keras in the layout of convnet's layers.

::

    convnet           PyTorch                           Keras
    weights           weight, OIHW (Linear: out, in)    kernel, HWIO: the same (Dense: in, out)
      of depthwise    weight (c·m, 1, kh, kw)           depthwise kernel (kh, kw, c, m)
      of transposed   weight (in, out, kh, kw)          kernel (kh, kw, out, in): the same
    bias              bias                              bias
    gamma, beta       weight, bias                      gamma, beta
    moving_mean       running_mean                      moving_mean
    moving_variance   running_var                       moving_variance
    alpha             weight of PReLU, (c) or (1)       alpha of PReLU, (c) or (1, 1, c)

A dense layer and a convolution with a kernel of one pixel compute the same on a map of one pixel, so each can take the
weights of the other (`Module.like`). PyTorch flattens maps in another order, see `convnet.graph.flattened_orders`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from convnet.layers import (
    Conv1DTranspose,
    Conv2DTranspose,
    DepthwiseConv2D,
    SeparableConv2D,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from convnet.graph import Plan

    Shape = tuple[int, ...]

TORCH_ROLES = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
KERAS_KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")
STATISTICS = ("moving_mean", "moving_variance")
KINDS = {4: "conv2d", 3: "conv1d", 2: "dense"}  # by the number of axes of the weights
NORMS = ("batchnorm", "norm")
NORMALIZE = "normalize"


@dataclass(frozen=True, eq=False)
class Module:
    """The arrays of a layer of convnet, or of a module in a file.

    Parameters
    ----------
    name : str
        Name of the layer, or of the module in the file.
    arrays : dict of str to ndarray
        By role in convnet, in convnet's layout.
    sources : dict of str to str
        Names in the file, by role in convnet.
    group : str, default=""
        "depthwise", "separable" or "transpose" if only layers of this class can take the arrays. Keras numbers the
        layers of each class by themselves, so these have an order of their own.
    layer : str, default=None
        Name of the layer, if `name` is the name of a part of it. None means `name`.
    """

    name: str
    arrays: dict[str, np.ndarray]
    sources: dict[str, str]
    group: str = ""
    layer: str | None = None

    @property
    def kind(self) -> str:
        """Layers that can take the arrays.

        "conv2d", "conv1d", "dense", "batchnorm", "norm", "normalize" or "prelu"; "" if none.
        """
        roles = self.arrays.keys()
        if "weights" in roles:
            kind = KINDS.get(self.arrays["weights"].ndim, "")
            return f"{kind} {self.group}".rstrip() if roles <= {"weights", "bias"} else ""
        if roles <= {"gamma", "beta", *STATISTICS} and roles >= set(STATISTICS):
            return "batchnorm"
        if roles == {"alpha"}:
            return "prelu" if self.arrays["alpha"].ndim == 1 else ""
        if roles == {"mean", "deviation"}:
            return NORMALIZE
        return "norm" if roles == {"gamma", "beta"} else ""

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shapes of the arrays by role."""
        return {role: array.shape for role, array in self.arrays.items()}

    def as_dense(self) -> Module:
        """Return a convolution with a kernel of one pixel as a dense layer; any other module unchanged.

        On a map of one pixel, both compute the same.
        """
        weights = self.arrays.get("weights")
        if weights is None or weights.ndim < 3 or prod(weights.shape[:-2]) != 1:
            return self
        arrays = self.arrays | {"weights": weights.reshape(weights.shape[-2:])}
        return replace(self, arrays=arrays)

    def like(self, layer: Module) -> Module:
        """Return the module in the form that a layer can take, or unchanged if there is none.

        A convolution with a kernel of one pixel and a dense layer take each other's weights, as in squeeze-and-excite
        blocks. If a PReLU of PyTorch has a single slope, all channels get it.
        """
        arrays = self.as_dense().arrays
        weights, own = arrays.get("weights"), layer.arrays.get("weights")
        if weights is not None and own is not None:
            is_same = weights.size == own.size and own.shape[-weights.ndim :] == weights.shape
            return (
                replace(self, arrays=arrays | {"weights": weights.reshape(own.shape)})
                if is_same
                else self
            )
        alpha, slopes = arrays.get("alpha"), layer.arrays.get("alpha")
        if alpha is not None and slopes is not None and alpha.shape == (1,):
            return replace(self, arrays=arrays | {"alpha": np.broadcast_to(alpha, slopes.shape)})
        return self

    def parts(self) -> Iterator[Module]:
        """Yield the weights of a layer, then the slopes of its PReLU, a separate module in other libraries."""
        if "weights" not in self.arrays or "alpha" not in self.arrays:
            yield self
            return
        rest = {role: array for role, array in self.arrays.items() if role != "alpha"}
        yield replace(self, arrays=rest)
        yield Module(
            f"{self.name}/alpha", {"alpha": self.arrays["alpha"]}, {}, layer=self.layer or self.name
        )

    def __str__(self) -> str:
        first = next(iter(self.shapes.values()), ())
        return f"{self.name} {first}"


def layout_of(names: Iterable[str]) -> str:
    """Return the library whose naming scheme the names follow: "torch", "keras", or "own" for convnet."""
    named = list(names)
    last = [re.split(r"[./]", name)[-1].removesuffix(":0") for name in named]
    if any(word in KERAS_KERNELS for word in last) or any(_VARS.search(name) for name in named):
        return "keras"
    if any(word in TORCH_ROLES for word in last) and not any("/" in name for name in named):
        return "torch"
    return "own"


def modules_of(arrays: Mapping[str, np.ndarray], layout: str) -> list[Module]:
    """Return the modules of a file in their order.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        By their names in the file.
    layout : {"torch", "keras", "own"}
        What `layout_of` returned.
    """
    if layout == "torch":
        return [_from_torch(name, parts) for name, parts in _grouped(arrays, ".").items()]
    if layout == "own":
        return [_named(name, parts) for name, parts in _grouped(arrays, "/").items()]
    return [
        module
        for name, parts in _grouped(arrays, "/").items()
        for module in _from_keras(name, parts)
    ]


_VARS = re.compile(r"(?:^|/)vars/\d+$")
_Parts = dict[str, tuple[str, np.ndarray]]  # by role in the file: name in the file, array


def _grouped(arrays: Mapping[str, np.ndarray], separator: str) -> dict[str, _Parts]:
    """Return the arrays of each module. "layers/conv2d/vars/0" has the module "conv2d" and the role "0"."""
    groups: dict[str, _Parts] = {}
    for name, array in arrays.items():
        module, _, role = name.rpartition(separator)
        if _VARS.search(name):
            module = module.removesuffix("vars").strip("/")
            module = module.removeprefix("layers/")
        groups.setdefault(module, {})[role.removesuffix(":0")] = (name, array)
    return groups


def _named(name: str, parts: Mapping[str, tuple[str, np.ndarray]], group: str = "") -> Module:
    return Module(
        name,
        {role: array for role, (_, array) in parts.items()},
        {role: source for role, (source, _) in parts.items()},
        group,
    )


def _from_torch(name: str, parts: _Parts) -> Module:
    parts = {role: part for role, part in parts.items() if role != "num_batches_tracked"}
    is_vector = "weight" in parts and parts["weight"][1].ndim == 1
    if is_vector and len(parts) == 1:
        return _named(name, {"alpha": parts["weight"]})
    is_norm = "running_mean" in parts or is_vector
    roles = {
        "weight": "gamma" if is_norm else "weights",
        "bias": "beta" if is_norm else "bias",
        "running_mean": "moving_mean",
        "running_var": "moving_variance",
    }
    renamed = {roles.get(role, role): part for role, part in parts.items()}
    if "weights" in renamed:  # (o, i, *window) to (*window, i, o)
        source, array = renamed["weights"]
        renamed["weights"] = (
            source,
            array.transpose(*range(2, array.ndim), 1, 0) if (array.ndim > 1) else array,
        )
    return _named(name, renamed)


def _from_keras(name: str, parts: _Parts) -> list[Module]:
    if all(role.isdigit() for role in parts):
        numbers = sorted(parts, key=int)
        roles = _keras_roles(name, [parts[number][1] for number in numbers])
        parts = {role: parts[number] for role, number in zip(roles, numbers, strict=True)}
    if "depthwise_kernel" in parts and "pointwise_kernel" in parts:  # SeparableConv2D
        depthwise = _depthwise(parts.pop("depthwise_kernel"))
        return [
            _named(f"{name}/depthwise", {"weights": depthwise}, "separable"),
            _named(f"{name}/pointwise", _renamed(parts), "separable"),
        ]
    renamed = _renamed(parts)
    if "alpha" in renamed:  # (1, 1, c) with shared_axes=[1, 2]
        source, alpha = renamed["alpha"]
        is_shared = alpha.ndim > 0 and alpha.size == alpha.shape[-1]
        renamed["alpha"] = source, (alpha.ravel() if is_shared else alpha)
    is_depthwise = "depthwise_kernel" in parts or "depthwise" in name
    if is_depthwise and "weights" in renamed:
        renamed["weights"] = _depthwise(renamed["weights"])
        return [_named(name, renamed, "depthwise")]
    return [_named(name, renamed, "transpose" if "transpose" in name else "")]


def _renamed(parts: _Parts) -> _Parts:
    return {"weights" if role in KERAS_KERNELS else role: part for role, part in parts.items()}


def _depthwise(part: tuple[str, np.ndarray]) -> tuple[str, np.ndarray]:
    """Return a depthwise kernel (kh, kw, c, m) as (kh, kw, 1, c · m)."""
    source, kernel = part
    return source, kernel.reshape(*kernel.shape[:2], 1, -1) if kernel.ndim == 4 else kernel


def _keras_roles(name: str, arrays: Sequence[np.ndarray]) -> list[str]:
    """Return the roles of variables that have numbers, in the order of their creation, instead of names."""
    axes = [array.ndim for array in arrays]
    if len(axes) == 1 and ("p_re_lu" in name or "prelu" in name):
        return ["alpha"]
    if axes in ([4, 4], [4, 4, 1]):
        return ["depthwise_kernel", "pointwise_kernel", "bias"][: len(axes)]
    if axes and axes[0] > 1 and axes[1:] in ([], [1]):
        return ["kernel", "bias"][: len(axes)]
    if set(axes) == {1} and len({len(array) for array in arrays}) == 1:
        if "batch_normalization" in name and len(axes) == 2:  # center=False, scale=False
            return list(STATISTICS)
        roles = {2: ["gamma", "beta"], 3: ["beta", *STATISTICS], 4: ["gamma", "beta", *STATISTICS]}
        if len(axes) in roles:  # three: scale=False, as in Inception
            return roles[len(axes)]
    return [str(i) for i in range(len(axes))]


def own_modules(plan: Plan, layout: str) -> list[Module]:
    """Return the layers of a net that have parameters, with arrays of zeros that take no memory.

    Parameters
    ----------
    plan : Plan
        Plan of the net.
    layout : {"torch", "keras", "own"}
        Layout of the file.
    """
    layers: dict[str, dict[str, np.ndarray]] = {}
    for parameter in plan.parameters:
        layer, _, role = parameter.name.rpartition("/")
        layers.setdefault(layer, {})[role] = np.broadcast_to(np.float32(0), parameter.shape)
    groups: dict[str, str] = {}
    for name, info in plan.named.items() if layout == "keras" else ():
        if isinstance(info.layer, DepthwiseConv2D):
            groups.setdefault(name, "depthwise")
        elif isinstance(info.layer, SeparableConv2D):
            groups |= {inner.name: "separable" for inner in info.layers}
        elif isinstance(info.layer, Conv1DTranspose | Conv2DTranspose):
            groups[name] = "transpose"
    return [Module(name, arrays, {}, groups.get(name, "")) for name, arrays in layers.items()]
