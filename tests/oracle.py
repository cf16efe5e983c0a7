"""Float64 NumPy definitions of every kernel, forward and backward.

They are written to be obviously right, not fast. Maps are (n, h, w, c), convolution weights
(kh, kw, c / groups, oc), dense weights (in, out). Padding is ((top, bottom), (left, right)). A backward
function takes the gradient of a scalar with respect to the forward's result and returns the gradients with
respect to its inputs; `test_oracle.py` checks each against numerical differentiation of its forward.
"""

from math import erf

import numpy as np

NO_PADDING = ((0, 0), (0, 0))
LEAKY_SLOPE = 0.01
ELU_ALPHA = 1.0


def f64(*arrays):
    """Return the arrays in float64, a single one not in a list."""
    converted = [None if a is None else np.asarray(a, dtype=np.float64) for a in arrays]
    return converted if len(converted) > 1 else converted[0]


# Windows -------------------------------------------------------------------------------------------------
def output_size(size, kernel, stride=1, pads=(0, 0), dilation=1):
    """floor((n + p - d * (k - 1) - 1) / s) + 1."""
    return (size + sum(pads) - dilation * (kernel - 1) - 1) // stride + 1


def same_pads(size, kernel, stride=1, dilation=1):
    """Return the padding that gives ceil(n / s) outputs, with the odd pixel last."""
    total = max((-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return total // 2, total - total // 2


def taps(padded_shape, kernel, stride, dilation):
    """Yield for each kernel position its row, its column and the slice of the padded map that it reads."""
    oh = output_size(padded_shape[1], kernel[0], stride[0], dilation=dilation[0])
    ow = output_size(padded_shape[2], kernel[1], stride[1], dilation=dilation[1])
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            top, left = i * dilation[0], j * dilation[1]
            rows = slice(top, top + (oh - 1) * stride[0] + 1, stride[0])
            columns = slice(left, left + (ow - 1) * stride[1] + 1, stride[1])
            yield i, j, (slice(None), rows, columns)


def pad(x, padding, value=0.0):
    return np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=value)


def unpad(x, padding):
    (top, bottom), (left, right) = padding
    return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]


# Convolution and dense -----------------------------------------------------------------------------------
def conv2d(x, w, b=None, stride=(1, 1), padding=NO_PADDING, dilation=(1, 1), groups=1):
    """y[n, p, q, o] = b[o] + sum over i, j, c of x[n, p*s + i*d, q*s + j*d, c] * w[i, j, c, o]."""
    x, w, b = f64(x, w, b)
    y = 0.0
    for i, j, seen in taps(pad(x, padding).shape, w.shape[:2], stride, dilation):
        xs = np.split(pad(x, padding)[seen], groups, axis=-1)
        ws = np.split(w[i, j], groups, axis=-1)
        y = y + np.concatenate([a @ k for a, k in zip(xs, ws, strict=True)], axis=-1)
    return y if b is None else y + b


def conv2d_backward(grad, x, w, stride=(1, 1), padding=NO_PADDING, dilation=(1, 1), groups=1):
    """Return the gradients with respect to x, w and the bias."""
    grad, x, w = f64(grad, x, w)
    padded = pad(x, padding)
    grad_x, grad_w = np.zeros_like(padded), np.zeros_like(w)
    grads = np.split(grad, groups, axis=-1)
    for i, j, seen in taps(padded.shape, w.shape[:2], stride, dilation):
        xs = np.split(padded[seen], groups, axis=-1)
        ws = np.split(w[i, j], groups, axis=-1)
        grad_w[i, j] = np.concatenate(
            [
                np.tensordot(a, g, axes=([0, 1, 2], [0, 1, 2]))
                for a, g in zip(xs, grads, strict=True)
            ],
            axis=-1,
        )
        grad_x[seen] += np.concatenate([g @ k.T for g, k in zip(grads, ws, strict=True)], axis=-1)
    return unpad(grad_x, padding), grad_w, grad.sum(axis=(0, 1, 2))


def _spread(x, w, stride, padding, dilation):
    """Return the slice of the whole output that each tap adds to, the shape of that output, and what is cut of it.

    `padding` may be negative after the map, which extends it.
    """
    reach = [
        (n - 1) * s + d * (k - 1) + 1
        for n, k, s, d in zip(x.shape[1:3], w.shape[:2], stride, dilation, strict=True)
    ]
    ends = [r + max(0, -after) for r, (_, after) in zip(reach, padding, strict=True)]
    cut = (slice(None), *(slice(a, r - b) for r, (a, b) in zip(reach, padding, strict=True)))
    slices = [(i, j, seen) for i, j, seen in taps((0, *reach), w.shape[:2], stride, dilation)]
    return slices, (len(x), *ends, w.shape[2]), cut


