"""auto_layers: the layers that ``layers="auto"`` stands for."""

from convnet.layers.activation import ReLU
from convnet.layers.base import Layer
from convnet.layers.batchnorm import BatchNorm
from convnet.layers.conv2d import Conv2D
from convnet.layers.dense import Dense
from convnet.layers.dropout import Dropout
from convnet.layers.normalize import Normalize
from convnet.layers.pool2d import MaxPool2D


def auto_layers(input_shape: tuple[int, ...]) -> tuple[Layer, ...]:
    """Return a small convolutional net for images or a dense net for flat data.

    Parameters
    ----------
    input_shape : tuple of int
        (height, width, channels) or (features,).

    Returns
    -------
    layers : tuple of Layer
        For images, 3×3 convolutions with batch normalization and pooling by 2 down to maps of 4 to 7 pixels, then 64
        units and dropout. For flat data, a normalization of each feature by its weighted mean and standard deviation,
        then 128 and 64 units with dropout.
    """
    if len(input_shape) == 1:
        return (
            Normalize(),
            *(Dense(128, activation="relu"), Dropout(0.2)),
            *(Dense(64, activation="relu"), Dropout(0.2)),
        )
    h, w, _ = input_shape
    layers: list[Layer] = []
    filters = 32
    while not layers or max(h, w) >= 8:  # maps end at 4 to 7 pixels
        layers += [Conv2D(filters, 3, padding="same"), BatchNorm(), ReLU()]
        size = (2 if h >= 8 else 1, 2 if w >= 8 else 1)
        if max(size) > 1:
            layers.append(MaxPool2D(size))
        h, w = h // size[0], w // size[1]
        filters = min(2 * filters, 128)
    return (*layers, Dense(64, activation="relu"), Dropout(0.3))
