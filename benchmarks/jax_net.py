"""A net in JAX: functions compiled as a whole, maps of shape (h, w, c), and Adam.

The arrays have the names and shapes of convnet's weights.
"""

import os
from functools import partial

import jax
import numpy as np
from jax import lax, nn, numpy as jnp
from structure import branches, groups, plan, window, with_input_shapes

from convnet.graph import Network

ACTIVATIONS = {None: lambda x: x, "relu": nn.relu, "sigmoid": nn.sigmoid, "tanh": jnp.tanh}
THREADS = "PJRT_NPROC"  # environment variable that XLA reads before its first computation
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


def use_threads(n_threads):
    """Set the number of threads; ValueError if another number was set before."""
    if os.environ.setdefault(THREADS, str(n_threads)) != str(n_threads):
        raise ValueError(f"JAX runs on {os.environ[THREADS]} threads in this process")


class Pass:
    """A forward pass. In training, `key` draws the dropout masks and `moving` collects new running statistics."""

    def __init__(self, arrays, key=None):
        self.arrays, self.key, self.moving = arrays, key, {}

    def layers(self, infos, x):
        for info, shape in with_input_shapes(infos, x.shape[1:]):
            x = self.layer(info, x, shape)
        return x

    def layer(self, info, x, shape):
        layer, kind = info.layer, info.type
        if kind in ("Conv2D", "DepthwiseConv2D"):
            w = window(layer, shape)
            z = lax.conv_general_dilated(
                x,
                self.arrays[f"{info.name}/weights"],
                w.stride,
                w.padding,
                rhs_dilation=w.dilation,
                dimension_numbers=("NHWC", "HWIO", "NHWC"),
                feature_group_count=groups(layer, shape),
            )
            return self.activated(info, z)
        if kind == "Dense":
            return self.activated(info, x @ self.arrays[f"{info.name}/weights"])
        if kind in ("MaxPool2D", "AvgPool2D"):
            w = window(layer, shape)
            sizes, strides, pads = (1, *w.size, 1), (1, *w.stride, 1), ((0, 0), *w.padding, (0, 0))
            if kind == "MaxPool2D":
                return lax.reduce_window(x, -jnp.inf, lax.max, sizes, strides, pads)
            counts = lax.reduce_window(jnp.ones_like(x), 0.0, lax.add, sizes, strides, pads)
            return lax.reduce_window(x, 0.0, lax.add, sizes, strides, pads) / counts
        if kind == "BatchNorm":
            return self.batch_norm(info, x)
        if kind == "Residual":
            body, shortcut = branches(info)
            z = self.layers(body, x) + (self.layer(shortcut, x, shape) if shortcut else x)
            return ACTIVATIONS[layer.activation](z)
        if kind == "Dropout":
            return self.dropout(layer.rate, x)
        others = {
            "ReLU": nn.relu,
            "Flatten": lambda x: x.reshape(len(x), -1),
            "GlobalAvgPool2D": lambda x: x.mean((1, 2)),
        }
        return others[kind](x)

    def activated(self, info, z):
        """Return z with the bias, if there is one, after the activation."""
        return ACTIVATIONS[info.layer.activation](z + self.arrays.get(f"{info.name}/bias", 0.0))

    def batch_norm(self, info, x):
        roles = ("gamma", "beta", "moving_mean", "moving_variance")
        gamma, beta, *statistics = (self.arrays[f"{info.name}/{role}"] for role in roles)
        mean, variance = statistics
        if self.key is not None:
            axes = tuple(range(x.ndim - 1))
            mean, variance = x.mean(axes), x.var(axes)
            m = info.layer.momentum
            for role, old, new in zip(roles[2:], statistics, (mean, variance), strict=True):
                self.moving[f"{info.name}/{role}"] = m * old + (1 - m) * new
        return (x - mean) * (gamma * lax.rsqrt(variance + info.layer.epsilon)) + beta

    def dropout(self, rate, x):
        if self.key is None:
            return x
        self.key, key = jax.random.split(self.key)
        return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0.0)


