"""The weights of a net after earlier epochs, from checkpoints or other estimators."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.callbacks.checkpoint import read_weights
from convnet.inspection.explorer.epochs import EpochWeights
from convnet.inspection.explorer.net import describe_net
from convnet.persistence.files import check_path
from convnet.values.messages import quoted, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    State = tuple[int, Mapping[str, NDArray[np.float32]]]  # number of epochs, weights

SCALINGS = ("y_mean_", "y_scale_")  # of a regressor's targets


def earlier_states(net: Any, checkpoints: Sequence[Any], who: str) -> list[EpochWeights]:
    """Return the weights of checkpoints in the order of their epochs.

    Parameters
    ----------
    net : estimator
        The fitted net that they are states of.
    checkpoints : sequence of str, path or estimator
        Files of `Checkpoint`, or fitted estimators.
    who : str
        Beginning of errors.

    Raises
    ------
    TypeError
        If `checkpoints` is one of these instead of a sequence, or has other objects.
    ValueError
        If a file cannot be read, or a checkpoint is not one of a net with the same layers. Classes and scaling of
        estimators are compared too.
    """
    if isinstance(checkpoints, str | os.PathLike) or not hasattr(checkpoints, "__iter__"):
        raise TypeError(
            f"{who}: checkpoints must be a list of paths or fitted estimators; got {show(checkpoints)}."
        )
    found = []
    for i, one in enumerate(checkpoints):
        what = f"{who}: checkpoints[{i}]"
        if isinstance(one, str | os.PathLike):
            found.append(_of_file(net, one, who, what))
        elif hasattr(one, "weights_") and hasattr(one, "_network"):
            found.append(_of_estimator(net, one, what))
        else:
            raise TypeError(
                f"{what} must be the path of a checkpoint or a fitted estimator; got {show(one)}."
            )
    found.sort(key=lambda state: state[0])
    return [EpochWeights(f"epoch {epoch}", weights) for epoch, weights in found]


def _of_file(net: Any, path: str | os.PathLike[str], who: str, what: str) -> State:
    path = check_path(who, path)
    state = read_weights(path)
    what = f"{what}, {quoted(path)},"
    of_net = {"estimator": type(net).__name__, "layers": repr(list(net._network_cache.layers))}
    for key, value in of_net.items():
        found = state.fingerprint.get(key, "none")
        if found != value:
            raise ValueError(
                f"{what} was written by a fit with {key}={_short(found)}; this net has {key}={_short(value)}. "
                "Pass checkpoints of the fit of this net."
            )
    _check_shapes(net, state.weights, what)
    return state.epoch, state.weights


def _of_estimator(net: Any, other: Any, what: str) -> State:
    _check_shapes(net, other.weights_, what)
    own, network = net._network(), other._network()
    if describe_net(own.plan, {}, 0).net != describe_net(network.plan, {}, 0).net:
        raise ValueError(
            f"{what} has other layers than the net. Pass estimators with the same layers."
        )
    classes = [list(getattr(one, "classes_", ())) for one in (net, other)]
    if classes[0] != classes[1]:
        raise ValueError(
            f"{what} has the classes {show(classes[1])}; the net has {show(classes[0])}. "
            "Pass estimators with the same classes."
        )
    scales = [one._input_format.scale for one in (net, other)]
    if scales[0] != scales[1]:
        raise ValueError(
            f"{what} multiplies images by {scales[1]:.6g}; the net multiplies them by {scales[0]:.6g}. "
            "Pass estimators that were fitted on images of the same range."
        )
    for name in SCALINGS:
        if not np.array_equal(getattr(net, name, 0), getattr(other, name, 0)):
            raise ValueError(
                f"{what} has another {name} than the net. Pass estimators that were fitted on the same targets."
            )
    return other.n_iter_, other.weights_


def _check_shapes(net: Any, weights: Mapping[str, NDArray[np.float32]], what: str) -> None:
    expected = {p.name: tuple(p.shape) for p in net._network().plan.parameters}
    found = {name: array.shape for name, array in weights.items()}
    for name in {**expected, **found}:
        if expected.get(name) != found.get(name):
            raise ValueError(
                f"{what} has {name} of shape {found.get(name, 'none')}; the net has {expected.get(name, 'none')}. "
                "Pass checkpoints of a net with the same layers and as many classes."
            )


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
