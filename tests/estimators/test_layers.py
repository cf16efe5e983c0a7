"""Errors about `layers` that `fit` raises."""

import numpy as np
from refused_inputs import CONV, refused, zeros

from convnet import ConvNetClassifier
from convnet.layers import Conv2D, Dense, MaxPool2D


def test_kernel_does_not_fit():
    layers = [
        *(
            Conv2D(4, 3, name="conv1"),
            MaxPool2D(2),
            Conv2D(4, 3),
            MaxPool2D(2),
            Conv2D(4, 3),
            MaxPool2D(2),
        ),
        Conv2D(4, 3),
    ]
    text = (
        "layers[6] 'conv4': kernel 3×3 does not fit its 1×1 input. Shapes: 28→26→13→11→5→3→1. "
        'Set padding="same" in convolutions, or remove a pooling layer.'
    )
    refused(ConvNetClassifier(layers), *zeros(4, 28, 28, 1), text)


def test_softmax_head():
    layers = [*CONV, MaxPool2D(2), Conv2D(4, 3), Dense(8), Dense(10, activation="softmax")]
    X = np.zeros((20, 28, 28, 1))
    text = 'layers[4] is Dense(activation="softmax"), but the output layer (10 classes) is automatic. Remove it.'
    refused(ConvNetClassifier(layers), X, np.arange(20) % 10, text)


def test_misspelt_field():
    refused(
        ConvNetClassifier([{"type": "Conv2D", "fliters": 16, "kernel_size": 3}]),
        *zeros(4, 8, 8, 1),
        "Conv2D has no parameter 'fliters'. Did you mean 'filters'?",
        (ValueError, TypeError),
    )
