"""Layers chosen by name, of a plan: what is frozen, which parameters learn at a rate of their own."""

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

from convnet.graph.plan import Plan

UNTIL = "until:"


def chosen(plan: Plan, names: Iterable[str], parameter: str) -> list[str]:
    """Return the names of the layers that some names or patterns choose, in the order of the plan.

    Parameters
    ----------
    plan : Plan
    names : iterable of str
        Names of layers, those inside others too, patterns such as "conv*", or "until:conv3": all layers up to that
        one. A layer stands for those inside it.
    parameter : str
        Of the estimator, for errors.

    Raises
    ------
    ValueError
        A name that chooses nothing, with the names that exist.
    """
    known, outer = list(plan.named), [info.name for info in plan.layers]
    found: set[str] = set()
    for name in names:
        if name.startswith(UNTIL):
            last = name.removeprefix(UNTIL)
            hits = outer[: outer.index(last) + 1] if last in outer else []
        else:
            hits = [layer for layer in known if fnmatchcase(layer, name)]
        if not hits:
            among = outer if name.startswith(UNTIL) else known
            raise ValueError(f"{parameter}: {name!r} is no layer. There are: {', '.join(among)}.")
        found.update(hits)
    return [layer for layer in known if any(_within(layer, name) for name in found)]


def _within(layer: str, name: str) -> bool:
    return layer == name or layer.startswith(f"{name}/")


def parameters_of(plan: Plan, layers: Iterable[str]) -> list[str]:
    """Return the names of the parameters of layers, running statistics included."""
    inside = set(layers)
    return [p.name for p in plan.parameters if p.name.rpartition("/")[0] in inside]


def front(plan: Plan, frozen: Collection[str]) -> str | None:
    """Return the name of the last layer of a frozen front, or None.

    The front is what nothing trained stands before or in, nor anything random: its outputs for a row are the same
    in every step.

    Parameters
    ----------
    plan : Plan
    frozen : collection of str
        Names of the parameters that are not trained.
    """
    last = None
    for lowered in plan.lowered[:-1]:
        learns = any(
            p.trainable and p.name not in frozen
            for op in lowered.ops
            for p in op.parameters.values()
        )
        if learns or any(op.random for op in lowered.ops):
            return last
        if last or any(p.trainable for op in lowered.ops for p in op.parameters.values()):
            last = lowered.name
    return last