class JaxNet:
    """A net with `fit_epoch`, `logits` and `predict_proba`. Its initial weights are those of convnet."""

    def __init__(self, net, X, y, n_threads, learning_rate=1e-3):
        use_threads(n_threads)
        self.net, self.X, self.y = net, X, y
        self.rng, self.key = np.random.default_rng(0), jax.random.key(0)
        self.infos = plan(net).layers
        self.forward = jax.jit(lambda arrays, x: Pass(arrays).layers(self.infos, x))
        self.probabilities = jax.jit(self._probabilities)
        self.step = jax.jit(partial(self._step, learning_rate))
        self.load(Network(list(net.layers), net.input_shape, net.n_outputs).get_weights())

    @property
    def one(self):
        return self.X[:1]

    def load(self, weights):
        """Load weights and forget Adam's moments."""
        arrays = {name: jnp.asarray(value) for name, value in weights.items()}
        self.moving = {name: a for name, a in arrays.items() if "/moving_" in name}
        self.trained = {name: a for name, a in arrays.items() if "/moving_" not in name}
        zeros = jax.tree.map(jnp.zeros_like, self.trained)
        self.moments, self.n_steps = (zeros, zeros), 0

    def _loss(self, trained, moving, key, x, y):
        """Return the mean loss of a batch and the new running statistics."""
        step = Pass(trained | moving, key)
        z = step.layers(self.infos, x)
        if self.net.n_outputs == 1:
            losses = nn.softplus(z[:, 0]) - y * z[:, 0]
        else:
            losses = -jnp.take_along_axis(nn.log_softmax(z), y[:, None], axis=1)
        return losses.mean(), step.moving

    def _step(self, rate, trained, moving, moments, n_steps, key, x, y):
        """Return the state after a step of Adam, and the loss."""
        differentiated = jax.value_and_grad(self._loss, has_aux=True)
        (loss, moving), gradients = differentiated(trained, moving, key, x, y)
        first, second = moments
        first = jax.tree.map(lambda m, g: BETA_1 * m + (1 - BETA_1) * g, first, gradients)
        second = jax.tree.map(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, second, gradients)
        unbiased_1, unbiased_2 = 1 - BETA_1**n_steps, 1 - BETA_2**n_steps

        def updated(w, m, v):
            return w - rate * (m / unbiased_1) / (jnp.sqrt(v / unbiased_2) + EPSILON)

        return jax.tree.map(updated, trained, first, second), moving, (first, second), loss

    def fit_epoch(self):
        """Train for one epoch of shuffled batches; return the mean loss."""
        order, total = self.rng.permutation(len(self.y)), 0.0
        for start in range(0, len(order), self.net.batch):
            rows = order[start : start + self.net.batch]
            self.n_steps += 1
            self.key, key = jax.random.split(self.key)
            state = self.trained, self.moving, self.moments
            self.trained, self.moving, self.moments, loss = self.step(
                *state, float(self.n_steps), key, self.X[rows], self.y[rows]
            )
            total += float(loss) * len(rows)
        return total / len(order)

    def _probabilities(self, arrays, x):
        z = Pass(arrays).layers(self.infos, x)
        if self.net.n_outputs == 1:
            p = nn.sigmoid(z)
            return jnp.concatenate([1 - p, p], axis=1)
        return nn.softmax(z)

    def _batches(self, function, X):
        arrays = self.trained | self.moving
        starts = range(0, len(X), self.net.batch)
        parts = [function(arrays, X[i : i + self.net.batch]) for i in starts]
        return np.concatenate(parts)

    def logits(self):
        z = self._batches(self.forward, self.X)
        return z[:, 0] if self.net.n_outputs == 1 else z

    def predict_proba(self, X=None):
        return self._batches(self.probabilities, self.X if X is None else X)
