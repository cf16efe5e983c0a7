"""Which array of `init_weights` belongs to which parameter of the net.

::

    names of this net          as they are; `load_initial_weights` compares names and shapes
    weight_names               what the user, or the name map of a preset, says
    names of the net's layers  modules in the file with the same names, if all layers have one
    order and shape            the first module of the same kind and shape that is left, in the order of the net

If a net has a dense layer where the file has a convolution with a kernel of one pixel, or the other way round, both
count as one kind. A layer that finds no module is an error, unless it belongs to a new head, after all that find one.

In a file that is sorted by name, two modules of the same shape have a known order only if numbers tell it
("features.2" and "features.10"). Batch normalization then goes with the convolution beside it ("conv1" and "bn1").
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from convnet.fitting.flattened_kernels import with_flattened_kernels
from convnet.fitting.weight_layouts import (
    NORMALIZE,
    NORMS,
    Module,
    layout_of,
    modules_of,
    own_modules,
)
from convnet.fitting.weight_names import CONSTANTS, OUTPUT, NameResolver
from convnet.graph.flattened_orders import channels_first_orders
from convnet.layers import Normalize
from convnet.persistence.weight_files.natural_order import natural_key
from convnet.persistence.weight_files.reading import without_common_prefix
from convnet.values.messages import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from convnet.fitting.weight_layouts import Shape
    from convnet.graph import Plan

REMEDY = 'Say which belong together: weight_names={"conv1": "name in the file", ...}.'


@dataclass(frozen=True)
class Match:
    """Arrays with the names that they have in the net.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        By name in the net.
    origins : dict of str to str
        For each layer, the name of its module in the file, if it has another one.
    unexpected : list of str
        Modules of the file that found no place.
    """

    arrays: Mapping[str, np.ndarray]
    origins: dict[str, str] = field(default_factory=dict)
    unexpected: list[str] = field(default_factory=list)


def match_weights(
    plan: Plan,
    arrays: Mapping[str, np.ndarray],
    *,
    ordered: bool,
    weight_names: Mapping[str, str] | None,
    maps: Mapping[str, Mapping[str, str]],
) -> Match:
    """Return the arrays of `init_weights` by their names in the net.

    Parameters
    ----------
    plan : Plan
        Plan of the net.
    arrays : mapping of str to ndarray
        By their names in the file, or as passed.
    ordered : bool
        Whether they are in the order of the net that they come from.
    weight_names : mapping of str to str, or None
        The parameter: names here to names there.
    maps : mapping of str to such mappings
        The name maps of the preset. The first one whose names are all there is used.

    Raises
    ------
    ValueError
        If layers of the net and modules of the file cannot be matched, or a name does not exist.
    """
    layout = layout_of(arrays)
    arrays = without_common_prefix(arrays) if layout == "torch" else arrays
    own, modules = own_modules(plan, layout), modules_of(arrays, layout)
    if weight_names is None and layout == "own":
        return Match(arrays)
    if layout == "torch":
        modules = with_flattened_kernels(modules, plan)
    by_name = {module.name: module for module in modules}
    what, names = "weight_names", weight_names
    if names is None:  # the first name map that is of such a file
        there = {*by_name, *(source for m in modules for source in m.sources.values())}
        fitting = (name for name, known in maps.items() if there >= set(known.values()))
        map_name = next(fitting, None)
        if map_name is not None:
            what, names = f"the name map {map_name!r} of the preset", maps[map_name]
    if names is not None:
        pairs = NameResolver(own, modules, arrays, what).pairs(names)
    else:
        # Normalize learns from X, unless the file is of a net of convnet in PyTorch, which has it too.
        has_statistics = any(module.kind == NORMALIZE for module in modules)
        own = [
            part
            for layer in own
            if has_statistics or not isinstance(plan.named[layer.name].layer, Normalize)
            for part in layer.parts()
        ]
        pairs = _same_names(own, by_name) or _by_shape(own, modules, ordered)
    is_torch = layout == "torch"
    orders = channels_first_orders(plan.layers, plan.input_shape)[0] if is_torch else {}
    used = {source for module in pairs.values() for source in module.sources.values()}
    origins: dict[str, list[str]] = {}
    for layer in own:
        if layer.name in pairs:
            origins.setdefault(layer.layer or layer.name, []).append(pairs[layer.name].name)
    return Match(
        dict(_converted(own, pairs, orders)),
        {layer: " and ".join(names) for layer, names in origins.items()},
        [m.name for m in modules if m.arrays and used.isdisjoint(m.sources.values())],
    )


def _converted(
    own: Sequence[Module], pairs: Mapping[str, Module], orders: Mapping[str, np.ndarray | str]
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (name, array) for all parameters of the layers that have a module."""
    for layer in own:
        if layer.name not in pairs:
            continue
        arrays, order = pairs[layer.name].arrays, orders.get(layer.name)
        if isinstance(order, str):
            raise ValueError(
                f"{order}, so that weights of PyTorch cannot be converted for {layer.name}. Pass a dict of arrays with "
                "the names and shapes of weights_."
            )
        for role, shape in layer.shapes.items():
            array = arrays.get(role)
            if array is None:
                array = np.full(shape, CONSTANTS[role], np.float32)
            elif order is not None and (role == "weights" or "weights" not in layer.arrays):
                array = array[
                    order
                ]  # rows of a dense layer, or features of a layer without weights
            yield f"{layer.layer or layer.name}/{role}", array


