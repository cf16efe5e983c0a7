"""What the docstrings of the estimators share, written once."""

from __future__ import annotations

import inspect
import textwrap
from typing import TYPE_CHECKING, TypeVar

from convnet.fitted.attributes import ATTRIBUTES
from convnet.values.docstrings import join_sections, split_entries, split_sections

if TYPE_CHECKING:
    from convnet.fitted.attributes import FittedAttribute


T = TypeVar("T")

PARAMETERS = """
layers : "auto", list of Layer or dict, dict, str or path, default="auto"
    The net without its output layer: layers, dicts such as ``{"type": "Conv2D", "filters": 16}``, the name of a
    preset such as "lenet" (see `convnet.layers.presets`), JSON or YAML text or the path of such a file. "auto" is a
    small convolutional net for images and a dense net for flat rows.
input_shape : tuple of int, default=None
    Shape of one image or signal, in the order of `data_format`, for X that is flat: (height, width),
    (height, width, channels) or, before 1-D layers, (length, channels). For other X it is not needed, unless its
    axes seem to have another order, as those of 6 steps with 100 channels: a declared shape is believed.
data_format : {"channels_last", "channels_first"}, default="channels_last"
    Order of the axes of X: (n, height, width, channels) or (n, channels, height, width); of signals, which 1-D
    layers take, (n, length, channels) or (n, channels, length).
rescale : "auto", float or None, default="auto"
    "auto" divides uint8 by 255 and uint16 by 65535 and leaves other dtypes untouched; a number
    multiplies X; None leaves it untouched. A net fitted on one of the two dtypes takes the other as well,
    unless the uint16 hold nothing above 255, which may be 8-bit values. With a `Rescale` among the layers "auto"
    leaves every dtype untouched, which that layer takes in the units of X; a number multiplies X all the same.
augment : list of Augmentation or dict, dict, str or path, default=None
    Random changes of the images that are trained on, and of no others: values of `convnet.augment` such as
    ``[RandomFlip(), RandomRotation(15)]``, or plain data, text or a path as for `layers`. Each row is changed anew
    in each epoch, before all layers: with a `Resize` images are changed in the size that X has. See `preview_augment`.
solver : {"adam", "adamw", "rmsprop", "sgd"}, default="adam"
    The optimizer: Adam (Kingma and Ba, 2015), AdamW (Loshchilov and Hutter, 2019), RMSprop (Tieleman and Hinton,
    2012), without momentum, or stochastic gradient descent with `momentum`.
alpha : float, default=1e-4
    Strength of the L2 term alpha / 2 · Σw², which is divided by the sum of the weights of the batch. With "adamw"
    each step takes this share of a weight off it, times the learning rate, instead. Biases and batch norm are free.
batch_size : int or "auto", default="auto"
    Rows of a step. "auto" is min(128, n).
learning_rate : str, schedule or callable, default="constant"
    "constant"; "adaptive" (divided by 5 whenever `n_iter_no_change` epochs bring no progress); "step",
    "exponential", "cosine" or "one_cycle", which stand for ``Step()``, ``Exponential()``, ``Cosine()`` and
    ``OneCycle()`` of `convnet.schedules`; one of those, or ``Warmup(epochs, then)``, with fields
    of your own; or a callable that takes the epoch, from 0, and returns the rate, `learning_rate_init` aside.
    Epochs are counted from the start of each ``fit``, in ``partial_fit`` from its first call after one.
learning_rate_init : float, default=1e-3
    The initial learning rate; of ``OneCycle`` and ``Warmup`` the highest.
max_iter : int, default=20
    Number of epochs. No warning is given when they are used up: a fixed number of epochs is the normal case.
shuffle : bool, default=True
    Whether to shuffle the rows in each epoch.
random_state : int, RandomState instance or None, default=None
    Decides initial weights, order of the rows, validation split, dropout and augmentation. One number gives the
    same bits at any `n_jobs`.
tol : float, default=1e-4
    Training ends when for more than `n_iter_no_change` epochs in a row neither the loss falls nor, with
    `early_stopping`, the validation score rises by this much.
verbose : bool, default=False
    Whether to show the figures of each epoch, as ``convnet.callbacks.Progress()`` does.
warm_start : bool, default=False
    Whether ``fit`` goes on from the weights of the last fit; epochs are counted on. Where both fits have
    `early_stopping`, the earlier best weights stand until an epoch betters them, and the split is drawn
    alike: for the same X and y the same rows are held out, whatever `random_state` is. Where both have ``X_val``,
    the earlier best weights stand by their score on the new one.
momentum : float, default=0.9
    Momentum of "sgd".
nesterovs_momentum : bool, default=True
    Whether "sgd" uses Nesterov's momentum.
beta_1 : float, default=0.9
    Decay of the first moment of "adam" and "adamw", of the mean square of "rmsprop".
beta_2 : float, default=0.999
    Decay of the second moment of "adam" and "adamw".
epsilon : float, default=1e-8
    Numerical stability of all but "sgd".
clip_norm : float, default=None
    The gradient of the mean loss of a batch by all parameters, without the L2 term, is scaled down to a 2-norm of at
    most this (Pascanu et al., 2013). None leaves it as it is.
early_stopping : bool, default=False
    Whether to stop by the score on held-out rows: those of ``X_val``, or `validation_fraction` of the rows
    of X. Whenever there are such rows the weights of the epoch with the best score on them are kept.
validation_fraction : float, default=0.1
    Share of the rows that `early_stopping` holds out; of each class in classification.
n_iter_no_change : int, default=10
    See `tol`.
max_time : float, default=None
    Seconds after the call of ``fit`` when training ends. The clock is looked at after each step; the epoch under way
    is dropped, so that the fitted net is that of whole epochs. Only the first epoch is kept as far as it has come,
    with a ConvergenceWarning. ``partial_fit`` takes no notice of it.
scoring : str or callable, default=None
    The validation score, larger is better: the name of a scorer of scikit-learn, or a callable of estimator, X and
    y that returns a number. It is called with ``sample_weight`` where the held-out rows have weights, those of the
    classes included. It is tried on the untrained net, before the first epoch. None is the score of ``score``.
    ``partial_fit`` takes no notice of it.
callbacks : list, default=None
    Objects of `convnet.callbacks`: hooks that ``fit`` calls, such as ``Checkpoint(path)``, ``HistoryCSV(path)`` and
    `Callback`, the base of one's own. Clones share them. ``partial_fit`` takes no notice of them.
init_weights : path, dict of str to array, or FrozenEstimator, default=None
    What ``fit`` begins with, where it does not go on from an earlier one: the weights of a saved net, a mapping such
    as `weights_`, or ``FrozenEstimator(fitted)``. Each layer whose name and shapes match is loaded, running statistics
    included; the others begin at random, or learn their statistics if they are `Normalize`, see `init_report_`.
    Where none matches, ``fit`` raises.
freeze : str or list of str, default=None
    Layers that stay as they are, to the byte: names, patterns such as ``"conv*"``, or ``"until:conv3"`` for all layers
    up to that one. Batch norm in them uses its running statistics; dropout in them is as in any layer. No gradient is
    computed for a frozen front, and where neither augmentation nor dropout stands in or before it, its outputs are
    kept from the first epoch on, in up to 1 GiB of memory; where they need more, each epoch makes them anew.
layer_learning_rates : dict of str to float, default=None
    Factors of the learning rate of layers, by names or patterns as in `freeze`: ``{"conv*": 0.1}``. Of several that
    choose a layer the last counts.
n_jobs : int, default=None
    Most threads; fewer run while that is faster. None is one a physical core, within what OpenMP and
    the process are allowed (unlike scikit-learn's usual None, which is 1); -1 is all CPUs.
"""


