"""A net in Keras on TensorFlow, written as its users write it."""

import os
from functools import cache

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from structure import branches, plan, window

ROLES = ("weights", "bias", "gamma", "beta", "moving_mean", "moving_variance")


@cache
def use_threads(n_threads):
    """Set the number of threads once: TensorFlow accepts it only before its first operation."""
    tf.config.threading.set_intra_op_parallelism_threads(n_threads)
    tf.config.threading.set_inter_op_parallelism_threads(n_threads)


class Builder:
    """Applies layers of Keras one after the other. `named` maps names in convnet to those that have weights."""

    def __init__(self, net):
        self.output_activation = "sigmoid" if net.n_outputs == 1 else "softmax"
        self.named = {}

    def layers(self, infos, x):
        for info in infos:
            x = self.layer(info, x)
        return x

    def layer(self, info, x):
        """Return the output of a layer for the input x."""
        layer, kind = info.layer, info.type
        if kind in ("Conv2D", "DepthwiseConv2D"):
            x, padding = padded(layer, x)
            options = dict(
                strides=layer.stride,
                padding=padding,
                dilation_rate=layer.dilation,
                activation=layer.activation,
                use_bias=layer.use_bias,
            )
            if kind == "Conv2D":
                made = keras.layers.Conv2D(
                    layer.filters, layer.kernel_size, groups=layer.groups, **options
                )
            else:
                made = keras.layers.DepthwiseConv2D(
                    layer.kernel_size, depth_multiplier=layer.depth_multiplier, **options
                )
        elif kind == "MaxPool2D":
            x, padding = padded(layer, x)  # zeros do not change a maximum after ReLU
            made = keras.layers.MaxPooling2D(layer.pool_size, layer.stride, padding)
        elif kind == "AvgPool2D" and layer.padding == "valid":
            made = keras.layers.AveragePooling2D(layer.pool_size, layer.stride)
        elif kind == "BatchNorm":
            made = keras.layers.BatchNormalization(momentum=layer.momentum, epsilon=layer.epsilon)
        elif kind == "Dense":
            activation = self.output_activation if info.name == "output" else layer.activation
            made = keras.layers.Dense(layer.units, activation=activation, use_bias=layer.use_bias)
        elif kind == "Residual":
            body, shortcut = branches(info)
            sides = [self.layers(body, x), self.layer(shortcut, x) if shortcut else x]
            return keras.layers.Activation(layer.activation)(keras.layers.Add()(sides))
        elif kind == "Dropout":
            return keras.layers.Dropout(layer.rate)(x)
        else:
            others = keras.layers.ReLU, keras.layers.Flatten, keras.layers.GlobalAveragePooling2D
            return dict(zip(("ReLU", "Flatten", "GlobalAvgPool2D"), others, strict=True))[kind]()(x)
        self.named[info.name] = made
        return made(x)


def padded(layer, x):
    """Return x with zeros around it, and the padding that is left for the layer."""
    if isinstance(layer.padding, str):
        return x, layer.padding
    pads = window(layer, x.shape[1:]).padding
    return keras.layers.ZeroPadding2D(pads)(x), "valid"


class KerasNet:
    """`fit_epoch` is `fit` with one epoch. `predict` computes probabilities, or `predict_on_batch` for a given X."""

    def __init__(self, net, X, y, n_threads):
        use_threads(n_threads)
        self.net, self.X, self.y = net, X, y
        builder, image = Builder(net), keras.Input(net.input_shape)
        self.model = keras.Model(image, builder.layers(plan(net).layers, image))
        self.named = builder.named
        loss = "binary" if net.n_outputs == 1 else "sparse_categorical"
        self.model.compile(keras.optimizers.Adam(1e-3), loss=f"{loss}_crossentropy")

    @property
    def one(self):
        return self.X[:1]

    def load(self, weights):
        for name, layer in self.named.items():
            arrays = [weights[f"{name}/{r}"] for r in ROLES if f"{name}/{r}" in weights]
            shapes = [variable.shape for variable in layer.weights]
            layer.set_weights([a.reshape(s) for a, s in zip(arrays, shapes, strict=True)])

    def fit_epoch(self):
        self.model.fit(self.X, self.y, batch_size=self.net.batch, epochs=1, verbose=0)

    def predict_proba(self, X=None):
        if X is None:
            p = self.model.predict(self.X, batch_size=self.net.batch, verbose=0)
        else:
            p = self.model.predict_on_batch(X)
        return np.concatenate([1 - p, p], axis=1) if self.net.n_outputs == 1 else p