def fits(layer: Module, module: Module) -> bool:
    """Return whether a layer can take the arrays of a module: all of them, and it needs no others but constants."""
    shapes = layer.shapes
    return (
        layer.kind == module.kind != ""
        and all(shapes.get(role) == shape for role, shape in module.shapes.items())
        and shapes.keys() - module.arrays.keys() <= CONSTANTS.keys()
    )


def _same_names(own: Sequence[Module], by_name: Mapping[str, Module]) -> dict[str, Module]:
    """Return the modules that have the names of the layers, if all layers but the last have one that fits.

    The modules of ``to_torch`` have an underscore behind names that PyTorch uses itself. The slopes of the activation
    of conv1 are those of "conv1_prelu", and of a layer with branches, of its module "activation".
    """
    pairs = {}
    known = {re.sub(r"_(?=\.|$)", "", name): module for name, module in by_name.items()}
    known.update(by_name)
    for layer in own:
        name = (layer.layer or layer.name).replace("/", ".")
        names = [layer.name, name]
        if layer.kind == "prelu":
            names = [*([] if layer.layer else names), f"{name}_prelu", f"{name}.activation"]
        module = next((known[name] for name in names if name in known), None)
        module = module and module.like(layer)
        if module is not None and fits(layer, module):
            pairs[layer.name] = module
        elif layer.name != OUTPUT:
            return {}
    return pairs


def _by_shape(own: Sequence[Module], modules: Sequence[Module], ordered: bool) -> dict[str, Module]:
    """Return the module of each layer by kind, shape and order."""
    wants_dense, wants_conv = _wanted_forms(own, modules)
    try:
        found = _pairs_as_dense(own, modules, ordered) if wants_dense or wants_conv else {}
    except ValueError:
        if wants_conv:
            raise
        found = {}
    if not found:  # the dense layers may be a new head
        found = _pairs_of_kind(own, modules, ordered)
        _check_gaps(own, modules, found, ordered)
    by_name = {module.name: module for module in modules}
    layers = {layer.name: layer for layer in own}
    return {name: by_name[there].like(layers[name]) for name, there in found.items()}


def _wanted_forms(own: Sequence[Module], modules: Sequence[Module]) -> tuple[bool, bool]:
    """Return whether the net has dense layers that the file has as convolutions, and the other way round."""
    # How many more the file has, by their shape as dense layers and whether they are dense layers.
    surplus: Counter[tuple[Shape, bool]] = Counter()
    for sign, group in ((1, modules), (-1, own)):
        for module in group:
            dense = module.as_dense()
            if dense.kind == "dense":
                surplus[dense.shapes["weights"], dense is module] += sign
    lacking = [place for place, n in surplus.items() if n < 0]
    wanted = {is_dense for shape, is_dense in lacking if surplus[shape, not is_dense] > 0}
    return True in wanted, False in wanted


