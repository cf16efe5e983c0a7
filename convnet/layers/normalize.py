"""Normalize: normalization by statistics that are learned before training."""

from convnet.layers.base import Builder, Layer, register
from convnet.values.constraints import number, parameter
from convnet.values.messages import show


@register
class Normalize(Layer):
    """Subtracts the mean of each channel and divides by its standard deviation, both learned before the first epoch.

    The statistics belong to the net, so a saved net takes raw images. They are kept by `warm_start`, by all calls of
    ``partial_fit`` after the first, by a fit that loads them with `init_weights`, and by `freeze`.

    Parameters
    ----------
    epsilon : float, default=1e-7
        Channels with at most this standard deviation count as constant and are not divided, from 0 to 1.

    Raises
    ------
    ValueError
        In ``fit``: a layer that is trained, or dropout, comes before it, so that its statistics would change in
        training. Use `BatchNorm` there.

    Notes
    -----
    The shape does not change. The last axis holds the channels; each feature of flat data is a channel.
    y = (x - mean) / deviation. Parameters: mean (c,) and deviation (c,), the mean and the standard deviation of the
    layer's input over all pixels of the training set. No gradient changes them. Images of the validation set and
    images of weight 0 do not count. Other images count by their weights, including those of `class_weight`.
    Augmentation does not count either. The variance is divided by n, not n - 1. Sums are float64 and are computed in
    the same order for any `n_jobs`. ``partial_fit`` learns from its first call only, so pass many images there.

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

    epsilon: float = parameter(number(0, 1), default=1e-7)

    def lower(self, builder: Builder) -> None:
        for op in builder.ops:
            if op.random or any(p.trainable for p in op.parameters.values()):
                raise ValueError(
                    f"layer {show(builder.layer)}: its statistics are learned before training, but {show(op.layer)} "
                    f"before it {'drops values at random' if op.random else 'is trained'}. Use BatchNorm, or put it "
                    f"before {show(op.layer)}."
                )
        channels = builder.shape[-1:]
        parameters = {
            "mean": builder.parameter("mean", channels, trainable=False),
            "deviation": builder.parameter("deviation", channels, start=1.0, trainable=False),
        }
        builder.emit("AffineOp", parameters=parameters, epsilon=self.epsilon)
