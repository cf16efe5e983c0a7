"""The convolutions to measure, read from a text file, and the expected results of their three passes."""

from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("shapes.txt")


@dataclass(frozen=True)
class Shape:
    """A convolution of n maps of h × w × c."""

    name: str
    n: int
    h: int
    w: int
    c: int
    filters: int
    kernel: int
    stride: int
    padding: int
    groups: int

    @property
    def out(self):
        """Height and width of the output."""
        return tuple(
            (side + 2 * self.padding - self.kernel) // self.stride + 1 for side in (self.h, self.w)
        )

    @property
    def flops(self):
        """Floating-point operations of one pass as a direct sum: two per multiply-add."""
        oh, ow = self.out
        return 2 * self.n * oh * ow * self.filters * self.kernel**2 * self.c // self.groups

    def data(self, seed=0):
        """Return X, weights, bias and gradient of the output, drawn from a normal distribution."""
        rng = np.random.default_rng(seed)
        shapes = (
            (self.n, self.h, self.w, self.c),
            (self.kernel, self.kernel, self.c // self.groups, self.filters),
            (self.filters,),
            (self.n, *self.out, self.filters),
        )
        return [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]


def read_shapes(pattern="*", path=FILE):
    """Return the shapes whose names match a shell pattern."""
    shapes = []
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = line.split("#")[0].split()
        if fields and fnmatch(fields[0], pattern):
            shapes.append(Shape(fields[0], *map(int, fields[1:])))
    return shapes


def expected(shape, X, weights, bias, grad):
    """Return the output and the gradients of X, weights and bias: sums over the taps, in float64."""
    oh, ow, g = *shape.out, shape.groups
    cg, fg, p = shape.c // g, shape.filters // g, shape.padding
    padded = np.pad(X.astype(np.float64), ((0, 0), (p, p), (p, p), (0, 0)))
    grad_padded = np.zeros_like(padded)
    out = np.zeros((g, shape.n * oh * ow, fg))
    by_group = np.moveaxis(grad.astype(np.float64).reshape(-1, g, fg), 1, 0)  # (g, pixels, fg)
    kernel = np.moveaxis(weights.astype(np.float64).reshape(*weights.shape[:3], g, fg), 3, 0)
    grad_kernel = np.zeros_like(kernel)  # (g, kh, kw, cg, fg)
    for i in range(shape.kernel):
        for j in range(shape.kernel):
            window = (
                slice(None),
                slice(i, i + (oh - 1) * shape.stride + 1, shape.stride),
                slice(j, j + (ow - 1) * shape.stride + 1, shape.stride),
            )
            pixels = np.moveaxis(padded[window].reshape(-1, g, cg), 1, 0)  # (g, pixels, cg)
            out += pixels @ kernel[:, i, j]
            grad_kernel[:, i, j] = pixels.swapaxes(1, 2) @ by_group
            back = by_group @ kernel[:, i, j].swapaxes(1, 2)
            grad_padded[window] += np.moveaxis(back, 0, 1).reshape(shape.n, oh, ow, shape.c)
    return (
        np.moveaxis(out, 0, 1).reshape(grad.shape) + bias,
        grad_padded[:, p : p + shape.h, p : p + shape.w],
        np.moveaxis(grad_kernel, 0, 3).reshape(weights.shape),
        grad.sum(axis=(0, 1, 2), dtype=np.float64),
    )
