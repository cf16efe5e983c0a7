"""The three passes of a convolution in oneDNN, through PyTorch's operators, channels last."""

import torch
from torch.nn import functional


class TorchConv2D:
    """The passes are methods without arguments: forward, data, weight. `results` returns the same as `expected`."""

    def __init__(self, shape, X, weights, bias, grad):
        def channels_last(array, axes):
            return (
                torch.from_numpy(array).permute(axes).contiguous(memory_format=torch.channels_last)
            )

        self.X, self.grad = (channels_last(a, (0, 3, 1, 2)) for a in (X, grad))
        self.weights = channels_last(weights, (3, 2, 0, 1))
        self.bias = torch.from_numpy(bias)
        self.shape = shape

    @torch.inference_mode()
    def forward(self):
        s = self.shape
        return functional.conv2d(
            self.X, self.weights, self.bias, s.stride, s.padding, groups=s.groups
        )

    def data(self):
        return self._backward((True, False, False))

    def weight(self):
        return self._backward((False, True, True))

    @torch.inference_mode()
    def _backward(self, wanted):
        s = self.shape
        pair = [s.stride] * 2, [s.padding] * 2, [1, 1], False, [0, 0]
        return torch.ops.aten.convolution_backward(
            self.grad, self.X, self.weights, [s.filters], *pair, s.groups, wanted
        )

    def results(self):
        _, by_weights, by_bias = self.weight()
        return (
            self.forward().permute(0, 2, 3, 1).numpy(),
            self.data()[0].permute(0, 2, 3, 1).numpy(),
            by_weights.permute(2, 3, 1, 0).numpy(),
            by_bias.numpy(),
        )
