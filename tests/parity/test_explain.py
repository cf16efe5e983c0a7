"""Grad-CAM and saliency against PyTorch's automatic differentiation in float64."""

from dataclasses import replace

import numpy as np
import pytest
from cases import BRANCHES, NORMED, PLAIN, RESIDUAL, SEPARABLE, SHAPE

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.layers import resolve_names

LIMIT = 1e-4  # of the largest value
NETS = {
    "plain": (PLAIN, 4),
    "two classes": (PLAIN, 2),
    "regressor": (PLAIN, None),
    "batch norm": (NORMED, 4),
    "separable": (SEPARABLE, 4),
    "residual": (RESIDUAL, 4),
    "branches": (
        [layer for layer in BRANCHES if getattr(layer, "merge", "") != "max"],
        4,
    ),  # no ties
}


@pytest.fixture
def peer(torch, monkeypatch):
    """A function that returns outputs and, of one layer, maps that can be differentiated by."""
    import torch_net

    def batch_norm(layer, parameters, x, name):
        gamma, beta, mean, variance = (
            parameters[f"{name}/{role}"] for role in ("gamma", "beta", "moving_mean", "moving_variance")
        )  # fmt: skip
        return torch.nn.functional.batch_norm(x, mean, variance, gamma, beta, eps=layer.epsilon)

    monkeypatch.setitem(torch_net.KINDS, "BatchNorm", batch_norm)

    def run(net, layers, X, name):
        named = [
            replace(layer, name=own)
            for own, layer in zip(resolve_names(layers), layers, strict=True)
        ]
        parameters = {k: torch.tensor(np.array(w, np.float64)) for k, w in net.weights_.items()}
        x = torch.tensor(X.astype(np.float64)).permute(0, 3, 1, 2).requires_grad_()
        cut = [layer.name for layer in named].index(name) + 1
        maps = torch_net.forward(named[:cut], parameters, x)
        out = torch_net.affine(
            parameters, torch_net.forward(named[cut:], parameters, maps), "output"
        )
        return x, maps, out

    return run


@pytest.mark.parametrize("key", NETS)
def test_gradcam_and_saliency(key, torch, peer):
    layers, n_classes = NETS[key]
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, *SHAPE)).astype(np.float32)
    kind, y = ConvNetRegressor, np.arange(40.0)
    if n_classes:
        kind, y = ConvNetClassifier, np.arange(40) % n_classes
    net = kind(layers, max_iter=5, learning_rate_init=0.01, random_state=0).fit(X, y)
    target = np.zeros(40, dtype=int) if n_classes is None else net.predict(X)
    putting_out_maps = [info.name for info in net.layers_ if len(info.output_shape) == 3]
    for name in putting_out_maps:
        x, maps, out = peer(net, layers, X, name)
        own = out[:, 0] * torch.tensor(2 * target - 1) if n_classes == 2 else out[range(40), target]
        own = own * float(np.ravel(getattr(net, "y_scale_", 1.0))[0])  # in the units of y
        by_x, by_maps = torch.autograd.grad(own.sum(), (x, maps))
        weighted = (by_maps.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True).relu()
        want = torch.nn.functional.interpolate(
            weighted, size=SHAPE[:2], mode="bilinear", align_corners=False
        )
        want = want[:, 0].detach().numpy()
        got = net.explain(X, "gradcam", layer=name)
        assert np.abs(got - want).max() <= LIMIT * want.max() and want.max() > 0
    assert (net.explain(X) == got).all()  # the last layer with maps is the default
    want = by_x.abs().amax(1).numpy()
    assert np.abs(net.explain(X, "saliency") - want).max() <= LIMIT * want.max()
