"""The fitted attributes of a net, as one table.

To add an attribute, add a row to `ATTRIBUTES` with its check and its type to `FittedAttributeTypes`, and write the code
that computes it. Pickles, copies, model files, resumed fits and `validate_fitted` follow the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from convnet.data.images.form import check_form
from convnet.fitted.network_cache import NetworkCache
from convnet.fitted.seen_images import check_seen
from convnet.fitted.weights import Weights, check_weights
from convnet.graph import LayerInfo, Plan
from convnet.inputs.images import DTYPES, accepted_shapes
from convnet.inputs.scaling import InputFormat, is_scale
from convnet.layers import Layer
from convnet.values.constraints import is_integer
from convnet.values.messages import show
from convnet.values.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import NDArray


Estimator = TypeVar("Estimator")
Fitted: TypeAlias = dict[str, Any]  # fitted attributes by name


@dataclass(frozen=True)
class FittedAttribute:
    """A row of the table.

    Parameters
    ----------
    name : str
        Name on the estimator.
    check : callable or None
        Called with the value, all fitted attributes and the plan of the net. Raises a ValueError that says what was
        expected and what was found. None leaves the check to the target's own rules.
    required : bool, default=True
        Whether every fitted net has the attribute.
    training : bool, default=False
        Whether the attribute reports on training. A copy that a scorer gets during a fit lacks all of these.
    saved : bool, default=True
        Whether a model file holds the value itself. The others are rebuilt from the layers, the input format and the
        arrays of the file.
    kept : bool, default=False
        Whether a resumed fit keeps the value instead of computing it again.
    type, doc : str, default=""
        Entry in the docstrings of the estimators. Empty if the attribute is private or each estimator describes it.
    """

    name: str
    check: Callable[[Any, Fitted, Any], None] | None
    required: bool = True
    training: bool = False
    saved: bool = True
    kept: bool = False
    type: str = ""
    doc: str = ""


class FittedAttributeTypes:
    """Base class that tells type checkers the types of the fitted attributes that all estimators share."""

    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
    image_form_: dict[str, Any]
    _folder_classes: list[str]
    _input_format: InputFormat
    _indicator_dtype: np.dtype[Any] | None = None  # dtype of y in fit, if y was an indicator
    input_shape_: tuple[int, ...]
    layers_: tuple[LayerInfo, ...]
    weights_: Weights
    n_parameters_: int
    init_report_: dict[str, list[str]] | None
    _network_cache: NetworkCache
    n_iter_: int
    best_iter_: int
    loss_: float
    loss_curve_: list[float]
    validation_loss_curve_: list[float]
    validation_scores_: list[float]
    history_: dict[str, list[float]]
    _seen_images: dict[str, Any]


def require(condition: bool, expected: str, found: Any) -> None:
    """Raise ValueError with what was expected and what was found, unless `condition` holds."""
    if not condition:
        raise ValueError(f"expected {expected}, found {show(found)}")


def _check_input_shape(shape: Any, fitted: Fitted, plan: Plan) -> None:
    require(_is_shape(shape) and shape == plan.input_shape, f"{plan.input_shape}", shape)


def _check_layers(layers: Any, fitted: Fitted, plan: Plan) -> None:
    same = _outline(layers) == _outline(tuple(plan.layers))
    require(same, "the layers that the net is built from", layers)


def _outline(layers: Any) -> list[Any]:
    """Return what does not depend on how layers are computed and how their work is counted."""
    require(type(layers) is tuple, "a tuple", layers)
    outline: list[Any] = []
    for info in layers:
        require(type(info) is LayerInfo, "entries of LayerInfo", info)
        require(_is_shape(info.output_shape), "output shapes of integers", info.output_shape)
        require(isinstance(info.layer, Layer), "a layer", info.layer)
        for text in (info.name, info.type, info.algorithm):
            require(type(text) is str, "names that are strings", text)
        for count in (info.n_parameters, info.multiply_adds, info.memory_bytes):
            require(_is_count(count, 0), "counts of parameters, operations and bytes", count)
        outline.append((info.name, info.type, info.n_parameters, info.output_shape))
        outline.append((rebuild(info.layer), _outline(info.layers)))
    return outline


def rebuild(value: Any) -> Any:
    """Return a layer, or the value of one of its fields, built again, which checks all fields."""
    if isinstance(value, Value):
        return type(value)(**{name: rebuild(field) for name, field in value.get_params().items()})
    return tuple(map(rebuild, value)) if isinstance(value, tuple) else value


def _check_weights(weights: Any, fitted: Fitted, plan: Plan) -> None:
    check_weights(weights, plan)


def _check_n_parameters(n: Any, fitted: Fitted, plan: Plan) -> None:
    require(_is_count(n, 0) and n == plan.n_parameters, f"{plan.n_parameters}", n)


def _check_network_cache(cache: Any, fitted: Fitted, plan: Plan) -> None:
    require(type(cache) is NetworkCache, "a NetworkCache", cache)


def _check_input_format(given: Any, fitted: Fitted, plan: Plan) -> None:
    require(type(given) is InputFormat, "an InputFormat", given)
    require(
        _is_shape(given.shape) and given.shape == plan.input_shape,
        f"{plan.input_shape}",
        given.shape,
    )
    orders = "channels_last", "channels_first"
    require(_is_one_of(given.data_format, orders), " or ".join(orders), given.data_format)
    require(_is_one_of(given.dtype, DTYPES), "the dtype of images", given.dtype)
    require(_is_number(given.scale) and is_scale(given.scale), "a scale above 0", given.scale)
    largest = given.largest
    require(_is_number(largest) and 0 <= largest < np.inf, "a finite largest value", largest)
    rescale = given.rescale
    is_rescale = rescale is None or _is_one_of(rescale, ("auto",))
    is_rescale = is_rescale or (_is_number(rescale) and is_scale(rescale))
    require(is_rescale, '"auto", None or a number above 0 as rescale', rescale)
    require(isinstance(given.as_is, bool | np.bool_), "True or False as as_is", given.as_is)
    accepted, found = accepted_shapes(given.shape, given.data_format), given.sample_shape
    is_accepted = found is None or (_is_shape(found) and found in accepted)
    require(is_accepted, f"None or one of {accepted} as sample_shape", found)


def _check_n_features(n: Any, fitted: Fitted, plan: Plan) -> None:
    expected = prod(plan.input_shape)
    require(_is_count(n) and n == expected, f"{expected}", n)


def _check_feature_names(names: Any, fitted: Fitted, plan: Plan) -> None:
    n_features = prod(plan.input_shape)
    require(
        isinstance(names, np.ndarray) and names.shape == (n_features,), f"{n_features} names", names
    )
    require(all(isinstance(name, str) for name in names), "names that are strings", names)


def _check_folder_classes(names: Any, fitted: Fitted, plan: Plan) -> None:
    is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
    require(is_list, "a list of names", names)


def _check_image_form(form: Any, fitted: Fitted, plan: Plan) -> None:
    checked = check_form("image_form_", **form)
    require(checked.shape == plan.input_shape, f"images of shape {plan.input_shape}", checked.shape)
    require(checked.as_dict() == form, f"{checked.as_dict()}", form)


def _check_init_report(report: Any, fitted: Fitted, plan: Plan) -> None:
    if report is None:
        return
    keys = ["loaded", "missing", "unexpected"]
    require(isinstance(report, dict) and list(report) == keys, f"None or a dict of {keys}", report)
    for names in report.values():
        is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
        require(is_list, "lists of names", names)


def _check_n_iter(n: Any, fitted: Fitted, plan: Plan) -> None:
    require(_is_count(n, 0), "a number of epochs", n)


def _check_best_iter(best: Any, fitted: Fitted, plan: Plan) -> None:
    n = fitted["n_iter_"]
    lowest = 1 if n else 0
    require(_is_count(best, lowest) and best <= n, f"an epoch from {lowest} to {n}", best)


def _check_loss(loss: Any, fitted: Fitted, plan: Plan) -> None:
    require(_is_number(loss), "a number", loss)


def _check_curve(curve: Any, fitted: Fitted, plan: Plan) -> None:
    n = fitted["n_iter_"]
    require(isinstance(curve, list), "a list", curve)
    require(len(curve) == n, f"{n} entries", len(curve))
    require(all(map(_is_number, curve)), "numbers", curve)


def _check_history(history: Any, fitted: Fitted, plan: Plan) -> None:
    require(isinstance(history, dict) and "loss" in history, 'a dict with a key "loss"', history)
    require(all(isinstance(name, str) for name in history), "keys that are strings", list(history))
    for curve in history.values():
        _check_curve(curve, fitted, plan)


def _check_schedule_start(start: Any, fitted: Fitted, plan: Plan) -> None:
    n = fitted["n_iter_"]
    require(_is_count(start, 0) and start <= n, f"a number of epochs up to {n}", start)


def _check_validation_split(split: Any, fitted: Fitted, plan: Plan) -> None:
    is_seed = _is_count(split, 0) and split < 2**31
    require(is_seed or _is_one_of(split, ("X_val",)), 'a seed or "X_val"', split)


ATTRIBUTES = (
    # X
    FittedAttribute(
        "n_features_in_",
        _check_n_features,
        kept=True,
        type="int",
        doc="Number of features: height · width · channels for images, length · channels for signals.",
    ),
    FittedAttribute(
        "feature_names_in_",
        _check_feature_names,
        required=False,
        kept=True,
        type="ndarray of str",
        doc="Column names, if X was a data frame.",
    ),
    FittedAttribute(
        "image_form_",
        _check_image_form,
        required=False,
        kept=True,
        type="dict",
        doc="If X was an `ImageFolder`, its `image_form`: ``ImageFolder(path, **clf.image_form_)`` reads other images "
        "in the same way, as the command line does.",
    ),
    # names of the classes if X was an image folder: what integers in y mean
    FittedAttribute("_folder_classes", _check_folder_classes, required=False, kept=True),
    FittedAttribute("_input_format", _check_input_format, saved=False, kept=True),
    # y, documented by each estimator
    FittedAttribute("classes_", None, required=False),
    FittedAttribute("n_outputs_", None, required=False),
    FittedAttribute("y_mean_", None, required=False, kept=True),
    FittedAttribute("y_scale_", None, required=False, kept=True),
    FittedAttribute("_indicator_dtype", None, required=False),
    # the net
    FittedAttribute(
        "input_shape_",
        _check_input_shape,
        saved=False,
        type="tuple of int",
        doc="(height, width, channels), (length, channels) or (features,).",
    ),
    FittedAttribute(
        "layers_",
        _check_layers,
        saved=False,
        type="tuple of LayerInfo",
        doc="Name, type, output shape, parameters, multiply-adds and memory of each layer.",
    ),
    FittedAttribute(
        "weights_",
        _check_weights,
        saved=False,
        type="Weights",
        doc='Read-only mapping from names such as "conv1/weights" to arrays.',
    ),
    FittedAttribute(
        "n_parameters_",
        _check_n_parameters,
        saved=False,
        type="int",
        doc="Number of parameters.",
    ),
    FittedAttribute(
        "init_report_",
        _check_init_report,
        kept=True,
        type="dict of list of str, or None",
        doc='With `init_weights`, names of layers: "loaded"; "missing", which started from random weights; '
        '"unexpected", which the net does not have.',
    ),
    FittedAttribute("_network_cache", _check_network_cache, saved=False),
    # training
    FittedAttribute(
        "n_iter_",
        _check_n_iter,
        training=True,
        type="int",
        doc="Number of epochs done, including earlier fits that this one resumed. 0 after ``initialize``.",
    ),
    FittedAttribute(
        "best_iter_",
        _check_best_iter,
        training=True,
        type="int",
        doc="Epoch, from 1, whose weights were kept: the one with the best validation score, else the last. 0 after "
        "``initialize``.",
    ),
    FittedAttribute(
        "loss_",
        _check_loss,
        training=True,
        type="float",
        doc="Training loss of that epoch. NaN after ``initialize``.",
    ),
    FittedAttribute(
        "loss_curve_",
        _check_curve,
        training=True,
        type="list of float",
        doc="Training loss of each epoch, including the penalty.",
    ),
    FittedAttribute(
        "validation_loss_curve_",
        _check_curve,
        required=False,
        training=True,
        type="list of float",
        doc="Loss on the validation set, without the penalty, with `early_stopping` or ``X_val``.",
    ),
    FittedAttribute(
        "validation_scores_",
        _check_curve,
        required=False,
        training=True,
        type="list of float",
        doc="Score on the validation set, with `early_stopping` or ``X_val``.",
    ),
    FittedAttribute(
        "history_",
        _check_history,
        training=True,
        type="dict of list",
        doc="All values recorded for each epoch. The lists are empty after ``initialize``.",
    ),
    # the images that it was trained on, where the command line trained it
    FittedAttribute("_seen_images", check_seen, required=False),
    # epochs before the first partial_fit, where its learning rate schedule begins
    FittedAttribute("_schedule_start", _check_schedule_start, required=False, training=True),
    # which validation set chose the weights: the seed of the split, or "X_val" if the set was passed
    FittedAttribute("_validation_split", _check_validation_split, required=False, training=True),
)
FITTED = frozenset(a.name for a in ATTRIBUTES)
SAVED = frozenset(a.name for a in ATTRIBUTES if a.saved)
REQUIRED = frozenset(a.name for a in ATTRIBUTES if a.required and not a.training)
TRAINED = frozenset(a.name for a in ATTRIBUTES if a.required and a.training)


def _is_number(value: Any) -> bool:
    if type(value) is float:  # nearly all are, and curves are long
        return True
    if isinstance(value, bool):
        return False
    return abs(value) < 2**63 if is_integer(value) else isinstance(value, Real)


def _is_one_of(value: object, words: Collection[str]) -> bool:
    return isinstance(value, str) and value in words


def _is_shape(value: Any) -> bool:
    return type(value) is tuple and all(type(n) is int for n in value)


def _is_count(value: Any, least: int = 1) -> bool:
    return type(value) is int and value >= least
