"""A net in PyTorch, written as its users write it: eager modules, Adam, a loop over batches."""

import numpy as np
import torch
from nets import channels_first
from torch import nn
from torch.nn import functional

from convnet.layers import resolve_names

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def modules(net, names):
    """Return {layer name in convnet: module}, including activations and the automatic output layer."""
    h, w, c = net.input_shape
    built, flat = {}, None
    for layer, name in zip(net.layers, names, strict=True):
        kind = type(layer).__name__
        if kind == "Conv2D":
            padding = (layer.kernel_size - 1) // 2 if layer.padding == "same" else 0
            built[name] = nn.Conv2d(c, layer.filters, layer.kernel_size, padding=padding)
            c, h, w = layer.filters, *(n + 2 * padding - layer.kernel_size + 1 for n in (h, w))
        elif kind == "MaxPool2D":
            built[name] = nn.MaxPool2d(layer.pool_size)
            h, w = h // layer.pool_size, w // layer.pool_size
        elif kind == "BatchNorm":
            options = dict(eps=layer.epsilon, momentum=1 - layer.momentum)
            built[name] = nn.BatchNorm1d(flat, **options) if flat else nn.BatchNorm2d(c, **options)
        elif kind == "Dropout":
            built[name] = nn.Dropout(layer.rate)
        elif kind == "ReLU":
            built[name] = nn.ReLU()
        elif kind == "Flatten":
            built[name], flat = nn.Flatten(), h * w * c
        elif kind == "Dense":
            if not flat:
                built["flatten"], flat = nn.Flatten(), h * w * c
            built[name], flat = nn.Linear(flat, layer.units), layer.units
        if getattr(layer, "activation", None):
            built[f"{name}_activation"] = ACTIVATIONS[layer.activation]()
    if not flat:
        built["flatten"], flat = nn.Flatten(), h * w * c
    built["output"] = nn.Linear(flat, net.n_outputs)
    return built


def sequential(net):
    """Return the whole net as a module that returns logits."""
    whole = nn.Sequential()
    for name, module in modules(net, resolve_names(net.layers)).items():
        whole.add_module(name, module)
    return whole


@torch.no_grad()
def load(whole, net, weights):
    """Load convnet's weights: (kh, kw, c, oc) becomes (oc, c, kh, kw); (h w c, out) becomes (out, c h w)."""
    shape = torch.zeros((1, *net.input_shape)).permute(0, 3, 1, 2)
    unflattened = None
    whole.eval()
    for name, module in whole.named_children():
        before, shape = shape, module(shape)
        if isinstance(module, nn.Flatten):
            unflattened = before.shape[1:]
        if isinstance(module, nn.Conv2d):
            module.weight.copy_(
                torch.tensor(weights[f"{name}/weights"].transpose(3, 2, 0, 1).copy())
            )
        elif isinstance(module, nn.Linear):
            w = weights[f"{name}/weights"]
            if unflattened is not None:
                w, unflattened = channels_first(w, *unflattened), None
            module.weight.copy_(torch.tensor(w.T.copy()))
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.weight.copy_(torch.tensor(weights[f"{name}/gamma"]))
            module.bias.copy_(torch.tensor(weights[f"{name}/beta"]))
            module.running_mean.copy_(torch.tensor(weights[f"{name}/moving_mean"]))
            module.running_var.copy_(torch.tensor(weights[f"{name}/moving_variance"]))
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.bias.copy_(torch.tensor(weights[f"{name}/bias"]))


class TorchNet:
    """A net with `fit_epoch`, `logits` and `predict_proba`. `channels_last` selects PyTorch's memory format."""

    def __init__(self, net, X, y, n_threads, *, channels_last=False, learning_rate=1e-3):
        torch.set_num_threads(n_threads)
        torch.manual_seed(0)
        self.net = net
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.module = sequential(net).to(memory_format=self.format)
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
