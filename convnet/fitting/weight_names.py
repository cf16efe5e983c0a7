"""`weight_names`, and the name maps of presets: modules and arrays of a file by the names of layers and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convnet.fitting.weight_layouts import Module
from convnet.persistence.weight_files.reading import WRAPPERS
from convnet.values.messages import did_you_mean, listed, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

OUTPUT = "output"  # the layer that a net of other classes has in another size
# Parameters that start at a constant, which is what a layer without them computes with.
CONSTANTS = {"bias": 0.0, "beta": 0.0, "gamma": 1.0}


class NameResolver:
    """Resolves `weight_names`.

    Parameters
    ----------
    own : sequence of Module
        The layers of the net.
    modules : sequence of Module
        The modules of the file.
    arrays : mapping of str to ndarray
        The arrays of the file, for those that belong to no known module.
    what : str
        Where the names come from, for errors.
    """

    def __init__(
        self,
        own: Sequence[Module],
        modules: Sequence[Module],
        arrays: Mapping[str, np.ndarray],
        what: str,
    ) -> None:
        self.what = what
        self.layers = {layer.name: layer for layer in own}
        self.modules = {module.name: module for module in modules}
        self.arrays = dict(arrays)
        self.sources = dict(arrays) | {
            source: module.arrays[role]
            for module in modules
            for role, source in module.sources.items()
        }

    def pairs(self, names: Mapping[str, str]) -> dict[str, Module]:
        """Return the module of each layer that is named."""
        pairs: dict[str, Module] = {}
        for here, there in names.items():
            layer, _, role = here.rpartition("/")
            if here in self.layers:
                module = self._module(here, there)
                if module is not None:
                    pairs[here] = _united(module, pairs.get(here))
            elif layer in self.layers and role in self.layers[layer].arrays:
                part = self._part(layer, role, there)
                pairs[layer] = _united(part, pairs.get(layer))
            else:
                known = [
                    *self.layers,
                    *(f"{n}/{r}" for n, m in self.layers.items() for r in m.arrays),
                ]
                raise ValueError(
                    f"{self.what}: the net has no layer with weights named {show(here)}. It has {listed(self.layers)}."
                    f"{did_you_mean(here, known)}"
                )
        for layer, module in pairs.items():
            lacking = self.layers[layer].arrays.keys() - module.arrays.keys() - CONSTANTS.keys()
            if lacking:
                raise ValueError(
                    f"{self.what}: {layer} also needs {listed(f'{layer}/{role}' for role in sorted(lacking))}. "
                    "Name the array of each, or the module of the whole layer."
                )
        return pairs

    def _module(self, here: str, there: str) -> Module | None:
        """Return the module that a layer is mapped to, or None for an output layer of another size."""
        layer = self.layers[here]
        module = self.modules[self._find(self.modules, there, "module", here)].like(layer)
        for role, shape in module.shapes.items():
            expected = layer.shapes.get(role)
            if here == OUTPUT and expected is not None and expected != shape:
                return None
            self._check(f"{here}/{role}", expected, module.sources[role], shape)
        return module

    def _part(self, layer: str, role: str, there: str) -> Module:
        """Return the one array that a parameter is mapped to: its name, or that of a module with this parameter."""
        here = f"{layer}/{role}"
        whole = self.modules.get(there)
        name = whole.sources.get(role, there) if whole else there
        source = self._find(self.sources, name, "array", here)
        module = Module(there, {role: self.sources[source]}, {role: source}).like(
            self.layers[layer]
        )
        self._check(here, self.layers[layer].shapes[role], source, module.shapes[role])
        return module

    def _check(
        self, here: str, expected: tuple[int, ...] | None, there: str, shape: tuple[int, ...]
    ) -> None:
        if expected is None:
            raise ValueError(
                f"{self.what}: {show(there)} of shape {shape} belongs to {here}, which the net does not have."
            )
        if expected != shape:
            stored = self.arrays[there].shape
            form = "" if stored == shape else f", {shape} in the layout of convnet"
            raise ValueError(
                f"{self.what}: {here} has shape {expected}, but {show(there)} has shape {stored}{form}."
            )

    def _find(self, known: Mapping[str, object], name: str, kind: str, here: str) -> str:
        """Return a name as it is in `known`. The name in the file may have a prefix that was removed."""
        stripped = name
        while stripped not in known:
            prefix = next((p for p in WRAPPERS if stripped.startswith(p)), None)
            if prefix is None:
                raise ValueError(
                    f"{self.what}: {here}: init_weights has no {kind} named {show(name)}. It has {listed(known)}."
                    f"{did_you_mean(name, known)}"
                )
            stripped = stripped.removeprefix(prefix)
        return stripped


def _united(new: Module, old: Module | None) -> Module:
    """Return one module with the arrays of both. Where both have one, that of `new` counts."""
    if old is None:
        return new
    return Module(f"{old.name} and {new.name}", old.arrays | new.arrays, old.sources | new.sources)
