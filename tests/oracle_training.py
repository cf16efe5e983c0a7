"""Float64 NumPy definitions of losses and optimizer steps.

Parameters, gradients and optimizer states are dicts of arrays by parameter name.
"""

import numpy as np
from oracle import f64, sigmoid, softmax


def normalised(sample_weight, n):
    """Return w / sum(w), with w all ones if it is None, and sum(w)."""
    w = np.ones(n) if sample_weight is None else f64(sample_weight)
    return w / w.sum(), w.sum()


def softmax_loss(logits, y, sample_weight=None, smoothing=0.0):
    """Cross-entropy sum(w * -t . log p) / sum(w), t = (1 - s) onehot(y) + s / K; gradient w / sum(w) * (p - t)."""
    logits = f64(logits)
    share, _ = normalised(sample_weight, len(logits))
    top = logits.max(axis=1, keepdims=True)
    log_p = logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
    n_classes = logits.shape[1]
    target = (1 - smoothing) * (np.arange(n_classes) == np.asarray(y)[:, None])
    target = target + smoothing / n_classes
    return -(share * (target * log_p).sum(axis=1)).sum(), share[:, None] * (
        softmax(logits) - target
    )


def mean_over_outputs(pointwise):
    """sum(w * mean(l(z, y), axis=1)) / sum(w) of `pointwise` losses and slopes; y is (n,) or (n, k) as z."""

    def loss(outputs, y, sample_weight=None, smoothing=0.0):
        z = f64(outputs)
        share = normalised(sample_weight, len(z))[0][:, None] / z.shape[1]
        values, slopes = pointwise(z, f64(y).reshape(z.shape), smoothing)
        return (share * values).sum(), share * slopes

    return loss


@mean_over_outputs
def sigmoid_loss(z, y, smoothing):
    """Binary cross-entropy of a logit; log(1 + e^z) - t z, written without overflow."""
    target = y * (1 - smoothing) + smoothing / 2
    return np.maximum(z, 0) - target * z + np.log1p(np.exp(-np.abs(z))), sigmoid(z) - target


@mean_over_outputs
def squared_error(z, y, smoothing):
    return (z - y) ** 2 / 2, z - y


@mean_over_outputs
def absolute_error(z, y, smoothing):
    return np.abs(z - y), np.sign(z - y)


@mean_over_outputs
def huber(z, y, smoothing):
    r = np.abs(z - y)
    return np.where(r <= 1, r**2 / 2, r - 0.5), np.clip(z - y, -1, 1)


LOSSES = {
    "softmax": softmax_loss,
    "sigmoid": sigmoid_loss,
    "squared_error": squared_error,
    "absolute_error": absolute_error,
    "huber": huber,
}


def decays(name):
    """Return whether a parameter is decayed: weights are, biases, gamma and beta are not."""
    return name.endswith("/weights")


def constants(parameters, alpha, l2=None):
    """Return the decay constant of each parameter: its own, or alpha for weights."""
    return {k: (l2 or {}).get(k, alpha if decays(k) else 0.0) for k in parameters}


def l2_loss(parameters, decay, weight_sum):
    """decay / 2 * ||W||^2 / sum(w)."""
    return sum(0.5 * decay[k] * (f64(p) ** 2).sum() / weight_sum for k, p in parameters.items())


def l2_gradients(gradients, parameters, decay, weight_sum):
    """grad + decay * W / sum(w)."""
    return {k: f64(g) + decay[k] * f64(parameters[k]) / weight_sum for k, g in gradients.items()}


def clipped(gradients, clip_norm):
    """Return the gradients, scaled down so that their common 2-norm is at most clip_norm."""
    if clip_norm is None:
        return gradients
    norm = np.sqrt(sum((f64(g) ** 2).sum() for g in gradients.values()))
    return {k: g * min(1.0, clip_norm / norm) for k, g in gradients.items()}


def bounded(weights, max_norm):
    """Return the weights with columns (all axes but the last) scaled down to a 2-norm of at most max_norm."""
    norm = np.sqrt((weights**2).sum(axis=tuple(range(weights.ndim - 1))))
    return weights * np.minimum(1.0, max_norm / norm)


class SGD:
    """velocity = momentum * velocity - rate * grad; Nesterov adds one more step of momentum."""

    def __init__(self, momentum=0.9, nesterov=True):
        self.momentum, self.nesterov, self.velocity = momentum, nesterov, {}

    def step(self, parameters, gradients, rate):
        updated = dict(parameters)
        for k, g in gradients.items():
            v = self.momentum * self.velocity.get(k, 0.0) - rate * g
            self.velocity[k] = v
            updated[k] = parameters[k] + (self.momentum * v - rate * g if self.nesterov else v)
        return updated


class Adam:
    """p -= rate * sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + epsilon)."""

    def __init__(self, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.t, self.m, self.v = 0, {}, {}

    def step(self, parameters, gradients, rate):
        self.t += 1
        rate_t = rate * np.sqrt(1 - self.beta_2**self.t) / (1 - self.beta_1**self.t)
        updated = dict(parameters)
        for k, g in gradients.items():
            self.m[k] = self.beta_1 * self.m.get(k, 0.0) + (1 - self.beta_1) * g
            self.v[k] = self.beta_2 * self.v.get(k, 0.0) + (1 - self.beta_2) * g**2
            updated[k] = parameters[k] - rate_t * self.m[k] / (np.sqrt(self.v[k]) + self.epsilon)
        return updated


class AdamW(Adam):
    """p -= rate * decay * p, then as Adam; `decay` is set before a step."""

    decay: dict = {}

    def step(self, parameters, gradients, rate):
        shrunk = {k: p * (1 - rate * self.decay.get(k, 0.0)) for k, p in parameters.items()}
        return super().step(shrunk, gradients, rate)


class RMSprop:
    """v = b1 v + (1 - b1) g^2; p -= rate * g / (sqrt(v) + epsilon)."""

    def __init__(self, beta_1=0.9, epsilon=1e-8):
        self.beta_1, self.epsilon, self.v = beta_1, epsilon, {}

    def step(self, parameters, gradients, rate):
        updated = dict(parameters)
        for k, g in gradients.items():
            self.v[k] = self.beta_1 * self.v.get(k, 0.0) + (1 - self.beta_1) * g**2
            updated[k] = parameters[k] - rate * g / (np.sqrt(self.v[k]) + self.epsilon)
        return updated


SOLVERS = {"sgd": SGD, "adam": Adam, "adamw": AdamW, "rmsprop": RMSprop}


def training_step(
    reference, optimizer, loss, x, y, sample_weight, rate, alpha,
    *, smoothing=0.0, clip_norm=None, l2=None, max_norm=None,
):  # fmt: skip
    """Update the parameters of a `reference.Reference` by one step; return the loss before it.

    `l2` and `max_norm` are dicts by parameter name.
    """
    weight_sum = normalised(sample_weight, len(x))[1]
    outputs = reference.forward_training(x)
    value, grad = LOSSES[loss](outputs, y, sample_weight, smoothing)
    gradients = clipped(reference.backward(grad)[1], clip_norm)
    decay = constants(reference.parameters, alpha, l2)
    if isinstance(optimizer, AdamW):
        optimizer.decay = decay
    else:
        value += l2_loss(reference.parameters, decay, weight_sum)
        gradients = l2_gradients(gradients, reference.parameters, decay, weight_sum)
    parameters = optimizer.step(reference.parameters, gradients, rate)
    for name, most in (max_norm or {}).items():
        parameters[name] = bounded(parameters[name], most)
    reference.parameters = parameters
    return value
