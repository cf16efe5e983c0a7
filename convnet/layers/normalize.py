"""Normalisation by statistics that are learnt before training."""

from convnet.layers import fields
from convnet.layers.base import Layer
from convnet.layers.builder import Builder
from convnet.layers.fields import parameter
from convnet.layers.registry import register


@register
class Normalize(Layer):
    """Each channel minus its mean, divided by its deviation, both learnt from the training rows before the first epoch.

    They belong to the net: a saved net takes raw images. `warm_start` and all calls of ``partial_fit`` but the first
    keep them, and so does a fit that got them by `init_weights` or was told to `freeze` the layer.

    Parameters
    ----------
    epsilon : float, default=1e-7
        A channel whose deviation is at most this is taken to be constant: it is not divided.
    name : str, default=None
        See `Layer`.

    Raises
    ------
    ValueError
        In ``fit``: a layer that is trained, or dropout, comes before it. Its statistics would change in training, for
        which there is `BatchNorm`.

    Notes
    -----
    Shapes stay: the last axis is the channels; each feature of flat data is one. y = (x - mean) / deviation.
    Parameters: mean (c,) and deviation (c,), which no gradient changes: those of the layer's input over all pixels of
    the rows that are trained on, never of those held out, nor of rows of weight 0; other rows count by their weights,
    those of `class_weight` included. The variance is divided by n, not n - 1. Sums are taken in float64, in one order
    whatever `n_jobs` is, of the images as they are passed, without augmentation. ``partial_fit`` learns from the rows
    of its first call alone: make it a large one.

    References
    ----------
    .. [1] Keras's ``Normalization``: https://keras.io/api/layers/preprocessing_layers/numerical/normalization

    Examples
    --------
    >>> from convnet.layers import Normalize
    >>> Normalize().output_shape((28, 28, 1))
    (28, 28, 1)
    """

    stem = "normalize"

    epsilon: float = parameter(fields.real(0, 1), default=1e-7)

    def lower(self, builder: Builder) -> None:
        builder.normalize(self.epsilon)
