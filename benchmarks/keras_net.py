"""A net in Keras on TensorFlow, written as its users write it."""

import os
from functools import cache

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from convnet.layers import resolve_names


@cache
def use_threads(n_threads):
    """Set the number of threads once: TensorFlow accepts it only before its first operation."""
    tf.config.threading.set_intra_op_parallelism_threads(n_threads)
    tf.config.threading.set_inter_op_parallelism_threads(n_threads)


def layers(net):
    """Yield the Keras layers, with the names of the convnet layers, including the output layer."""
    for layer, name in zip(net.layers, resolve_names(net.layers), strict=True):
        kind, activation = type(layer).__name__, getattr(layer, "activation", None)
        if kind == "Conv2D":
            yield keras.layers.Conv2D(
                layer.filters,
                layer.kernel_size,
                padding=layer.padding,
                activation=activation,
                name=name,
            )
        elif kind == "MaxPool2D":
            yield keras.layers.MaxPooling2D(layer.pool_size, name=name)
        elif kind == "BatchNorm":
            yield keras.layers.BatchNormalization(
                momentum=layer.momentum, epsilon=layer.epsilon, name=name
            )
        elif kind == "Dropout":
            yield keras.layers.Dropout(layer.rate, name=name)
        elif kind == "ReLU":
            yield keras.layers.ReLU(name=name)
        elif kind == "Flatten":
            yield keras.layers.Flatten(name=name)
        elif kind == "Dense":
            yield keras.layers.Flatten()
            yield keras.layers.Dense(layer.units, activation=activation, name=name)
    yield keras.layers.Flatten()
    yield keras.layers.Dense(
        net.n_outputs, activation="sigmoid" if net.n_outputs == 1 else "softmax", name="output"
    )


class KerasNet:
    """`fit_epoch` is `fit` with one epoch. `predict` computes probabilities, or `predict_on_batch` for a given X."""

    def __init__(self, net, X, y, n_threads):
        use_threads(n_threads)
        self.net, self.X, self.y = net, X, y
        self.model = keras.Sequential([keras.Input(net.input_shape), *layers(net)])
        loss = "binary" if net.n_outputs == 1 else "sparse_categorical"
        self.model.compile(keras.optimizers.Adam(1e-3), loss=f"{loss}_crossentropy")

    @property
    def one(self):
        return self.X[:1]

    def load(self, weights):
        roles = ("weights", "bias", "gamma", "beta", "moving_mean", "moving_variance")
        for layer in self.model.layers:
            if layer.weights:
                names = [f"{layer.name}/{role}" for role in roles]
                layer.set_weights([weights[name] for name in names if name in weights])

    def fit_epoch(self):
        self.model.fit(self.X, self.y, batch_size=self.net.batch, epochs=1, verbose=0)

    def predict_proba(self, X=None):
        if X is None:
            p = self.model.predict(self.X, batch_size=self.net.batch, verbose=0)
        else:
            p = self.model.predict_on_batch(X)
        return np.concatenate([1 - p, p], axis=1) if self.net.n_outputs == 1 else p