def conv2d_transpose(x, w, b=None, stride=(1, 1), padding=NO_PADDING, dilation=(1, 1)):
    """y[n, p*s + i*d, q*s + j*d, o] += x[n, p, q, c] * w[i, j, o, c] of all taps, cut by the padding; then + b[o]."""
    x, w, b = f64(x, w, b)
    slices, shape, cut = _spread(x, w, stride, padding, dilation)
    y = np.zeros(shape)
    for i, j, seen in slices:
        y[seen] += x @ w[i, j].T
    return y[cut] if b is None else y[cut] + b


def conv2d_transpose_backward(grad, x, w, stride=(1, 1), padding=NO_PADDING, dilation=(1, 1)):
    """Return the gradients with respect to x, w and the bias."""
    grad, x, w = f64(grad, x, w)
    slices, shape, cut = _spread(x, w, stride, padding, dilation)
    whole, grad_x, grad_w = np.zeros(shape), np.zeros_like(x), np.zeros_like(w)
    whole[cut] = grad
    for i, j, seen in slices:
        grad_x += whole[seen] @ w[i, j]
        grad_w[i, j] = np.tensordot(whole[seen], x, axes=([0, 1, 2], [0, 1, 2]))
    return grad_x, grad_w, grad.sum(axis=(0, 1, 2))


def dense(x, w, b=None):
    """y = x w + b."""
    x, w, b = f64(x, w, b)
    return x @ w if b is None else x @ w + b


def dense_backward(grad, x, w):
    grad, x, w = f64(grad, x, w)
    return grad @ w.T, x.T @ grad, grad.sum(axis=0)


# Pooling -------------------------------------------------------------------------------------------------
def pool_pads(sizes, window, stride, padding, ceil_mode):
    """Return the padding; in ceil mode with what the last windows need behind it. They begin before n + `before`."""
    if not ceil_mode:
        return padding
    found = []
    for n, k, s, (before, after) in zip(sizes, window, stride, padding, strict=True):
        out = int(np.ceil((n + before + after - k) / s)) + 1
        out -= (out - 1) * s >= n + before
        found.append((before, max(after, (out - 1) * s + k - n - before)))
    return tuple(found)


def max_pool2d(x, size, stride=None, padding=NO_PADDING, ceil_mode=False):
    """Return the largest pixel of each window, and the tap (i * width + j) that it comes from.

    Padding never wins, the first in row-major order wins a tie, a NaN wins over every number.
    """
    x = f64(x)
    stride = stride or size
    padding = pool_pads(x.shape[1:3], size, stride, padding, ceil_mode)
    inside = pad(np.ones(x.shape, dtype=bool), padding, False)
    x = pad(x, padding)
    best = winner = None
    for i, j, seen in taps(x.shape, size, stride, (1, 1)):
        value, valid = x[seen], inside[seen]
        if best is None:
            best, winner = np.zeros_like(value), np.full(value.shape, -1)
        larger = (value > best) | (np.isnan(value) & ~np.isnan(best))
        take = valid & ((winner < 0) | larger)
        best, winner = np.where(take, value, best), np.where(take, i * size[1] + j, winner)
    return best, winner


def max_pool2d_backward(grad, x, size, stride=None, padding=NO_PADDING, ceil_mode=False):
    grad, x = f64(grad, x)
    stride = stride or size
    winner = max_pool2d(x, size, stride, padding, ceil_mode)[1]
    padding = pool_pads(x.shape[1:3], size, stride, padding, ceil_mode)
    grad_x = np.zeros_like(pad(x, padding))
    for i, j, seen in taps(grad_x.shape, size, stride, (1, 1)):
        grad_x[seen] += np.where(winner == i * size[1] + j, grad, 0.0)
    return unpad(grad_x, padding)


def _counted(x, pads, padding, count_include_pad):
    """Return 1 for each pixel that an average counts, 0 elsewhere; `pads` are at least `padding`."""
    beyond = [(0, wide - p) for (_, wide), (_, p) in zip(pads, padding, strict=True)]
    return pad(pad(np.ones_like(x), padding, float(count_include_pad)), beyond)


def avg_pool2d(x, size, stride=None, padding=NO_PADDING, ceil_mode=False, count_include_pad=False):
    """Return the mean of each window's pixels, without padding or with zeros there."""
    x = f64(x)
    total = count = 0.0
    pads = pool_pads(x.shape[1:3], size, stride or size, padding, ceil_mode)
    counted, x = _counted(x, pads, padding, count_include_pad), pad(x, pads)
    for _, _, seen in taps(x.shape, size, stride or size, (1, 1)):
        total, count = total + x[seen], count + counted[seen]
    return total / count


