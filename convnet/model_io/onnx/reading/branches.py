"""Branches: a graph of vertices as a list of layers, in which `Parallel` and `Residual` hold the branches.

A merge ends a region that begins at its immediate dominator: the last vertex that every path to it passes. The paths
between the two are the branches. Each vertex between has to lie on one of them only; then the region is series-parallel.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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
    from collections.abc import Collection, Sequence

    import numpy as np

    from convnet.layers import Layer


@dataclass(eq=False)
class Net:
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


def as_net(vertices: Sequence[Vertex], sink: Vertex) -> Net:
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
        self.dominators = immediate_dominators(vertices)
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
            if depth == MAX_NESTING:
                raise UnsupportedNodeError(f"branches are nested more than {MAX_NESTING} deep")
            split = self.dominators[end]
            branches = [self.chain(one, split, depth + 1) for one in end.inputs]
            found.append(_Region(end, branches))
            end = split
        return found[::-1]


def immediate_dominators(vertices: Sequence[Vertex]) -> dict[Vertex, Vertex]:
    """Return the last vertex, other than itself, that every path from the input to a vertex passes.

    Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm", 2001. A graph without circles needs one pass.
    """
    numbers = {vertex: i for i, vertex in enumerate(vertices)}
    found: dict[Vertex, Vertex] = {}
    for vertex in vertices:
        for one in vertex.inputs:
            other = found.get(vertex, one)
            while other is not one:  # climb from the later one until both meet
                if numbers[other] > numbers[one]:
                    other = found[other]
                else:
                    one = found[one]
            found[vertex] = other
    return found


def _named(items: Sequence[Vertex | _Region], reserved: Collection[str]) -> Net:
    """Return layers with names that are unique in their list."""
    names, net = Names(reserved), Net()
    for item in items:
        vertex = item.merge if isinstance(item, _Region) else item
        name = names.unique(vertex.name)
        if isinstance(item, _Region):
            layer, arrays = _composite(item)
        else:
            assert item.layer is not None
            layer, arrays = item.layer, item.arrays
        net.layers.append(replace(layer, name=name))
        net.arrays.update({f"{name}/{role}": array for role, array in arrays.items()})
    return net


def _composite(region: _Region) -> tuple[Layer, dict[str, np.ndarray]]:
    """Return the layer that holds the branches of a region, and the arrays by their names inside it."""
    kind, branches = region.merge.kind, region.branches
    if kind == "add" and len(branches) == 2 and any(branches):
        body, shortcut = sorted(branches, key=len, reverse=True)
        inside, aside = _named(body, RESERVED_IN_RESIDUAL), _named(shortcut, ())
        arrays = inside.arrays | {f"{SHORTCUT}/{k}": array for k, array in aside.arrays.items()}
        return Residual(inside.layers, shortcut=aside.layers), arrays
    nets = [_named(branch, ()) for branch in branches]
    arrays = {f"{i}/{k}": array for i, net in enumerate(nets) for k, array in net.arrays.items()}
    return Parallel([net.layers for net in nets], kind), arrays