def _pairs_as_dense(
    own: Sequence[Module], modules: Sequence[Module], ordered: bool
) -> dict[str, str]:
    """Return `_pairs_of_kind` with convolutions with a kernel of one pixel as dense layers.

    A convolution of another net may have the shape of a dense layer by chance. So nothing may be left over in between,
    whatever the order of the file, and no convolution of this net.
    """
    pairs = _pairs_of_kind(_as_dense(own), _as_dense(modules), ordered)
    _check_gaps(own, modules, pairs, ordered=True, dense_head=True)
    return pairs


def _as_dense(modules: Iterable[Module]) -> list[Module]:
    return [module.as_dense() for module in modules]


def _pairs_of_kind(
    own: Sequence[Module], modules: Sequence[Module], ordered: bool
) -> dict[str, str]:
    """Return the name of the first module of the same kind and shape that is left for each layer, if there is one."""
    places: dict[str, list[Module]] = {}  # by kind and shapes without constants
    for module in modules:
        places.setdefault(_place(module), []).append(module)
    left = {place: list(group) for place, group in places.items()}
    position = {module.name: i for i, module in enumerate(modules)}
    pairs: dict[str, str] = {}
    unsure: set[str] = set()  # chosen by order alone

    def take_first(layer: Module) -> None:
        groups = [left.get(_place(layer), [])]
        if layer.kind == "prelu":
            groups.append(left.get(ONE_SLOPE, []))
        fitting = [next((m for m in group if fits(layer, m.like(layer))), None) for group in groups]
        module = min(filter(None, fitting), key=lambda m: position[m.name], default=None)
        if module is not None:
            pairs[layer.name] = module.name
            groups[fitting.index(module)].remove(module)
            unsure.add(module.name)

    for layer in own:
        if layer.kind not in NORMS:
            take_first(layer)
    beside = {} if ordered else _norms_beside(own, modules, pairs)
    for layer in own:
        if layer.name in beside:
            pairs[layer.name] = beside[layer.name]
        elif layer.kind in NORMS:
            take_first(layer)
    if not ordered:
        _check_order(places, unsure, set(pairs.values()))
    return pairs


def _place(module: Module) -> str:
    main = next(
        (role for role in ("weights", "moving_mean", "gamma", "alpha") if role in module.arrays), ""
    )
    return f"{module.kind} {module.shapes.get(main)}"


ONE_SLOPE = "prelu (1,)"  # the place of a PReLU whose slope is that of all channels


def _norms_beside(
    own: Sequence[Module], modules: Sequence[Module], pairs: Mapping[str, str]
) -> dict[str, str]:
    """Return the module of each normalization, if each one follows a convolution and their names say so.

    "bn1" goes with "conv1", and "1" with "0". If that holds for some only, the file is of a net whose normalizations
    come before the convolutions, or whose names mean something else, and nothing is returned. A PReLU may stand between
    the two.
    """
    norms: dict[tuple[str, bool, int], list[Module]] = {}
    others: dict[tuple[str, bool, int], list[Module]] = {}
    for module in modules:
        parent, leaf, number = _split(module.name)
        if module.kind in NORMS:
            norms.setdefault((parent, leaf == "", number), []).append(module)
        elif module.kind and (module.kind != "prelu" or leaf == ""):
            place = parent, leaf == "", number + (leaf == "")
            others.setdefault(place, []).append(module)
    beside = {
        found[0].name: norms[place][0]
        for place, found in others.items()
        if len(found) == len(norms.get(place, ())) == 1
    }
    chosen = {}
    before: list[
        str | None
    ] = []  # the modules of the convolution before, and of the PReLU behind it
    for layer in own:
        if layer.kind not in NORMS:
            before = [*(before if layer.kind == "prelu" else []), pairs.get(layer.name)]
            continue
        norm = next((beside[name] for name in reversed(before) if name in beside), None)
        if norm is None or not fits(layer, norm):
            return {}
        chosen[layer.name] = norm.name
        before = []
    return chosen


