"""A training in PyTorch that starts from a network's weights: loss, optimizer, clipping, bounds."""

import numpy as np
import torch
from torch.nn import functional
from torch_net import affine, forward

LOSSES = {
    "softmax": lambda z, y, s: functional.cross_entropy(
        z, y.long(), reduction="none", label_smoothing=s
    ),
    "sigmoid": lambda z, y, s: functional.binary_cross_entropy_with_logits(
        z, y * (1 - s) + s / 2, reduction="none"
    ).mean(1),
    "squared_error": lambda z, y, s: functional.mse_loss(z, y, reduction="none").mean(1) / 2,
    "absolute_error": lambda z, y, s: functional.l1_loss(z, y, reduction="none").mean(1),
    "huber": lambda z, y, s: functional.huber_loss(z, y, reduction="none").mean(1),
}


class Peer:
    """Parameters, optimizer and steps; options as `convnet.graph.Trainer` takes them.

    Parameters
    ----------
    layers : sequence of Layer
        Without the output layer.
    network : Network
        Whose weights and bounds (`Parameter.max_norm`) are copied.
    schedule : callable, default=None
        Makes a schedule of `torch.optim.lr_scheduler` and the optimizer; it moves after every step.
    """

    def __init__(
        self, layers, network, *, rate, dtype, loss, solver, alpha=0.0, momentum=0.0, nesterov=False,
        beta_1=0.9, beta_2=0.999, epsilon=1e-8, clip_norm=None, label_smoothing=0.0, schedule=None,
    ):  # fmt: skip
        self.layers, self.plan, self.dtype = layers, network.plan, dtype
        self.parameters = {
            p.name: torch.tensor(network.get_weights()[p.name], dtype=dtype).requires_grad_(
                p.trainable
            )
            for p in network.plan.parameters
        }
        self.loss, self.solver, self.label_smoothing = loss, solver, label_smoothing
        self.alpha, self.clip_norm, self.epsilon, self.beta_2 = alpha, clip_norm, epsilon, beta_2
        groups = [
            {"params": [self.parameters[p.name] for p in self.trainable if p.decay is decay]}
            for decay in (True, False)
        ]
        self.optimizer = {
            "sgd": lambda: torch.optim.SGD(groups, rate, momentum=momentum, nesterov=nesterov),
            "adam": lambda: torch.optim.Adam(groups, rate, betas=(beta_1, beta_2)),
            "adamw": lambda: torch.optim.AdamW(
                groups, rate, betas=(beta_1, beta_2), weight_decay=0.0
            ),
            "rmsprop": lambda: torch.optim.RMSprop(groups, rate, alpha=beta_1, eps=epsilon),
        }[solver]()
        self.schedule = schedule and schedule(torch.optim.lr_scheduler, self.optimizer)
        self.steps = 0

    @property
    def trainable(self):
        return [p for p in self.plan.parameters if p.trainable]

    @property
    def rate(self):
        """Learning rate of the next step."""
        return self.optimizer.param_groups[0]["lr"]

    def weights(self):
        """Copies of all parameters."""
        return {k: p.detach().numpy().copy() for k, p in self.parameters.items()}

    def set_weights(self, weights):
        """Replace all parameters by arrays."""
        for name, value in weights.items():
            self.parameters[name].data.copy_(torch.tensor(value))

    def state(self):
        """The optimizer's state as `Trainer.set_state` takes it.

        convnet's velocity has the learning rate in it, PyTorch's has not.
        """
        flat_moments = {
            f"moment_{i}": np.zeros(self.plan.parameters.floats, np.float32) for i in (1, 2)
        }
        places = {"momentum_buffer": "moment_1", "exp_avg": "moment_1"}
        places |= {"exp_avg_sq": "moment_2", "square_avg": "moment_2"}
        for p in self.trainable:
            for name, value in self.optimizer.state[self.parameters[p.name]].items():
                if name in places and value is not None:
                    factor = -self.rate if name == "momentum_buffer" else 1.0
                    moment = flat_moments[places[name]][p.offset : p.offset + p.size]
                    moment[...] = factor * value.numpy().ravel()
        return flat_moments | {"steps": self.steps}

    def gradients(self, x, y, weight=None, at=None):
        """The loss without its penalty, and its gradients by name, clipped. `at`: weights to use instead of the own."""
        own = self.weights()
        if at is not None:
            self.set_weights(at)
        x = torch.tensor(x, dtype=self.dtype).permute(0, 3, 1, 2)
        y = torch.tensor(y, dtype=None if self.loss == "softmax" else self.dtype)
        weight = torch.ones(len(x)) if weight is None else torch.tensor(weight)
        out = affine(self.parameters, forward(self.layers, self.parameters, x), "output")
        losses = LOSSES[self.loss](out, y, self.label_smoothing)
        value = (losses * weight.to(self.dtype)).sum() / float(weight.sum())
        self.optimizer.zero_grad()
        value.backward()
        trained = [self.parameters[p.name] for p in self.trainable]
        if self.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(trained, self.clip_norm)
        if at is not None:
            self.set_weights(own)
        gradients = {p.name: self.parameters[p.name].grad.numpy().copy() for p in self.trainable}
        return float(value.detach()), gradients

    def step(self, x, y, weight=None):
        """One step: the loss with its penalty, and the gradients, clipped, without the penalty's."""
        loss, gradients = self.gradients(x, y, weight)
        decay = self.alpha / (len(x) if weight is None else float(weight.sum()))
        self.steps += 1
        decayed = self.optimizer.param_groups[0]
        if self.solver == "adamw":
            decayed["weight_decay"] = self.alpha
        else:
            decayed["weight_decay"] = decay
            loss += decay / 2 * sum(float((w.detach() ** 2).sum()) for w in decayed["params"])
        if self.solver in ("adam", "adamw"):
            # Kingma and Ba's second form, which convnet has, corrects epsilon with the mean square.
            for group in self.optimizer.param_groups:
                group["eps"] = self.epsilon / (1 - self.beta_2**self.steps) ** 0.5
        self.optimizer.step()
        for p in self.trainable:
            if p.max_norm is not None:
                w = self.parameters[p.name]
                w.data.copy_(torch.renorm(w.data, 2, w.ndim - 1, p.max_norm))
        if self.schedule:
            self.schedule.step()
        return loss, gradients