def avg_pool2d_backward(
    grad, x, size, stride=None, padding=NO_PADDING, ceil_mode=False, count_include_pad=False
):
    grad, x = f64(grad, x)
    pads = pool_pads(x.shape[1:3], size, stride or size, padding, ceil_mode)
    counted = _counted(x, pads, padding, count_include_pad)
    seens = [seen for _, _, seen in taps(counted.shape, size, stride or size, (1, 1))]
    share = grad / sum(counted[seen] for seen in seens)
    grad_x = np.zeros_like(counted)
    for seen in seens:
        grad_x[seen] += share
    return unpad(grad_x, pads)


def global_max_pool2d(x):
    return max_pool2d(x, x.shape[1:3])[0].reshape(x.shape[0], -1)


def global_max_pool2d_backward(grad, x):
    return max_pool2d_backward(np.reshape(grad, (len(x), 1, 1, -1)), x, x.shape[1:3])


def global_avg_pool2d(x):
    return f64(x).mean(axis=(1, 2))


def global_avg_pool2d_backward(grad, x):
    share = f64(grad)[:, None, None, :] / (x.shape[1] * x.shape[2])
    return np.broadcast_to(share, x.shape).copy()


# Batch norm and dropout ----------------------------------------------------------------------------------
def batch_norm(x, gamma, beta, mean, variance, epsilon=1e-5):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta over the last axis."""
    x, gamma, beta, mean, variance = f64(x, gamma, beta, mean, variance)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


def batch_statistics(x):
    """Return the mean and biased variance of each channel."""
    x = f64(x)
    axes = tuple(range(x.ndim - 1))
    return x.mean(axis=axes), x.var(axis=axes)


def batch_norm_training(x, gamma, beta, epsilon=1e-5):
    return batch_norm(x, gamma, beta, *batch_statistics(x), epsilon)


def batch_norm_training_backward(grad, x, gamma, epsilon=1e-5):
    """Return the gradients with respect to x, gamma and beta; the statistics depend on x.

    With xhat = (x - mean) / sigma: grad_x = gamma / sigma * (g - mean(g) - xhat * mean(g * xhat)).
    """
    grad, x, gamma = f64(grad, x, gamma)
    axes = tuple(range(x.ndim - 1))
    mean, variance = batch_statistics(x)
    sigma = np.sqrt(variance + epsilon)
    xhat = (x - mean) / sigma
    centred = grad - grad.mean(axis=axes) - xhat * (grad * xhat).mean(axis=axes)
    return gamma / sigma * centred, (grad * xhat).sum(axis=axes), grad.sum(axis=axes)


def group_norm(x, gamma, beta, groups, epsilon=1e-5):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, by the statistics of each sample's groups of channels."""
    x, gamma, beta = f64(x, gamma, beta)
    parts = x.reshape(len(x), -1, groups, x.shape[-1] // groups)
    mean, variance = (f(parts, axis=(1, 3), keepdims=True) for f in (np.mean, np.var))
    xhat = (parts - mean) / np.sqrt(variance + epsilon)
    return gamma * xhat.reshape(x.shape) + beta


def group_norm_backward(grad, x, gamma, groups, epsilon=1e-5):
    """Return the gradients with respect to x, gamma and beta."""
    grad, x, gamma = f64(grad, x, gamma)
    shape = len(x), -1, groups, x.shape[-1] // groups
    parts, g = x.reshape(shape), (gamma * grad).reshape(shape)
    sigma = np.sqrt(parts.var(axis=(1, 3), keepdims=True) + epsilon)
    xhat = (parts - parts.mean(axis=(1, 3), keepdims=True)) / sigma
    means = (part.mean(axis=(1, 3), keepdims=True) for part in (g, g * xhat))
    a, b = means
    axes = tuple(range(x.ndim - 1))
    by_gamma = (grad * xhat.reshape(x.shape)).sum(axis=axes)
    return ((g - a - xhat * b) / sigma).reshape(x.shape), by_gamma, grad.sum(axis=axes)


def _channel_window(c, size):
    """Return which channels (rows) read which (columns): [-(size // 2), (size - 1) // 2] around their own."""
    offset = np.arange(c) - np.arange(c)[:, None]
    return ((offset >= -(size // 2)) & (offset <= (size - 1) // 2)).astype(np.float64)


def lrn(x, size=5, alpha=1e-4, beta=0.75, k=1.0):
    """x (k + alpha / size * sum of squares of the channels around)^-beta."""
    x = f64(x)
    return x * (k + alpha / size * x**2 @ _channel_window(x.shape[-1], size).T) ** -beta


def lrn_backward(grad, x, size=5, alpha=1e-4, beta=0.75, k=1.0):
    grad, x = f64(grad, x)
    window = _channel_window(x.shape[-1], size)
    d = k + alpha / size * x**2 @ window.T
    through = (grad * x * d ** (-beta - 1)) @ window
    return grad * d**-beta - 2 * alpha / size * beta * x * through


def moving(old, batch, momentum):
    """Return the running statistic after a batch; momentum is the weight of the old value."""
    return momentum * f64(old) + (1.0 - momentum) * f64(batch)


def dropout(x, mask, rate):
    """Scale the kept values by 1 / (1 - rate); the backward pass is the same function."""
    return f64(x) * mask / (1.0 - rate)


# Affine maps and resizing --------------------------------------------------------------------------------
def rescale(x, scale, offset=0.0):
    return f64(x) * scale + offset


def rescale_backward(grad, scale):
    return f64(grad) * scale


def divisors(deviation, epsilon=1e-7):
    """Return the standard deviation, or 1 for a constant channel."""
    deviation = f64(deviation)
    return np.where(deviation > epsilon, deviation, 1.0)


def normalize(x, mean, deviation, epsilon=1e-7):
    return (f64(x) - f64(mean)) / divisors(deviation, epsilon)


def normalize_backward(grad, deviation, epsilon=1e-7):
    return f64(grad) / divisors(deviation, epsilon)


def repeat(x, factors):
    """Repeat each pixel along both axes of a map."""
    return f64(x).repeat(factors[0], axis=1).repeat(factors[1], axis=2)


def repeat_backward(grad, factors):
    n, h, w, c = grad.shape
    u, v = factors
    return f64(grad).reshape(n, h // u, u, w // v, v, c).sum(axis=(2, 4))


def resize_weights(n, m, method):
    """Return the weight of each of n pixels in each of m outputs: (m, n)."""
    pixels = np.arange(n)
    if (
        method == "area"
    ):  # of [i n / m, (i + 1) n / m) that lies in [p, p + 1), in whole m-ths of a pixel
        weights = np.zeros((m, n))
        for i in range(m):
            units = np.arange(i * n, (i + 1) * n) // m
            weights[i] = [(units == p).mean() for p in pixels]
        return weights
    centres = (np.arange(m) + 0.5) * n / m
    if method == "nearest":
        return (np.floor(centres)[:, None] == pixels).astype(np.float64)
    at = np.clip(centres - 0.5, 0, n - 1)
    return np.maximum(0.0, 1.0 - np.abs(at[:, None] - pixels))


def resize(x, size, methods):
    u, v = map(resize_weights, x.shape[1:3], size, methods)
    return np.einsum("ia,jb,nabc->nijc", u, v, f64(x))


def resize_backward(grad, x, methods):
    u, v = map(resize_weights, x.shape[1:3], grad.shape[1:3], methods)
    return np.einsum("ia,jb,nijc->nabc", u, v, f64(grad))


# Activations ---------------------------------------------------------------------------------------------
def sigmoid(z):
    z = f64(z)
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e / (1.0 + e), 1.0 / (1.0 + e))


def normal_cdf(z):
    return 0.5 * (1.0 + np.vectorize(erf, otypes=[float])(f64(z) / np.sqrt(2.0)))


def normal_pdf(z):
    return np.exp(-0.5 * f64(z) ** 2) / np.sqrt(2.0 * np.pi)


def mish(z):
    """z tanh(log(1 + e^z)), whose limit for small z is 0."""
    z = f64(z)
    return np.where(z < -300, 0.0, np.maximum(z, -300) * np.tanh(np.logaddexp(0.0, z)))


def mish_slope(z):
    t = np.tanh(np.logaddexp(0.0, z))
    return t + np.clip(z, -300, 300) * sigmoid(z) * (1.0 - t * t)


# name: (f, f'). A comparison with NaN is false, so that ReLU keeps a NaN; ReLU's slope at 0 is 0.
ACTIVATIONS = {
    "linear": (lambda z: z, np.ones_like),
    "relu": (lambda z: np.where(z < 0, 0.0, z), lambda z: np.where(z > 0, 1.0, 0.0)),
    "leaky_relu": (
        lambda z: np.where(z < 0, LEAKY_SLOPE * z, z),
        lambda z: np.where(z > 0, 1.0, LEAKY_SLOPE),
    ),
    "elu": (
        lambda z: np.where(z < 0, ELU_ALPHA * np.expm1(np.minimum(z, 0)), z),
        lambda z: np.where(z < 0, ELU_ALPHA * np.exp(np.minimum(z, 0)), 1.0),
    ),
    "gelu": (lambda z: z * normal_cdf(z), lambda z: normal_cdf(z) + z * normal_pdf(z)),
    "silu": (
        lambda z: z * sigmoid(z),
        lambda z: sigmoid(z) * (1.0 + z * (1.0 - sigmoid(z))),
    ),
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * (1.0 - sigmoid(z))),
    "tanh": (np.tanh, lambda z: 1.0 / np.cosh(np.clip(z, -300, 300)) ** 2),
    "relu6": (
        lambda z: np.where(z < 0, 0.0, np.where(z > 6, 6.0, z)),
        lambda z: np.where((z > 0) & (z < 6), 1.0, 0.0),
    ),
    "hard_sigmoid": (
        lambda z: np.where(z < -3, 0.0, np.where(z > 3, 1.0, (z + 3) / 6)),
        lambda z: np.where((z > -3) & (z < 3), 1 / 6, 0.0),
    ),
    "hard_swish": (
        lambda z: np.where(z <= -3, 0.0, np.where(z >= 3, z, z * (z + 3) / 6)),
        lambda z: np.where(z <= -3, 0.0, np.where(z >= 3, 1.0, z / 3 + 0.5)),
    ),
    "softplus": (lambda z: np.logaddexp(0.0, z), sigmoid),
    "mish": (mish, mish_slope),
}


def activation(z, name):
    return ACTIVATIONS[name or "linear"][0](f64(z))


def activation_backward(grad, z, name):
    return f64(grad) * ACTIVATIONS[name or "linear"][1](f64(z))


# Branches ------------------------------------------------------------------------------------------------
def merge(ends, kind):
    """Merge the outputs of branches: "concat", "add", "mean", "multiply" or "max".

    A flat factor (n, c) of "multiply" scales the channels of the others.
    """
    ends = [f64(end) for end in ends]
    if kind == "concat":
        return np.concatenate(ends, axis=-1)
    if kind == "multiply":
        return np.prod(np.broadcast_arrays(*_factors(ends)), axis=0)
    return {"add": np.sum, "mean": np.mean, "max": np.max}[kind](ends, axis=0)


def merge_backward(grad, ends, kind):
    """Return the gradient with respect to each branch. Where several are largest, the first gets that of "max"."""
    grad, ends = f64(grad), [f64(end) for end in ends]
    if kind == "concat":
        return np.split(grad, np.cumsum([end.shape[-1] for end in ends])[:-1], axis=-1)
    if kind == "max":
        winner = np.argmax(ends, axis=0)
        return [np.where(winner == i, grad, 0.0) for i in range(len(ends))]
    if kind == "multiply":
        factors = _factors(ends)
        grads = []
        for i, end in enumerate(ends):
            others = np.prod(np.broadcast_arrays(*factors[:i], *factors[i + 1 :]), axis=0)
            grads.append((grad * others).sum(tuple(range(1, 1 + grad.ndim - end.ndim))))
        return grads
    return [grad / (len(ends) if kind == "mean" else 1)] * len(ends)


def _factors(ends):
    """Return flat factors (n, c) as (n, 1, 1, c), if others are maps."""
    axes = max(end.ndim for end in ends)
    return [end.reshape(len(end), *(1,) * (axes - end.ndim), *end.shape[1:]) for end in ends]


def softmax(z):
    """exp(z) / sum of exp(z) over the last axis."""
    z = f64(z)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(grad, z):
    grad, y = f64(grad), softmax(z)
    return y * (grad - (grad * y).sum(axis=-1, keepdims=True))


def prelu(z, alpha):
    """z where it is positive, else alpha z, with an alpha of each channel."""
    z, alpha = f64(z, alpha)
    return np.where(z > 0, z, alpha * z)


def prelu_backward(grad, z, alpha):
    """Return the gradients with respect to z and alpha."""
    grad, z, alpha = f64(grad, z, alpha)
    grad_alpha = np.where(z > 0, 0.0, grad * z).sum(axis=tuple(range(z.ndim - 1)))
    return np.where(z > 0, grad, alpha * grad), grad_alpha


# Conversion ----------------------------------------------------------------------------------------------
def convert(x, scale=1.0):
    """Convert any dtype to the kernels' input: the value times the float32 scale, rounded to float32."""
    return (f64(x) * np.float64(np.float32(scale))).astype(np.float32)
