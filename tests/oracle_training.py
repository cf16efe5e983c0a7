"""Float64 NumPy definitions of losses and optimizer steps.

Parameters, gradients and optimizer states are dicts of arrays by parameter name.
"""

import numpy as np
from oracle import f64, sigmoid


def normalised(sample_weight, n):
    """w / sum(w), w all ones where none is given; and sum(w)."""
    w = np.ones(n) if sample_weight is None else f64(sample_weight)
    return w / w.sum(), w.sum()


def softmax(logits):
    e = np.exp(f64(logits) - np.max(logits, axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_loss(logits, y, sample_weight=None):
    """Cross-entropy sum(w * -log p[y]) / sum(w), and its gradient w / sum(w) * (p - onehot(y))."""
    logits = f64(logits)
    share, _ = normalised(sample_weight, len(logits))
    top = logits.max(axis=1)
    log_sum = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    chosen = logits[np.arange(len(y)), y]
    onehot = np.arange(logits.shape[1]) == np.asarray(y)[:, None]
    return (share * (log_sum - chosen)).sum(), share[:, None] * (softmax(logits) - onehot)


def sigmoid_loss(logits, y, sample_weight=None):
    """Binary cross-entropy of one logit per row, (n, 1); log(1 + e^z) - y z, written without overflow."""
    z, y = f64(logits)[:, 0], f64(y)
    share, _ = normalised(sample_weight, len(z))
    loss = np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))
    return (share * loss).sum(), (share * (sigmoid(z) - y))[:, None]


LOSSES = {"softmax": softmax_loss, "sigmoid": sigmoid_loss}


def decays(name):
    """Only weights are decayed: no bias, gamma or beta."""
    return name.endswith("/weights")


def l2_loss(parameters, alpha, weight_sum):
    """alpha / 2 * ||W||^2 / sum(w)."""
    return sum(
        0.5 * alpha * (f64(p) ** 2).sum() / weight_sum for k, p in parameters.items() if decays(k)
    )


def l2_gradients(gradients, parameters, alpha, weight_sum):
    """grad + alpha * W / sum(w)."""
    return {
        k: f64(g) + (alpha * f64(parameters[k]) / weight_sum if decays(k) else 0.0)
        for k, g in gradients.items()
    }


class SGD:
    """velocity = momentum * velocity - rate * grad; Nesterov looks one step of momentum ahead."""

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


def l2_training_step(reference, optimizer, loss, x, y, sample_weight, rate, alpha):
    """One step of a `reference.Reference`: its loss before the step; its parameters are updated."""
    weight_sum = normalised(sample_weight, len(x))[1]
    logits = reference.forward_training(x)
    value, grad = LOSSES[loss](logits, y, sample_weight)
    trainable = reference.backward(grad)[1]
    value += l2_loss(reference.parameters, alpha, weight_sum)
    gradients = l2_gradients(trainable, reference.parameters, alpha, weight_sum)
    reference.parameters = optimizer.step(reference.parameters, gradients, rate)
    return value
