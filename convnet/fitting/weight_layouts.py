"""Arrays of weights from PyTorch or Keras, in the layout that layers have here.

::

    role here         PyTorch                           Keras
    weights           weight, OIHW (Linear: out, in)    kernel, HWIO as here (Dense: in, out)
      of depthwise    weight (c·m, 1, kh, kw)           depthwise kernel (kh, kw, c, m)
    bias              bias                              bias
    gamma, beta       weight, bias                      gamma, beta
    moving_mean       running_mean                      moving_mean
    moving_variance   running_var                       moving_variance

PyTorch flattens maps in the order channels, height, width: `channels_first_order` reorders what follows a Flatten.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from convnet.layers import Dense, DepthwiseConv2D, Flatten, Parallel, SeparableConv2D

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from convnet.graph import LayerInfo, Plan

    Shape = tuple[int, ...]
    Order = NDArray[np.intp] | None  # of flat features; None is the order that they have here

TORCH_ROLES = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
KERAS_KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")
STATISTICS = ("moving_mean", "moving_variance")
KINDS = {4: "conv2d", 3: "conv1d", 2: "dense"}  # by the number of axes of the weights
NORMS = ("batchnorm", "norm")


@dataclass(frozen=True, eq=False)
class Module:
    """The arrays of a layer, here or in a file.

    Parameters
    ----------
    name : str
        Name of the layer, or of the module in the file.
    arrays : dict of str to ndarray
        By their roles here, in the layout that they have here.
    sources : dict of str to str
        By their roles here, the names in the file.
    group : str, default=""
        "depthwise" or "separable" if only layers of this class can take the arrays. Keras numbers the layers of each
        class by themselves, so these have an order of their own.
    """

    name: str
    arrays: dict[str, np.ndarray]
    sources: dict[str, str]
    group: str = ""

    @property
    def kind(self) -> str:
        """Which layers can take the arrays: "conv2d", "conv1d", "dense", "batchnorm", "norm"; "" for none."""
        roles = self.arrays.keys()
        if "weights" in roles:
            kind = KINDS.get(self.arrays["weights"].ndim, "")
            return f"{kind} {self.group}".rstrip() if roles <= {"weights", "bias"} else ""
        if roles <= {"gamma", "beta", *STATISTICS} and roles >= set(STATISTICS):
            return "batchnorm"
        return "norm" if roles == {"gamma", "beta"} else ""

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shapes of the arrays by role."""
        return {role: array.shape for role, array in self.arrays.items()}

    def __str__(self) -> str:
        first = next(iter(self.shapes.values()), ())
        return f"{self.name} {first}"


def layout_of(names: Iterable[str]) -> str:
    """Return whose names these are: "torch", "keras", or "own"."""
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
    is_norm = "running_mean" in parts or ("weight" in parts and parts["weight"][1].ndim == 1)
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
    is_depthwise = "depthwise_kernel" in parts or "depthwise" in name
    if is_depthwise and "weights" in renamed:
        renamed["weights"] = _depthwise(renamed["weights"])
        return [_named(name, renamed, "depthwise")]
    return [_named(name, renamed)]


def _renamed(parts: _Parts) -> _Parts:
    return {"weights" if role in KERAS_KERNELS else role: part for role, part in parts.items()}


def _depthwise(part: tuple[str, np.ndarray]) -> tuple[str, np.ndarray]:
    """Return a depthwise kernel (kh, kw, c, m) as (kh, kw, 1, c · m)."""
    source, kernel = part
    return source, kernel.reshape(*kernel.shape[:2], 1, -1) if kernel.ndim == 4 else kernel


def _keras_roles(name: str, arrays: Sequence[np.ndarray]) -> list[str]:
    """Return the roles of variables that have numbers only: of each class of layers, in the order of their creation."""
    axes = [array.ndim for array in arrays]
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
    groups = {}
    if layout == "keras":
        for name, info in plan.named.items():
            if isinstance(info.layer, DepthwiseConv2D):
                groups[name] = "depthwise"
        for info in plan.named.values():
            if isinstance(info.layer, SeparableConv2D):
                groups |= {inner.name: "separable" for inner in info.layers}
    return [Module(name, arrays, {}, groups.get(name, "")) for name, arrays in layers.items()]


def channels_first_orders(plan: Plan) -> dict[str, NDArray[np.intp]]:
    """Return, for each layer whose input are the values of a flattened map, where PyTorch has these values.

    Returns
    -------
    orders : dict of str to ndarray
        By the name of the layer: ``features_here = features_in_torch[order]``. Layers whose features have the same
        order in both are not listed.
    """
    orders: dict[str, NDArray[np.intp]] = {}
    _follow(plan.layers, plan.input_shape, None, orders)
    return orders


def _follow(
    infos: Sequence[LayerInfo], shape: Shape, order: Order, orders: dict[str, NDArray[np.intp]]
) -> tuple[Shape, Order]:
    """Note the orders of the inputs of a chain of layers. Return the shape and the order of its output."""
    for info in infos:
        if order is not None:
            orders[info.name] = order
        if isinstance(info.layer, Flatten):
            order = channels_first_order(shape) if len(shape) > 1 else order
        elif info.branches:
            ends = [_follow(inner, shape, order, orders) for _, inner in info.branches]
            order = _merged(info, ends)
        elif info.layers:
            _, order = _follow(info.layers, shape, order, orders)
        elif isinstance(info.layer, Dense):
            order = None
        shape = info.output_shape
        order = order if len(shape) == 1 else None
    return shape, order


def channels_first_order(shape: Shape) -> Order:
    """Return the index in the order (c, h, w) of each value of a map (h, w, c) or of a signal (length, c)."""
    if prod(shape[:-1]) == 1 or shape[-1] == 1:
        return None
    indices = np.arange(prod(shape)).reshape(shape[-1], *shape[:-1])
    return np.moveaxis(indices, 0, -1).ravel()


def _merged(info: LayerInfo, ends: Sequence[tuple[Shape, Order]]) -> Order:
    flat = [(shape[0], order) for shape, order in ends if len(shape) == 1]
    if all(order is None for _, order in flat) or len(info.output_shape) > 1:
        return None
    orders = [np.arange(n) if order is None else order for n, order in flat]
    if isinstance(info.layer, Parallel) and info.layer.merge == "concat":
        starts = np.cumsum([0, *(n for n, _ in flat[:-1])])
        return np.concatenate([start + order for start, order in zip(starts, orders, strict=True)])
    if any(not np.array_equal(order, orders[0]) for order in orders):
        raise ValueError(
            f"{info.name} merges a flattened map with values in another order, which weights of PyTorch cannot be "
            "converted for. Pass a dict of arrays with the names and shapes of weights_."
        )
    return orders[0]
