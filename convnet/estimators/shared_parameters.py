"""The parameters that classifiers and regressors share."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from convnet.engine import SOLVERS
from convnet.estimators.declaration import declares_parameters
from convnet.estimators.parameter_constraints import (
    callback_list,
    fraction,
    image_shape,
    infinity,
    layer_factors,
    layer_names,
    not_negative,
    positive,
    scorer,
    thread_count,
    weight_names,
)
from convnet.inputs.scaling import float32_scale
from convnet.values import foreign_estimator_tables
from convnet.values.constraints import boolean, choice, integer, number, optional, parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np

    from convnet.callbacks.callback import Callback
    from convnet.fitting.transfer import InitWeights
    from convnet.training.optimization import LearningRate
    from convnet.values.spec import Spec


@declares_parameters
class SharedParameters:
    """Declares the parameters of all nets: the name, type, constraint and default of each, and its text.

    Parameters
    ----------
    layers : "auto", list of Layer or dict, dict, str or path, default="auto"
        The net without its output layer: a list of layers or of dicts such as ``{"type": "Conv2D", "filters": 16}``,
        the name of a preset such as "lenet" (see `convnet.layers.presets`), JSON or YAML text, or the path of a file
        with such text. "auto" is a small convolutional net for images and a dense net for flat samples.
    input_shape : tuple of int, default=None
        Shape of one image or signal. The order of the axes is that of `data_format`: (height, width), (height, width,
        channels) or, for 1-D layers, (length, channels). Needed if X is flat, or if the axes of X seem to have another
        order, as those of 6 steps with 100 channels do: a declared shape is believed.
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Order of the axes of X. Images are (n, height, width, channels) or (n, channels, height, width). Signals, which
        1-D layers take, are (n, length, channels) or (n, channels, length).
    rescale : "auto", float or None, default="auto"
        "auto" divides uint8 by 255 and uint16 by 65535 and leaves other dtypes unchanged. A number multiplies X. None
        leaves X unchanged. A net that was fitted on uint8 also accepts uint16, and the other way around. The exception
        is uint16 data without a value above 255, which may be 8-bit images. If there is a `Rescale` among the layers,
        "auto" leaves every dtype unchanged, because that layer expects X in its original units; a number still
        multiplies X.
    augment : list of Augmentation or dict, dict, str or path, default=None
        Random changes of the training images, and of no others: a list of augmentations from `convnet.augment` such as
        ``[RandomFlip(), RandomRotation(15)]``, or plain data, text or a path as for `layers`. Each image is changed
        differently in each epoch. Augmentation comes before all layers: images are changed at the size that they have
        in X, even if there is a `Resize` layer. `MixUp` and `CutMix` also mix targets. See `preview_augment`.
    solver : {"adam", "adamw", "rmsprop", "sgd"}, default="adam"
        The optimizer: Adam (Kingma and Ba, 2015), AdamW (Loshchilov and Hutter, 2019), RMSprop without momentum
        (Tieleman and Hinton, 2012), or stochastic gradient descent with `momentum`.
    alpha : float, default=1e-4
        Strength of the L2 term alpha / 2 · Σw², which is divided by the sum of the sample weights of the batch. With
        "adamw", each step instead subtracts the share alpha · learning rate of each weight. Biases and the parameters
        of batch norm are not regularized.
    batch_size : int or "auto", default="auto"
        Number of samples per step. "auto" is the power of two closest to n_samples / 64, from 8 to 128, so that small
        data sets get enough steps. It is at most n_samples.
    learning_rate : str, schedule or callable, default="auto"
        "auto", which is "one_cycle" in ``fit``, and "constant" in ``partial_fit`` and with `early_stopping`;
        "constant"; "adaptive", which divides the rate by 5 whenever training would stop for lack of progress (see
        `tol`); "step", "exponential", "cosine", "one_cycle" or "reduce_on_plateau", which stand for ``Step()``,
        ``Exponential()``, ``Cosine()``, ``OneCycle()`` and ``ReduceOnPlateau()`` of `convnet.schedules`; one of these
        schedules with your own settings, or ``Warmup(epochs, then)``; or a callable that takes the epoch, from 0, and
        returns the rate, in which case `learning_rate_init` is not used. Epochs are counted from the start of each
        ``fit``. With ``partial_fit``, they are counted from its first call, or from its first call after a ``fit``.
    learning_rate_init : float, default=5e-3
        The initial learning rate. For ``OneCycle`` and ``Warmup``, the highest learning rate.
    max_iter : int, default=30
        Number of epochs. No warning is given when training reaches it: a fixed number of epochs is the normal case.
    shuffle : bool, default=True
        Whether to shuffle the samples in each epoch.
    random_state : int, RandomState instance or None, default=None
        Determines the initial weights, the order of the samples, the validation split, dropout and augmentation. With
        an int, results are bit-identical for any `n_jobs`.
    tol : float, default=1e-4
        Training stops after more than `n_iter_no_change` epochs in a row in which the loss did not improve on its best
        value by at least this much. With `early_stopping`, the validation score counts instead of the loss.
    verbose : bool, default=False
        Whether to print the metrics of each epoch, as ``convnet.callbacks.Progress()`` does.
    warm_start : bool, default=False
        Whether ``fit`` continues from the weights of the last fit, of ``initialize`` or of ``set_weights``. The numbers
        of the epochs continue as well. If both fits have `early_stopping`, the earlier best weights are kept until an
        epoch has a better score, and the split is the same: for the same X and y, the validation set holds the same
        samples, whatever `random_state` is. If both have ``X_val``, the earlier best weights count with their score on
        the new one.
    momentum : float, default=0.9
        Momentum of "sgd".
    nesterovs_momentum : bool, default=True
        Whether "sgd" uses Nesterov's momentum.
    beta_1 : float, default=0.9
        Decay rate of the first moment of "adam" and "adamw", and of the mean square of "rmsprop".
    beta_2 : float, default=0.999
        Decay rate of the second moment of "adam" and "adamw".
    epsilon : float, default=1e-8
        Constant for numerical stability. "sgd" does not use it.
    clip_norm : float, default=None
        Maximum 2-norm of the gradient of a batch's mean loss with respect to all parameters, without the L2 term. A
        longer gradient is scaled down to it (Pascanu et al., 2013). None does not clip.
    early_stopping : bool, default=False
        Whether to stop by the score on the validation set: ``X_val``, or `validation_fraction` of the samples of X.
        Whenever there is a validation set, the weights of the epoch with the best score on it are kept.
    validation_fraction : float, default=0.1
        Fraction of the samples of X that `early_stopping` uses as the validation set. For classes, the split is
        stratified.
    n_iter_no_change : int, default=10
        Number of epochs in a row without progress that are tolerated. See `tol`.
    max_time : float, default=None
        Maximum time of ``fit``, in seconds. It is checked after each step. An unfinished epoch is dropped, so that the
        fitted net is the result of whole epochs. Only an unfinished first epoch is kept,
        with a ConvergenceWarning. ``partial_fit`` ignores `max_time`.
    scoring : str or callable, default=None
        The validation score, where larger is better: the name of a scikit-learn scorer, or a callable that takes an
        estimator, X and y and returns a number. If the validation set has weights, class weights included, the scorer
        is called with ``sample_weight``. Before the first epoch, it is tried on the untrained net. None uses the
        estimator's ``score`` method. ``partial_fit`` ignores `scoring`.
    callbacks : list, default=None
        Objects with hooks that ``fit`` calls: callbacks from `convnet.callbacks` such as ``Checkpoint(path)`` and
        ``HistoryCSV(path)``, or your own subclasses of `Callback`. Clones share them. ``partial_fit`` ignores
        `callbacks`.
    init_weights : path, "pretrained", dict of str to array, or FrozenEstimator, default=None
        Initial weights, unless ``fit`` continues from an earlier one: the path of a saved net, a mapping such as
        `weights_`, or ``FrozenEstimator(fitted)``. The weights of a layer are loaded, running statistics included, if
        the name of the layer and all shapes match. The other layers start from random weights; those of type
        `Normalize` learn their statistics. See `init_report_`. If no layer matches, ``fit`` raises a ValueError.

        "pretrained", with ``layers="efficientnet-lite0"``, is the net of ``load_pretrained`` of that name. The net then
        begins with the layers that resize and normalize its images, so it takes images with values from 0 to 255.

        Weights of PyTorch and Keras are read without these libraries: a path that ends in ``.safetensors``, ``.pth``,
        ``.pt``, ``.bin`` (a ``state_dict``, or a checkpoint that holds one), ``.h5`` (``save_weights`` of Keras) or
        ``.npz``, or a mapping with their names, such as a ``state_dict`` of arrays. Nothing in a file is run. Arrays
        are converted to the layout of convnet, and matched with the layers by order and shape; convolutions, dense
        layers, normalizations and slopes of `PReLU` each have an order of their own. A layer with a bias, gamma or beta
        that the file lacks gets the constants 0, 1 and 0. The output layer, and the layers of a new head, start from
        random weights. Any other layer without arrays is an error, which says what to write as `weight_names`. A
        damaged file raises a `ModelFileError`.
    weight_names : dict of str to str, default=None
        Where `init_weights` has the weights of layers: the name of a module for the name of a layer, as in
        ``{"conv1": "features.0"}``, or of an array for that of an array, as in
        ``{"conv1/weights": "features.0.weight"}``. ``"conv1/alpha"`` stands for the slopes of a layer with the
        activation "prelu". Only the layers that are named are loaded. An output layer of another size is left random;
        any other difference in shape raises a ValueError. None matches by names, or by order and shape; for presets
        with a list of names for these weights, by that list.
    freeze : str or list of str, default=None
        Layers whose parameters do not change: names, patterns such as ``"conv*"``, or ``"until:conv3"`` for all layers
        up to that one. Batch norm in them uses its running statistics; dropout in them works as in other layers. If the
        first layers of the net are frozen, no gradients are computed for them. Without augmentation, or with
        `cache_augmented`, the outputs of those before any dropout are cached in the first epoch, those for the
        validation set too, if each set takes 1 GiB of memory or less. Otherwise, each epoch computes them again.
    cache_augmented : int, default=None
        With `augment` and frozen first layers, the number of augmented versions of each image. The epochs take them in
        turn, so that the frozen layers see each version once, and their outputs are cached. None changes each image
        differently in each epoch, for which the frozen layers run in every step. `MixUp` and `CutMix` need None,
        because they mix the images of each batch.
    layer_learning_rates : dict of str to float, default=None
        Factors of the learning rate of layers, by names or patterns as in `freeze`: ``{"conv*": 0.1}``. If several
        match a layer, the last one counts.
    n_jobs : int, default=None
        Maximum number of threads. Fewer run while that is faster. None is one per physical core, within the limits that
        OpenMP and the process have (in scikit-learn, None usually means 1). -1 is all CPUs.
    """

    layers: Spec = parameter(None, default="auto", kw_only=False)
    input_shape: int | Sequence[int] | None = parameter(optional(image_shape), default=None)
    data_format: str = parameter(
        choice("channels_last", "channels_first", elsewhere=foreign_estimator_tables.DATA_FORMATS),
        default="channels_last",
    )
    rescale: str | float | None = parameter(
        optional(choice("auto") | float32_scale), default="auto"
    )
    augment: Spec | None = parameter(None, default=None)
    solver: str = parameter(
        choice(*SOLVERS, elsewhere=foreign_estimator_tables.SOLVERS), default="adam"
    )
    alpha: float = parameter(not_negative, default=1e-4)
    batch_size: int | str = parameter(choice("auto") | integer(1, inf), default="auto")
    learning_rate: LearningRate = parameter(None, default="auto")
    learning_rate_init: float = parameter(positive, default=5e-3)
    max_iter: int = parameter(integer(1, 2**53), default=30)
    shuffle: bool = parameter(boolean, default=True)
    random_state: int | np.random.RandomState | None = parameter(None, default=None)
    tol: float = parameter(not_negative, default=1e-4)
    verbose: bool | int = parameter(boolean | integer(0, inf), default=False)
    warm_start: bool = parameter(boolean, default=False)
    momentum: float = parameter(number(0, 1), default=0.9)
    nesterovs_momentum: bool = parameter(boolean, default=True)
    beta_1: float = parameter(fraction, default=0.9)
    beta_2: float = parameter(fraction, default=0.999)
    epsilon: float = parameter(float32_scale, default=1e-8)
    clip_norm: float | None = parameter(optional(positive), default=None)
    early_stopping: bool = parameter(boolean, default=False)
    validation_fraction: float = parameter(number(0, 1, closed="neither"), default=0.1)
    n_iter_no_change: float = parameter(integer(1, inf) | infinity, default=10)
    max_time: float | None = parameter(optional(positive), default=None)
    scoring: str | Callable[..., float] | None = parameter(optional(scorer), default=None)
    callbacks: Sequence[Callback] | None = parameter(optional(callback_list), default=None)
    init_weights: InitWeights | None = parameter(None, default=None)
    weight_names: Mapping[str, str] | None = parameter(optional(weight_names), default=None)
    freeze: str | Sequence[str] | None = parameter(optional(layer_names), default=None)
    cache_augmented: int | None = parameter(optional(integer(1, 2**20)), default=None)
    layer_learning_rates: Mapping[str, float] | None = parameter(
        optional(layer_factors), default=None
    )
    n_jobs: int | None = parameter(optional(thread_count), default=None)
