"""Transfer: weights that a fit begins with, layers that it leaves alone, learning rates of layers."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.frozen import FrozenEstimator

from convnet.fitted.validate import validate_fitted
from convnet.fitted.weights import Weights
from convnet.layers import resolve_names
from convnet.values.fields import show
from convnet.values.plain import plain

MAX_PATH = 4096  # characters: of Linux, and more than of other systems

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from convnet.graph import LayerInfo, Network, Plan
    from convnet.inputs.hints import Images, Report
    from convnet.inputs.scaling import InputFormat
    from convnet.layers.base import Layer


def initial(source: Any, kind: str) -> tuple[Mapping[str, np.ndarray], InputFormat | None]:
    """Return what `init_weights` stands for: arrays by name, and how the net that has them reads X, or None.

    Parameters
    ----------
    source : path, mapping of str to array, or FrozenEstimator of a fitted net
    kind : str
        Name of the estimator, for errors.

    Returns
    -------
    arrays : mapping of str to ndarray
    known : InputFormat or None
    """
    try:
        return _read(plain(source), kind)
    except (TypeError, ValueError, ImportError, OSError):
        raise
    except Exception as error:  # of an object that is no source, whatever it says
        raise TypeError(f"{kind}: init_weights raised {type(error).__name__}.") from error


def _read(source: Any, kind: str) -> tuple[Mapping[str, np.ndarray], InputFormat | None]:
    if isinstance(source, Mapping):
        return {name: _numbers(name, array, kind) for name, array in source.items()}, None
    if isinstance(source, str | os.PathLike):
        if len(os.fspath(source)) > MAX_PATH:
            raise ValueError(f"{kind}: init_weights: a path has more than {MAX_PATH} characters.")
        from convnet.model_io.loading import load  # which comes after this

        try:
            net: Any = load(source)
        except OSError as error:
            reason = f"{os.fspath(source)!r} cannot be read: {error.strerror}"
            message = f"{kind}: init_weights: {reason}. Pass the path of a file that save wrote."
            raise type(error)(error.errno, message) from error
    else:
        net = source.estimator if isinstance(source, FrozenEstimator) else None
    net = getattr(net, "estimator_", net)  # of a transformer
    if not isinstance(getattr(net, "weights_", None), Weights):
        what = type(source).__name__
        if isinstance(source, FrozenEstimator):
            what += f" of {type(source.estimator).__name__}, which is unfitted or no net of convnet"
        raise TypeError(
            f"{kind}: init_weights must be a path, a dict of arrays or FrozenEstimator(fitted), the latter of a fitted "
            f"net of convnet; got {what}. A plain estimator would be unfitted by clone."
        )
    net = net.estimator if isinstance(net, FrozenEstimator) else net
    validate_fitted(net)
    return net.weights_, net._input_format


def _numbers(name: object, array: Any, kind: str) -> np.ndarray:
    """Return an array of `init_weights`; TypeError where it holds anything but real numbers."""
    if not isinstance(name, str):
        raise TypeError(f'{kind}: init_weights must have names such as "conv1/weights" as keys.')
    try:
        array = np.asarray(array)
    except ValueError:  # rows of several lengths
        array = np.asarray(None)
    if array.dtype.kind not in "buif":
        raise TypeError(f"{kind}: init_weights[{name!r}] must be an array of real numbers.")
    return array


def warn_of_units(known: InputFormat, images: Images, scale: float, kind: str) -> None:
    """Warn where X is not read as the net does that the weights come from.

    Parameters
    ----------
    known : InputFormat
        How that reads its X.
    images : ndarray of shape (n, h, w, c) or (n, features)
    scale : float
        What they are multiplied by now.
    kind : str
        Name of the estimator.
    """
    try:
        own = known.scale_for(images, kind)
        reason = "" if own == scale else f"It would multiply X by {own:g}; here it is {scale:g}."
    except ValueError as error:
        reason = str(error)
    if reason:
        warnings.warn(
            f"{kind}: the net of init_weights was trained on X in other units. {reason} Scale X alike, or set rescale.",
            UserWarning,
            stacklevel=2,
        )


def warn_of_frozen(report: Report, frozen: Collection[str], kind: str) -> None:
    """Warn where `freeze` keeps layers that `init_weights` gave nothing that fits."""
    kept = {name.rpartition("/")[0] for name in frozen}
    fresh = [layer for layer in report["missing"] if layer in kept]
    if fresh:
        warnings.warn(
            f"{kind}: freeze keeps {', '.join(fresh)} at random weights, which init_weights did not replace: it has no "
            "such layer, or one of another shape. See init_report_ of the fitted net.",
            UserWarning,
            stacklevel=2,
        )


def start_from(network: Network, arrays: Mapping[str, np.ndarray], kind: str) -> Report:
    """Give a network the arrays of all layers whose name and shapes match.

    Returns
    -------
    report : dict of list of str
        Names of layers: "loaded"; "missing", which have weights but were given none that fit; "unexpected", which were
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
    try:
        with np.errstate(over="ignore"):  # what is too large for float32 is refused as infinite
            network.set_weights(weights)
    except ValueError as error:
        raise ValueError(f"{kind}: init_weights: {error}.") from None
    fresh, left = ([n for n in group if n not in loaded] for group in (own, given))
    return {"loaded": loaded, "missing": fresh, "unexpected": left}


