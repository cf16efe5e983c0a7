"""Transfer: weights that a fit begins with, layers that it leaves alone, learning rates of layers."""

import os
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from sklearn.frozen import FrozenEstimator

from convnet.graph.selection import chosen, parameters_of
from convnet.layers import resolve_names


def initial_arrays(source, kind):
    """Return the arrays that `init_weights` stands for, by name.

    Parameters
    ----------
    source : path, mapping of str to array, or FrozenEstimator of a fitted net
    kind : str
        Name of the estimator, for errors.
    """
    if isinstance(source, Mapping):
        if not all(isinstance(name, str) for name in source):
            raise TypeError(
                f'{kind}: init_weights must have names such as "conv1/weights" as keys.'
            )
        return source
    if isinstance(source, str | os.PathLike):
        from convnet.estimators.loading import load  # which comes after this

        net = load(source)
        return getattr(net, "estimator_", net).weights_
    net = source.estimator if isinstance(source, FrozenEstimator) else source
    if net is source or not hasattr(net, "weights_"):
        what = type(net).__name__ if net is source else "an unfitted estimator"
        raise TypeError(
            f"{kind}: init_weights must be a path, a dict of arrays or FrozenEstimator(fitted), the latter of a fitted "
            f"net of convnet; got {what}. A plain estimator would be unfitted by clone."
        )
    return net.weights_


def start_from(network, arrays, kind):
    """Give a network the arrays of all layers whose name and shapes match.

    Returns
    -------
    report : dict of list of str
        Names of layers: "loaded"; "fresh", which have weights but were given none that fit; "left_over", which were
        given but found no place.
    """
    own, given = _by_layer(network.get_weights()), _by_layer(arrays)
    loaded = [
        layer
        for layer, parts in own.items()
        if layer in given
        and {k: a.shape for k, a in parts.items()}
        == {k: np.shape(a) for k, a in given[layer].items()}
    ]
    if not loaded:
        raise ValueError(
            f"{kind}: init_weights match no layer. It has {_listed(given)}; the net has {_listed(own)}."
        )
    weights = network.get_weights()
    for layer in loaded:
        weights.update(given[layer])
    network.set_weights(weights)
    fresh, left = ([n for n in group if n not in loaded] for group in (own, given))
    return {"loaded": loaded, "fresh": fresh, "left_over": left}


def shown(report):
    """Return a report as a line of text."""
    lists = (
        f"{what.replace('_', ' ')}: {', '.join(names)}" for what, names in report.items() if names
    )
    return "init_weights: " + "; ".join(lists)


def _by_layer(arrays):
    """Return {layer: {name: array}}."""
    layers = {}
    for name, array in arrays.items():
        layers.setdefault(name.rpartition("/")[0], {})[name] = array
    return layers


def _listed(layers):
    parts = (
        f"{layer} {' '.join(str(tuple(np.shape(a))) for a in arrays.values())}"
        for layer, arrays in layers.items()
    )
    return ", ".join(parts) or "none"


def frozen_parameters(freeze, plan):
    """Return the names of the parameters that `freeze` keeps."""
    if freeze is None:
        return frozenset()
    names = [freeze] if isinstance(freeze, str) else freeze
    frozen = frozenset(parameters_of(plan, chosen(plan, names, "freeze")))
    if frozen.issuperset(p.name for p in plan.parameters if p.trainable):
        raise ValueError(f"freeze={freeze!r} leaves nothing to train.")
    return frozen


def rate_factors(layer_learning_rates, plan):
    """Return {name of a parameter: factor}; of several that choose a layer the last counts."""
    factors = {}
    for name, factor in (layer_learning_rates or {}).items():
        layers = chosen(plan, [name], "layer_learning_rates")
        factors.update(dict.fromkeys(parameters_of(plan, layers), float(factor)))
    return factors


def layers_up_to(layers, infos, name):
    """Return the layers up to the one of that name, each with its name fixed; see `BaseConvNet.layers_up_to`."""
    known = [info.name for info in infos if info.name != "output"]
    if name not in known:
        raise ValueError(f"layers_up_to: {name!r} is no layer. There are: {', '.join(known)}.")
    wanted = known[: known.index(name) + 1]
    named = zip(resolve_names(layers), layers, strict=True)
    return [replace(layer, name=own) for own, layer in named if own in wanted]
