"""A net in PyTorch, written as its users write it: eager modules, Adam, a loop over batches."""

from functools import partial

import numpy as np
import torch
from structure import branches, channels_first, groups, plan, window, with_input_shapes
from torch import nn
from torch.nn import functional

ACTIVATIONS = {None: nn.Identity, "relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


class Residual(nn.Module):
    """activation(body(x) + shortcut(x))"""

    def __init__(self, body, shortcut, activation):
        super().__init__()
        self.body, self.shortcut, self.activation = body, shortcut, activation

    def forward(self, x):
        return self.activation(self.body(x) + self.shortcut(x))


def padding(pads):
    """Return PyTorch's padding, which is the same on both sides."""
    if any(before != after for before, after in pads):
        raise NotImplementedError(f"padding {pads}")
    return tuple(before for before, _ in pads)


def module(info, shape):
    """Return the module of a layer without its activation, which `Residual` alone includes."""
    layer, kind = info.layer, info.type
    if kind in ("Conv2D", "DepthwiseConv2D"):
        w = window(layer, shape)
        return nn.Conv2d(
            shape[-1],
            info.output_shape[-1],
            w.size,
            w.stride,
            padding(w.padding),
            w.dilation,
            groups(layer, shape),
            layer.use_bias,
        )
    if kind in ("MaxPool2D", "AvgPool2D"):
        w = window(layer, shape)
        pool = (
            nn.MaxPool2d if kind == "MaxPool2D" else partial(nn.AvgPool2d, count_include_pad=False)
        )
        return pool(w.size, w.stride, padding(w.padding))
    if kind == "BatchNorm":
        norm = nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d
        return norm(shape[-1], eps=layer.epsilon, momentum=1 - layer.momentum)
    if kind == "GlobalAvgPool2D":
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    if kind == "Residual":
        body, shortcut = branches(info)
        return Residual(
            sequential(body, shape),
            sequential([shortcut], shape) if shortcut else nn.Identity(),
            ACTIVATIONS[layer.activation](),
        )
    if kind == "Dense":
        return nn.Linear(shape[0], layer.units, layer.use_bias)
    if kind == "Dropout":
        return nn.Dropout(layer.rate)
    return {"ReLU": nn.ReLU, "Flatten": nn.Flatten}[kind]()


def sequential(infos, shape):
    """Return consecutive layers as a module whose children have the names of the layers, such as "residual1/conv1"."""
    whole = nn.Sequential()
    for info, before in with_input_shapes(infos, shape):
        whole.add_module(info.name, module(info, before))
        activation = getattr(info.layer, "activation", None)
        if activation and info.type != "Residual":
            whole.add_module(f"{info.name}_activation", ACTIVATIONS[activation]())
    return whole


def logits_module(net):
    """Return the whole net as a module that returns logits."""
    return sequential(plan(net).layers, net.input_shape)


@torch.no_grad()
def load(whole, net, weights):
    """Load convnet's weights: (kh, kw, c, oc) becomes (oc, c, kh, kw); (h w c, out) becomes (out, c h w)."""
    weights = channels_first(net, weights)
    for path, child in whole.named_modules():
        name = path.rpartition(".")[2]
        if isinstance(child, nn.Conv2d):
            tensors = {"weights": child.weight.permute(2, 3, 1, 0), "bias": child.bias}
        elif isinstance(child, nn.Linear):
            tensors = {"weights": child.weight.T, "bias": child.bias}
        elif isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
            tensors = {
                "gamma": child.weight,
                "beta": child.bias,
                "moving_mean": child.running_mean,
                "moving_variance": child.running_var,
            }
        else:
            continue
        for role, tensor in tensors.items():
            if tensor is not None:
                tensor.copy_(torch.tensor(weights[f"{name}/{role}"]))


class TorchNet:
    """A net with `fit_epoch`, `logits` and `predict_proba`. `channels_last` selects PyTorch's memory format."""

    def __init__(self, net, X, y, n_threads, *, channels_last=False, learning_rate=1e-3):
        torch.set_num_threads(n_threads)
        torch.manual_seed(0)
        self.net = net
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.module = logits_module(net).to(memory_format=self.format)
        self.X = self.tensor(X)
        self.y = torch.from_numpy(y).float() if net.n_outputs == 1 else torch.from_numpy(y)
        self.optimizer = torch.optim.Adam(self.module.parameters(), lr=learning_rate, foreach=True)

    def tensor(self, X):
        return torch.from_numpy(X.transpose(0, 3, 1, 2)).contiguous(memory_format=self.format)

    def load(self, weights):
        load(self.module, self.net, weights)

    def fit_epoch(self):
        """Train for one epoch of shuffled batches; return the mean loss."""
        self.module.train()
        order, total = torch.randperm(len(self.y)), 0.0
        for start in range(0, len(order), self.net.batch):
            rows = order[start : start + self.net.batch]
            X, y = self.X[rows], self.y[rows]
            self.optimizer.zero_grad(set_to_none=True)
            z = self.module(X)
            if self.net.n_outputs == 1:
                loss = functional.binary_cross_entropy_with_logits(z[:, 0], y)
            else:
                loss = functional.cross_entropy(z, y)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(rows)
        return total / len(order)

    def _batches(self, X):
        self.module.eval()
        with torch.inference_mode():
            return torch.cat([self.module(part) for part in X.split(self.net.batch)])

    def logits(self):
        z = self._batches(self.X).numpy()
        return z[:, 0] if self.net.n_outputs == 1 else z

    @property
    def one(self):
        """One image in the format that `predict_proba` takes."""
        return self.X[:1]

    def predict_proba(self, X=None):
        z = self._batches(self.X if X is None else X)
        if self.net.n_outputs == 1:
            p = torch.sigmoid(z).numpy()
            return np.concatenate([1 - p, p], axis=1)
        return torch.softmax(z, dim=1).numpy()


def channels_last_net(net, X, y, n_threads):
    return TorchNet(net, X, y, n_threads, channels_last=True)