def shown(report: Report) -> str:
    """Return a report as a line of text."""
    lists = (
        f"{what.replace('_', ' ')}: {', '.join(names)}" for what, names in report.items() if names
    )
    return "init_weights: " + "; ".join(lists)


def _by_layer(arrays: Mapping[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Return {layer: {name: array}}."""
    layers: dict[str, dict[str, np.ndarray]] = {}
    for name, array in arrays.items():
        layers.setdefault(name.rpartition("/")[0], {})[name] = array
    return layers


def _listed(layers: Mapping[str, Mapping[str, np.ndarray]]) -> str:
    parts = (
        f"{layer} {' '.join(str(tuple(np.shape(a))) for a in arrays.values())}"
        for layer, arrays in layers.items()
    )
    return ", ".join(parts) or "none"


def frozen_parameters(freeze: str | Sequence[str] | None, plan: Plan) -> frozenset[str]:
    """Return the names of the parameters that `freeze` keeps."""
    if freeze is None:
        return frozenset()
    freeze = plain(freeze)
    names = [freeze] if isinstance(freeze, str) else map(plain, freeze)
    frozen = frozenset(plan.parameters_of(plan.find_layers(names, "freeze")))
    if frozen.issuperset(p.name for p in plan.parameters if p.trainable):
        raise ValueError(f"freeze={show(freeze)} leaves nothing to train.")
    return frozen


def rate_factors(layer_learning_rates: Mapping[str, float] | None, plan: Plan) -> dict[str, float]:
    """Return {name of a parameter: factor}; of several that choose a layer the last counts."""
    factors = {}
    for name, factor in (plain(layer_learning_rates) or {}).items():
        layers = plan.find_layers([plain(name)], "layer_learning_rates")
        factors.update(dict.fromkeys(plan.parameters_of(layers), float(factor)))
    return factors


def layers_up_to(layers: Sequence[Layer], infos: Sequence[LayerInfo], name: str) -> list[Layer]:
    """Return the layers up to the one of that name, each with its name fixed; see `BaseConvNet.layers_up_to`."""
    known = [info.name for info in infos if info.name != "output"]
    if name not in known:
        raise ValueError(f"layers_up_to: {name!r} is no layer. There are: {', '.join(known)}.")
    wanted = known[: known.index(name) + 1]
    named = zip(resolve_names(layers), layers, strict=True)
    return [replace(layer, name=own) for own, layer in named if own in wanted]