def _split(name: str) -> tuple[str, str, int]:
    """Return the parent of a module, and its own name as text and number: ("layer1.0", "conv", 2)."""
    parent, leaf = re.fullmatch(r"(?:(.*)[./])?([^./]*)", name, re.DOTALL).groups()  # type: ignore[union-attr]
    text, digits = re.fullmatch(r"(.*?)(\d*)", leaf, re.DOTALL).groups()  # type: ignore[union-attr]
    return parent or "", text, int(digits[:18] or 0)


def _check_order(places: Mapping[str, Sequence[Module]], unsure: set[str], taken: set[str]) -> None:
    """Raise ValueError if modules were told apart by an order that their names do not tell."""
    for group in places.values():
        # Modules that go with the convolution beside them do not compete for a place.
        rivals = [m for m in group if m.name in unsure or m.name not in taken]
        for one, other in pairwise(rivals):
            keys = zip(natural_key(one.name), natural_key(other.name), strict=False)
            differing = next(((a, b) for a, b in keys if a != b), None)
            is_known = differing is None or differing[0][0] == differing[1][0]
            if not is_known and (one.name in unsure or other.name in unsure):
                raise ValueError(
                    f"it is sorted by name, so it does not say which of {listed([one, other])} comes first. {REMEDY}"
                )


def _check_gaps(
    own: Sequence[Module],
    modules: Sequence[Module],
    pairs: Mapping[str, str],
    ordered: bool,
    *,
    dense_head: bool = False,
) -> None:
    """Raise ValueError if nothing was matched, or something is left over that is not at the end of one side.

    A net may end earlier than that of the file, or have a new head behind its last layer with a module; without
    convolutions if `dense_head`. Dense layers may differ.
    """
    taken = set(pairs.values())
    here = [layer for layer in own if layer.name not in pairs]
    there = [module for module in modules if module.arrays and module.name not in taken]
    gaps = _gaps_of_net(own, pairs)
    gaps += [layer for layer in here if dense_head and layer.kind.startswith("conv")]
    if ordered:
        gaps += _gaps_of_file(modules, taken)
    both = {layer.kind for layer in here} & {module.kind for module in there} - {"dense", ""}
    if gaps or both or not pairs:
        raise ValueError(
            f"its arrays do not match the layers by their order and shapes. Left over in the net: {_listed(here)}. "
            f"Left over in init_weights: {_listed(there)}. {REMEDY}"
        )


def _listed(modules: Sequence[Module]) -> str:
    return listed(modules) if modules else "none"


def _gaps_of_net(own: Sequence[Module], pairs: Mapping[str, str]) -> list[Module]:
    """Return the layers without a module before the last one that has one, and a PReLU behind that one."""
    body = [layer for layer in own if layer.name != OUTPUT]
    matched = [layer.name in pairs for layer in body]
    end = max((i for i, is_matched in enumerate(matched) if is_matched), default=-1)
    if end + 1 < len(body) and body[end + 1].kind == "prelu":
        end += 1
    return [
        layer for layer, is_matched in zip(body[: end + 1], matched, strict=False) if not is_matched
    ]


def _gaps_of_file(modules: Sequence[Module], taken: set[str]) -> list[Module]:
    """Return the modules without a layer before the last one of the same kind that has one.

    Across kinds, a file lists modules in the order of their definition, which may not be that of their use. But what
    changes maps without having an order of its own, a PReLU or a normalization, must not be left out in the middle.
    """
    gaps: list[Module] = []
    open_: dict[str, list[Module]] = {}
    for module in modules:
        if module.name in taken:
            for kind in {module.kind, "prelu", *NORMS}:
                gaps += open_.pop(kind, [])
        elif module.kind:
            open_.setdefault(module.kind, []).append(module)
    return gaps