def shared_docs(estimator: type[T]) -> type[T]:
    """Complete the docstring of an estimator's class.

    Its own "Parameters" and "Attributes" hold what is special to it. The others are put in: parameters in the
    order of the signature, attributes after its own, from the table of fitted attributes.

    Parameters
    ----------
    estimator : type
        A subclass of BaseConvNet.

    Returns
    -------
    estimator : type
        The same class.
    """
    if estimator.__doc__ is None:  # python -OO
        return estimator
    sections = split_sections(estimator.__doc__)
    order = inspect.signature(estimator).parameters
    entries = split_entries(PARAMETERS) | split_entries(sections["Parameters"])
    sections["Parameters"] = "\n".join(entries[name] for name in order)
    own = split_entries(sections["Attributes"])
    shared = [a for a in ATTRIBUTES if a.doc and a.name not in own]
    entries = own | {a.name: _attribute_entry(a) for a in shared}
    sections["Attributes"] = "\n".join(entries.values())
    estimator.__doc__ = join_sections(sections)
    return estimator


def _attribute_entry(attribute: FittedAttribute) -> str:
    text = textwrap.fill(attribute.doc, 110, break_long_words=False, break_on_hyphens=False)
    return f"{attribute.name} : {attribute.type}\n{textwrap.indent(text, '    ')}"
