"""Branches: a graph of vertices as a list of layers, in which `Parallel` and `Residual` hold the branches.

A merge ends a region that begins at its immediate dominator: the last vertex that every path to it passes. The paths
between the two are the branches. Each vertex between has to lie on one of them only: the region is series-parallel.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING

from convnet.layers import Parallel, Residual
from convnet.layers.residual import RESERVED as RESERVED_IN_RESIDUAL, SHORTCUT
from convnet.layers.spec import MAX_NESTING, RESERVED
from convnet.model_io.onnx.reading.errors import UnsupportedNodeError
from convnet.model_io.onnx.reading.names import Names
from convnet.model_io.onnx.reading.vertices import INPUT, Vertex
from convnet.values.messages import quoted
from convnet.values.spec import MAX_VALUES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import numpy as np

    from convnet.layers import Layer


@dataclass(eq=False)
class NamedLayers:
    """Layers with the arrays of their parameters.

    Attributes
    ----------
    layers : list of Layer
        With names.
    arrays : dict of str to ndarray
        By names such as "residual1/conv1/weights".
    """

    layers: list[Layer] = field(default_factory=list)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def layer_names(self) -> list[str]:
        """The names of the layers, and those that no layer may have."""
        return [*RESERVED, *(str(layer.name) for layer in self.layers)]


def as_net(vertices: Sequence[Vertex], sink: Vertex) -> NamedLayers:
    """Return the layers from the input to `sink`.

    Parameters
    ----------
    vertices : sequence of Vertex
        The input, layers and merges that `sink` depends on, each after those that it reads.
    sink : Vertex

    Raises
    ------
    UnsupportedNodeError
        If the graph is not series-parallel, or is nested too deeply. The message names the node.
    """
    if len(vertices) > 2 * MAX_VALUES:
        raise UnsupportedNodeError(f"the graph has more than {MAX_VALUES} layers")
    finder = _BranchFinder(vertices)
    return _named(finder.chain(sink, vertices[0], 0), RESERVED)


@dataclass(eq=False)
class _Region:
    """A merge and its branches."""

    merge: Vertex
    branches: list[list[Vertex | _Region]]


class _BranchFinder:
    """Finds the branches before each merge."""

    def __init__(self, vertices: Sequence[Vertex]) -> None:
        self.numbers = {vertex: i for i, vertex in enumerate(vertices)}
        self.dominators = immediate_dominators(self.numbers)
        self.seen: set[Vertex] = set()

    def chain(self, end: Vertex, start: Vertex, depth: int) -> list[Vertex | _Region]:
        """Return what lies on the way from `start`, which is left out, to `end`."""
        found: list[Vertex | _Region] = []
        while end is not start:
            if end in self.seen or end.kind == INPUT:
                raise UnsupportedNodeError(
                    f"the output of {quoted(end.name)} is read by branches that do not begin there together. Layers "
                    "express branches that begin at one place and end at one"
                )
            self.seen.add(end)
            if len(end.inputs) == 1:
                found.append(end)
                end = end.inputs[0]
                continue
            region, end = self.region(end, end.inputs, depth)
            found.append(region)
        return found[::-1]

    def region(self, merge: Vertex, inputs: Sequence[Vertex], depth: int) -> tuple[_Region, Vertex]:
        """Return the branches of a merge, and the vertex that they begin at.

        Some inputs may have more in common than all of them. They form a merge of their own, which is one branch: of a
        concatenation, neighbors only.
        """
        if depth == MAX_NESTING:
            raise UnsupportedNodeError(f"branches are nested more than {MAX_NESTING} deep")
        split = reduce(self.common_dominator, inputs)
        groups: list[tuple[Vertex | None, list[Vertex]]] = []
        for one in inputs:
            entry = self.entry(one, split)
            known = groups[-1:] if merge.kind == "concat" else groups
            group = next((g for first, g in known if first is entry is not None), None)
            if group is None or merge.kind == "mean":
                groups.append((entry, [one]))
            else:
                group.append(one)
        branches = []
        for _, group in groups:
            if len(group) == 1:
                branches.append(self.chain(group[0], split, depth + 1))
            else:
                inner, begin = self.region(merge, group, depth + 1)
                branches.append([*self.chain(begin, split, depth + 1), inner])
        return _Region(merge, branches), split

    def entry(self, vertex: Vertex, split: Vertex) -> Vertex | None:
        """Return the first vertex behind `split` that every path to a vertex passes; None for `split` itself."""
        entry = None
        while vertex is not split:
            entry, vertex = vertex, self.dominators[vertex]
        return entry

    def common_dominator(self, one: Vertex, other: Vertex) -> Vertex:
        """Return the last vertex that every path to either vertex passes; it may be one of them."""
        return common_dominator(one, other, self.dominators, self.numbers)


def immediate_dominators(numbers: Mapping[Vertex, int]) -> dict[Vertex, Vertex]:
    """Return the last vertex, other than itself, that every path from the input to a vertex passes.

    Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm", 2001. A graph without circles needs one pass.

    Parameters
    ----------
    numbers : dict of int
        The position of each vertex, in an order in which each comes after those that it reads.
    """
    found: dict[Vertex, Vertex] = {}
    for vertex in numbers:
        if vertex.inputs:
            found[vertex] = reduce(
                lambda one, other: common_dominator(one, other, found, numbers), vertex.inputs
            )
    return found


def common_dominator(
    one: Vertex, other: Vertex, dominators: Mapping[Vertex, Vertex], numbers: Mapping[Vertex, int]
) -> Vertex:
    """Return where the ways up the tree of immediate dominators meet."""
    while one is not other:
        if numbers[one] > numbers[other]:
            one = dominators[one]
        else:
            other = dominators[other]
    return one


def _named(
    items: Sequence[Vertex | _Region], reserved: Collection[str], around: str = ""
) -> NamedLayers:
    """Return layers with names that are unique in their list. `around` is the name of the layer around them."""
    names, net = Names(reserved, around), NamedLayers()
    for item in items:
        vertex = item.merge if isinstance(item, _Region) else item
        name = names.unique(vertex.name)
        if isinstance(item, _Region):
            layer, arrays = _composite(item, name)
        else:
            assert item.layer is not None
            layer, arrays = item.layer, item.arrays
        net.layers.append(replace(layer, name=name))
        net.arrays.update({f"{name}/{role}": array for role, array in arrays.items()})
    return net


def _composite(region: _Region, name: str) -> tuple[Layer, dict[str, np.ndarray]]:
    """Return the layer that holds the branches of a region, and the arrays by their names inside it."""
    kind, branches = region.merge.kind, region.branches
    if kind == "add" and len(branches) == 2 and any(branches):
        body, shortcut = sorted(branches, key=len, reverse=True)
        inside, aside = (
            _named(body, RESERVED_IN_RESIDUAL, name),
            _named(shortcut, (), name),
        )
        arrays = inside.arrays | {f"{SHORTCUT}/{k}": array for k, array in aside.arrays.items()}
        return Residual(inside.layers, shortcut=aside.layers), arrays
    nets = [_named(branch, (), name) for branch in branches]
    arrays = {f"{i}/{k}": array for i, net in enumerate(nets) for k, array in net.arrays.items()}
    return Parallel([net.layers for net in nets], kind), arrays
