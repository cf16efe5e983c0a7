"""Calls of single kernels, with operands around the edges of tiles.

tests/engine/test_kernel_table.py compares what they write; benchmarks/kernel_table.py times them.

A case lays out its memory by hand (kernel_memory.py), without a plan. Most operands are small integers, whose sums and
products are exact, so that every table of kernels has to give the same bits.
"""

from dataclasses import dataclass, field

import numpy as np
import oracle
import oracle_training
from kernel_memory import Memory
from netcheck import integers, normals

from convnet.engine import (
    ACTIVATIONS,
    COLUMNS,
    DTYPES,
    FILLS,
    FROM_OUTPUT,
    LOSSES,
    RESIZING,
    SOLVERS,
    WINOGRAD_DEPTH,
    WINOGRAD_POINTS,
)

# Below, at and above the edges of all tables' tiles: 4, 6, 7 and 14 rows; 1, 4, 8, 16, 24 and 32 columns.
CHANNELS = (1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32, 33, 48)
PIXELS = (1, 3, 4, 5, 6, 7, 8, 13, 14, 15, 21, 27, 28, 29)
HALO = (1, 2, 3, 1)  # of outputs, which has to stay as it is


@dataclass
class Case:
    """Stages that run one after the other, and what the last ones write.

    Attributes
    ----------
    memory : Memory
    operations : list of (str, dict)
    stages : list of str
    expected : dict of (place, values)
        Float64 values by name, with where they are to be found, see `Run.read`.
    tolerance : float
        Of a value, against the largest of its kind; 0: all bits.
    """

    memory: Memory
    operations: list
    stages: list
    expected: dict = field(default_factory=dict)
    tolerance: float = 0.0
    multiply_adds: int = 0


def _round_up(n, to):
    return -(-n // to) * to


def _activated(z, name):
    return oracle.activation(z, name)


def conv(
    rng,
    algorithm,
    c,
    oc,
    size=(6, 7),
    *,
    n=2,
    kernel=(3, 3),
    stride=(1, 1),
    dilation=(1, 1),
    pads=((1, 1), (1, 1)),
    groups=1,
    activation="relu",
    pool=(1, 1),
    backward=True,
    by_blocks=False,
    draw=None,
    by_columns=False,
    around=(0, 0),
):
    """A convolution, and its gradients, by one of the algorithms.

    `by_blocks`: the gradient of the weights is computed over the whole batch, in two groups of samples.

    `around`: channels of the output's map before and after those that are written. They have to stay as they are.

    The operands are integers; those of Winograd's algorithm, which rounds, are normal, so that no output is close to 0,
    where the slope of an activation jumps.
    """
    draw = draw or (normals if algorithm == "winograd" else integers)
    m = Memory(samples=n)
    x, b = draw(rng, (n, *size, c)), draw(rng, (oc,))
    w = draw(rng, (*kernel, c // groups, oc))
    z = oracle.conv2d(x, w, b, stride, pads, dilation, groups)
    oh, ow = (z.shape[1 + i] // pool[i] * pool[i] for i in range(2))
    z = z[:, :oh, :ow]
    pooled, _ = oracle.max_pool2d(z, pool)
    y = _activated(pooled, activation)
    grad = draw(rng, y.shape)
    winograd = algorithm == "winograd"
    tile = 7 - kernel[0] if winograd else 4
    # zeros as far as the last window, and whole tiles of Winograd's, read
    reach = [
        (tile * -(-o // tile) - 1) * s + (k - 1) * d + 1 - p[0] - i
        for o, s, k, d, p, i in zip((oh, ow), stride, kernel, dilation, pads, size, strict=True)
    ]
    halo = (pads[0][0], max(0, reach[0]), pads[1][0], max(0, reach[1]))
    tiles = max(14, -(-ow // tile) * pool[0], -(-size[1] // tile)) if winograd else 0
    rows, columns = -(-oh // tile), -(-ow // tile)
    strip = rows if rows * columns <= tiles else max(1, tiles // columns // pool[0] * pool[0])
    whole_dst = m.blank(n, *y.shape[1:3], sum(around) + oc, HALO)
    dst = whole_dst | dict(offset=whole_dst["offset"] + around[0], c=oc)
    grad_src = m.blank(n, *x.shape[1:], (0, 0, 0, 0))
    points = WINOGRAD_POINTS if winograd else kernel[0] * kernel[1]
    fields = dict(
        src=m.map(x, halo),
        dst=dst,
        grad_src=grad_src,
        grad_dst=m.map(grad),
        kh=kernel[0],
        kw=kernel[1],
        sh=stride[0],
        sw=stride[1],
        dh=dilation[0],
        dw=dilation[1],
        pt=pads[0][0],
        pl=pads[1][0],
        groups=groups,
        oh=oh,
        ow=ow,
        pool_h=pool[0],
        pool_w=pool[1],
        activation=ACTIVATIONS.index(activation),
        weights=m.params.reserve(w),
        bias=m.params.reserve(b),
        packed=m.pack(points * c * _round_up(oc // groups, COLUMNS)),
        packed_grad=m.pack(points * oc * _round_up(c // groups, COLUMNS)),
        data_gradient=1,
        grad_weights=m.batch_grads.reserve(np.full((2, *w.shape), np.nan))
        if by_blocks
        else m.lane_grads.reserve(np.zeros(w.shape)),
        grad_bias=m.batch_grads.reserve(np.full((2, _round_up(oc, 16)), np.nan))
        if by_blocks
        else m.lane_grads.reserve(np.zeros(oc)),
        block_rows=2 * pool[0] if 2 * pool[0] <= oh else pool[0],
        block_samples=2,
        block_tiles=tiles,
        strip_tile_rows=strip if winograd else 0,
    )
    if by_blocks:
        fields |= dict(weights_groups=2, weights_group=w.size)
        # Winograd: blocks of 8 channels or more
        halves = dict(weights_rows=-(-c // 2), weights_columns=-(-oc // 2))
        fields |= halves if winograd else dict(weights_rows=13, weights_columns=COLUMNS)
    name_of_area = "batch_grads" if by_blocks else "lane_grads"
    weights_place = (name_of_area, fields["grad_weights"], (2, *w.shape) if by_blocks else w.shape)
    if pool != (1, 1):
        step = _round_up(int(y[0].size), 64)
        fields.update(winners=m.bytes(step * n), winners_sample=step)
    name = algorithm.replace("direct", "conv2d")
    pack = {"direct": ["pack_conv2d"], "winograd": ["pack_winograd"]}.get(algorithm, [])
    stages, expected = [*pack, f"{name}_fwd"], {"output": (dst, y)}
    others = [(0, 0), (0, 0), (0, 0), around]
    expected["whole map"] = (whole_dst, np.pad(y, others, constant_values=np.nan))
    if by_columns:
        stages = [*(["winograd_transform"] if winograd else pack), f"{name}_wide_fwd"]
        floats = (
            WINOGRAD_POINTS * -(-c // WINOGRAD_DEPTH) * (n * rows * columns * WINOGRAD_DEPTH + 16)
        )
        fields["transforms"] = m.arena.reserve(np.full(floats, np.nan))
        m.unchecked.append((fields["transforms"], floats))
    if backward:
        blocks = ["conv_mask", f"{name}_data", f"{name}_weights"]
        stages += blocks if by_blocks else [f"{name}_bwd"]
        through = oracle.activation_backward(grad, pooled, activation)
        grad_z = oracle.max_pool2d_backward(through, z, pool) if pool != (1, 1) else through
        whole = oracle.conv2d(x, w, b, stride, pads, dilation, groups)
        padded = np.zeros_like(whole)
        padded[:, :oh, :ow] = grad_z
        grad_x, grad_w, grad_b = oracle.conv2d_backward(
            padded, x, w, stride, pads, dilation, groups
        )
        if by_blocks:
            halves = slice(n // 2), slice(n // 2, n)
            parts = [
                oracle.conv2d_backward(padded[half], x[half], w, stride, pads, dilation)[1]
                for half in halves
            ]
            grad_w = np.stack(parts)
            padding = [np.full(_round_up(oc, 16) - oc, np.nan)]
            grad_b = np.stack([
                np.concatenate([padded[half].sum((0, 1, 2)), *padding]) for half in halves
            ])  # fmt: skip
        expected |= {
            "data gradient": (grad_src, grad_x),
            "weight gradient": (weights_place, grad_w),
            "bias gradient": ((name_of_area, fields["grad_bias"], grad_b.shape), grad_b),
        }
    work = y.size * int(np.prod(pool)) * kernel[0] * kernel[1] * (c // groups)
    exact = draw is integers and not winograd
    return Case(m, [("conv", fields)], stages, expected, 0.0 if exact else 2e-5, work)


def transposed(
    rng,
    c,
    oc,
    size=(4, 5),
    *,
    n=3,
    kernel=(3, 3),
    stride=(2, 2),
    dilation=(1, 1),
    pads=((1, 0), (0, 1)),
    activation="relu",
):
    """A transposed convolution, and its gradients in two groups of samples."""
    m = Memory(samples=n)
    x, b = integers(rng, (n, *size, c)), integers(rng, (oc,))
    w = integers(rng, (*kernel, oc, c))
    z = oracle.conv2d_transpose(x, w, b, stride, pads, dilation)
    y = _activated(z, activation)
    grad = integers(rng, y.shape)
    h, w_ = y.shape[1:3]
    halo = []
    for axis, side in enumerate((h, w_)):
        before, reach = pads[axis][0], (kernel[axis] - 1) * dilation[axis]
        halo.append(max(0, -((before - reach) // stride[axis])))
        halo.append(max(0, (side - 1 + before) // stride[axis] + 1 - size[axis]))
    taps = kernel[0] * kernel[1]
    fields = dict(
        src=m.map(x, halo),
        dst=m.blank(n, *y.shape[1:], HALO),
        grad_src=m.blank(n, *x.shape[1:]),
        grad_dst=m.map(grad),
        kh=kernel[0],
        kw=kernel[1],
        sh=stride[0],
        sw=stride[1],
        dh=dilation[0],
        dw=dilation[1],
        pt=pads[0][0],
        pl=pads[1][0],
        oh=h,
        ow=w_,
        activation=ACTIVATIONS.index(activation),
        weights=m.params.reserve(w),
        bias=m.params.reserve(b),
        packed=m.pack(taps * c * _round_up(oc, COLUMNS)),
        packed_grad=m.pack(taps * oc * _round_up(c, COLUMNS)),
        data_gradient=1,
        grad_weights=m.batch_grads.reserve(np.full((2, *w.shape), np.nan)),
        grad_bias=m.batch_grads.reserve(np.full((2, _round_up(oc, 16)), np.nan)),
        block_rows=3,
        block_samples=1,
        weights_groups=2,
        weights_group=w.size,
        weights_rows=13,
        weights_columns=COLUMNS,
    )
    grad_z = oracle.activation_backward(grad, z, activation)
    grad_x = oracle.conv2d_transpose_backward(grad_z, x, w, stride, pads, dilation)[0]
    parts = [slice(n // 2), slice(n // 2, n)]
    halves = [
        oracle.conv2d_transpose_backward(grad_z[part], x[part], w, stride, pads, dilation)
        for part in parts
    ]
    padding = np.full(_round_up(oc, 16) - oc, np.nan)
    grad_b = np.stack([np.concatenate([half[2], padding]) for half in halves])
    expected = {
        "output": (fields["dst"], y),
        "data gradient": (fields["grad_src"], grad_x),
        "weight gradient": (
            ("batch_grads", fields["grad_weights"], (2, *w.shape)),
            np.stack([half[1] for half in halves]),
        ),
        "bias gradient": (("batch_grads", fields["grad_bias"], grad_b.shape), grad_b),
    }
    stages = [
        "pack_transposed",
        "transposed_fwd",
        "conv_mask",
        "transposed_data",
        "transposed_weights",
    ]
    return Case(m, [("conv", fields)], stages, expected, 0.0, n * x[0].size * taps * oc)


def dense(rng, inputs, outputs, n=5, activation="relu", wide=False, draw=integers):
    """A dense layer and its gradients; `wide`: over the whole batch, those of the weights in two groups of samples."""
    m, groups = Memory(samples=n), 2 if wide else 1
    x, w, b = draw(rng, (n, 1, 1, inputs)), draw(rng, (inputs, outputs)), draw(rng, (outputs,))
    z = oracle.dense(x.reshape(n, -1), w, b)
    y = _activated(z, activation)
    grad = draw(rng, y.shape)
    grad_z = oracle.activation_backward(grad, z, activation)
    grad_x = oracle.dense_backward(grad_z, x[:, 0, 0], w)[0]
    parts = [slice(n * i // groups, n * (i + 1) // groups) for i in range(groups)]
    sums = [oracle.dense_backward(grad_z[part], x[part, 0, 0], w) for part in parts]
    line = _round_up(outputs, 16)  # of the bias of a group
    grad_b = np.full((groups, line), np.nan)
    grad_b[:, :outputs] = [part[2] for part in sums]
    fields = dict(
        src=m.map(x),
        dst=m.blank(n, 1, 1, outputs),
        grad_src=m.blank(n, 1, 1, inputs),
        grad_dst=m.map(grad.reshape(n, 1, 1, -1)),
        activation=ACTIVATIONS.index(activation),
        weights=m.params.reserve(w),
        bias=m.params.reserve(b),
        packed=m.pack(inputs * _round_up(outputs, COLUMNS)),
        packed_grad=m.pack(outputs * _round_up(inputs, COLUMNS)),
        data_gradient=1,
        grad_weights=m.batch_grads.reserve(np.full((groups, *w.shape), np.nan)),
        grad_bias=m.batch_grads.reserve(np.full((groups, line), np.nan)),
        block_inputs=COLUMNS,
        weights_groups=groups,
        weights_group=w.size,
        weights_rows=13,
        weights_columns=COLUMNS,
    )
    pack = ["pack_dense"] if outputs > 1 else []
    forward, data = ("dense_wide_fwd", "dense_wide_grad") if wide else ("dense_fwd", "dense_bwd")
    stages = [*pack, forward, "dense_mask", data, "dense_weights"]
    expected = {
        "output": (fields["dst"], y.reshape(n, 1, 1, -1)),
        "data gradient": (fields["grad_src"], grad_x.reshape(x.shape)),
        "weight gradient": (
            ("batch_grads", fields["grad_weights"], (groups, *w.shape)),
            np.stack([part[1] for part in sums]),
        ),
        "bias gradient": (("batch_grads", fields["grad_bias"], grad_b.shape), grad_b),
    }
    tolerance = 0.0 if draw is integers else 2e-5
    return Case(m, [("dense", fields)], stages, expected, tolerance, n * w.size)


def pool2d(rng, kind, c, size=(5, 6), window=(3, 2), stride=(2, 1), pads=((1, 1), (0, 1)), n=2):
    """A pooling that is not fused, and its gradient; ties and NaN abound."""
    m = Memory(samples=n)
    x = integers(rng, (n, *size, c))
    if kind == "max":
        x[rng.random(x.shape) < 0.05] = np.nan
        y, _ = oracle.max_pool2d(x, window, stride, pads)
    else:
        y = oracle.avg_pool2d(x, window, stride, pads)
    grad = integers(rng, y.shape)
    backward = oracle.max_pool2d_backward if kind == "max" else oracle.avg_pool2d_backward
    step = _round_up(4 * int(y[0].size), 64)
    fields = dict(
        src=m.map(x),
        dst=m.blank(n, *y.shape[1:], HALO),
        grad_src=m.blank(n, *x.shape[1:]),
        grad_dst=m.map(grad),
        kh=window[0],
        kw=window[1],
        sh=stride[0],
        sw=stride[1],
        pt=pads[0][0],
        pl=pads[1][0],
        winners=m.bytes(step * n),
        winners_sample=step,
    )
    expected = {
        "output": (fields["dst"], y),
        "data gradient": (fields["grad_src"], backward(grad, x, window, stride, pads)),
    }
    stages = [f"{kind}pool_fwd", f"{kind}pool_bwd"]
    return Case(m, [("pool", fields)], stages, expected, 0.0 if kind == "max" else 1e-6)


def batchnorm(rng, c, size=(5, 6), n=3, activation="relu", pool=(1, 1), frozen=False):
    """A batch norm in training, and its gradients."""
    m = Memory(samples=n)
    x = normals(rng, (n, *size, c))
    gamma, beta, mean = (normals(rng, (c,)) for _ in range(3))
    variance = np.abs(normals(rng, (c,))) + np.float32(0.5)
    known = (mean, variance) if frozen else oracle.batch_statistics(x)
    normed = oracle.batch_norm(x, gamma, beta, *known, 1e-5)
    oh, ow = (size[i] // pool[i] * pool[i] for i in range(2))
    pooled, _ = oracle.max_pool2d(normed[:, :oh, :ow], pool)
    y = _activated(pooled, activation)
    grad = normals(rng, y.shape)
    lane, step = 8 * 2 * c, _round_up(5 * int(y[0].size), 64)
    fields = dict(
        src=m.map(x, HALO),
        dst=m.blank(n, *y.shape[1:], HALO),
        grad_src=m.blank(n, *x.shape[1:]),
        grad_dst=m.map(grad),
        pool_h=pool[0],
        pool_w=pool[1],
        activation=ACTIVATIONS.index(activation),
        gamma=m.params.reserve(gamma),
        beta=m.params.reserve(beta),
        mean=m.params.reserve(mean),
        variance=m.params.reserve(variance),
        grad_gamma=m.batch_grads.reserve(np.zeros(c)),
        grad_beta=m.batch_grads.reserve(np.zeros(c)),
        statistics=m.bytes(lane + 4 * 6 * c),
        statistics_lane=lane,
        momentum=0.9,
        epsilon=1e-5,
    )
    if pool != (1, 1):
        fields.update(winners=m.bytes(step * n), winners_sample=step)
    m.unchecked.append((fields["statistics"], lane // 4))  # sums in double
    through = oracle.activation_backward(grad, pooled, activation)
    grad_y = np.zeros(x.shape)
    grad_y[:, :oh, :ow] = oracle.max_pool2d_backward(through, normed[:, :oh, :ow], pool)
    expected = {"output": (fields["dst"], y)}
    if frozen:
        stages = ["pack_batchnorm", "batchnorm_fwd", "batchnorm_sums", "batchnorm_bwd"]
        data = grad_y * gamma / np.sqrt(variance + 1e-5)
    else:
        stages = ["batchnorm_stats", "batchnorm_finish", "batchnorm_fwd"]
        stages += ["batchnorm_sums", "batchnorm_grad_finish", "batchnorm_bwd"]
        data, by_gamma, by_beta = oracle.batch_norm_training_backward(grad_y, x, gamma, 1e-5)
        expected |= {
            "gradient of gamma": (("batch_grads", fields["grad_gamma"], (c,)), by_gamma),
            "gradient of beta": (("batch_grads", fields["grad_beta"], (c,)), by_beta),
        }
    expected["data gradient"] = (fields["grad_src"], data)
    return Case(m, [("batchnorm", fields)], stages, expected, 3e-5)


def batchnorm_predict(rng, c, size=(5, 6), n=2, pool=(1, 1)):
    """A batch norm by its running statistics."""
    case = batchnorm(rng, c, size, n, "linear", pool, frozen=True)
    case.stages = ["batchnorm_predict"]
    del case.expected["data gradient"]
    return case


def groupnorm(rng, c, groups, size=(4, 5), n=3):
    """Normalization over groups of channels, and its gradients."""
    m = Memory(samples=n)
    x, grad = normals(rng, (n, *size, c)), normals(rng, (n, *size, c))
    gamma, beta = normals(rng, (c,)), normals(rng, (c,))
    step = _round_up(12 * groups, 64)
    fields = dict(
        src=m.map(x, HALO),
        dst=m.blank(n, *size, c, HALO),
        grad_src=m.blank(n, *size, c),
        grad_dst=m.map(grad),
        groups=groups,
        gamma=m.params.reserve(gamma),
        beta=m.params.reserve(beta),
        grad_gamma=m.lane_grads.reserve(np.zeros(c)),
        grad_beta=m.lane_grads.reserve(np.zeros(c)),
        data_gradient=1,
        statistics=m.bytes(step * n),
        statistics_sample=step,
        epsilon=1e-3,
    )
    m.unchecked.append((fields["statistics"], step * n // 4))  # what rounding leaves of the mean
    data, by_gamma, by_beta = oracle.group_norm_backward(grad, x, gamma, groups, 1e-3)
    expected = {
        "output": (fields["dst"], oracle.group_norm(x, gamma, beta, groups, 1e-3)),
        "data gradient": (fields["grad_src"], data),
        "gradient of gamma": (("lane_grads", fields["grad_gamma"], (c,)), by_gamma),
        "gradient of beta": (("lane_grads", fields["grad_beta"], (c,)), by_beta),
    }
    stages = ["groupnorm_fwd", "groupnorm_bwd"]
    return Case(m, [("groupnorm", fields)], stages, expected, 5e-6)


def lrn(rng, c, beta=0.75, size=4, shape=(3, 5), n=2):
    """Local response normalization, and its gradient."""
    m = Memory(samples=n)
    x, grad = normals(rng, (n, *shape, c), 2.0), normals(rng, (n, *shape, c))
    fields = dict(
        src=m.map(x, HALO),
        dst=m.blank(n, *shape, c, HALO),
        grad_src=m.blank(n, *shape, c),
        grad_dst=m.map(grad),
        left=min(c - 1, size // 2),
        right=min(c - 1, (size - 1) // 2),
        scale=3.0 / size,
        beta=beta,
        k=0.5,
    )
    constants = (size, 3.0, beta, 0.5)
    expected = {
        "output": (fields["dst"], oracle.lrn(x, *constants)),
        "data gradient": (fields["grad_src"], oracle.lrn_backward(grad, x, *constants)),
    }
    return Case(m, [("lrn", fields)], ["lrn_fwd", "lrn_bwd"], expected, 3e-6)


def activation(rng, name, size=(3, 5, 7), n=2):
    """An activation by itself, over the range of float32."""
    m = Memory(samples=n)
    z = normals(rng, (n, *size), 4.0)
    z.flat[:6] = [0.0, -0.0, 90.0, -90.0, 1e-30, 20.0]
    y, grad = _activated(z, name), normals(rng, z.shape)
    kept = y if name in FROM_OUTPUT else z  # what the derivative follows from
    slope = oracle.activation_backward(grad, z, name)
    fields = dict(
        src=m.map(z, HALO),
        dst=m.blank(n, *size, HALO),
        grad_src=m.blank(n, *size),
        grad_dst=m.map(grad),
        activation=ACTIVATIONS.index(name),
    )
    assert kept.shape == z.shape
    expected = {"output": (fields["dst"], y), "data gradient": (fields["grad_src"], slope)}
    stages = ["activation_fwd", "activation_bwd"]
    return Case(m, [("activation", fields)], stages, expected, 2e-6)


def prelu(rng, c, size=(3, 5), n=3):
    """A rectifier with a slope of each channel, and its gradients."""
    m = Memory(samples=n)
    z, grad = (integers(rng, (n, *size, c)) for _ in range(2))
    alpha = integers(rng, (c,)) / np.float32(4)
    data, by_alpha = oracle.prelu_backward(grad, z, alpha)
    fields = dict(
        src=m.map(z, HALO),
        dst=m.blank(n, *size, c, HALO),
        grad_src=m.blank(n, *size, c),
        grad_dst=m.map(grad),
        alpha=m.params.reserve(alpha),
        grad_alpha=m.lane_grads.reserve(np.zeros(c)),
        data_gradient=1,
    )
    expected = {
        "output": (fields["dst"], oracle.prelu(z, alpha)),
        "data gradient": (fields["grad_src"], data),
        "gradient of alpha": (("lane_grads", fields["grad_alpha"], (c,)), by_alpha),
    }
    return Case(m, [("prelu", fields)], ["prelu_fwd", "prelu_bwd"], expected)


def softmax(rng, c, size=(3, 5), n=2):
    """A softmax over the channels, and its gradient."""
    m = Memory(samples=n)
    z, grad = normals(rng, (n, *size, c), 4.0), normals(rng, (n, *size, c))
    z[0, 0, 0, 0] = 300.0
    fields = dict(
        src=m.map(z, HALO),
        dst=m.blank(n, *size, c, HALO),
        grad_src=m.blank(n, *size, c),
        grad_dst=m.map(grad),
    )
    expected = {
        "output": (fields["dst"], oracle.softmax(z)),
        "data gradient": (fields["grad_src"], oracle.softmax_backward(grad, z)),
    }
    return Case(m, [("softmax", fields)], ["softmax_fwd", "softmax_bwd"], expected, 2e-6)


def fork(rng, c, size=(3, 5), n=2):
    """The gradient of a fork: the sum of those of its two readers."""
    m = Memory(samples=n)
    a, b = (integers(rng, (n, *size, c)) for _ in range(2))
    fields = dict(
        src=m.blank(n, *size, c, HALO),
        grad_src=m.map(a),
        grad_other=m.map(b),
    )
    expected = {"gradient": (fields["grad_src"], oracle.f64(a) + b)}
    return Case(m, [("branch", fields)], ["fork_bwd"], expected)


def merge(
    rng, kind, c, size=(3, 5), n=2, *, activation="relu", flat=False, wanted=("src", "other")
):
    """Two maps merged value by value, and the gradients; `flat`: the second has one value for each channel."""
    m = Memory(samples=n)
    a, grad = (integers(rng, (n, *size, c)) for _ in range(2))
    b = integers(rng, (n, c) if flat else a.shape)
    fields = dict(
        src=m.map(a, HALO),
        other=m.map(b[:, None, None] if flat else b),
        dst=m.blank(n, *size, c, HALO),
        grad_src=m.blank(n, *size, c),
        grad_other=m.blank(n, *((1, 1) if flat else size), c),
        grad_dst=m.map(grad),
        activation=ACTIVATIONS.index(activation),
    )
    if kind == "mean":
        fields["scale"] = 0.5
    if kind in ("multiply", "max"):
        fields |= dict(
            by_channel=int(flat), **{f"wants_{s}": int(s in wanted) for s in ("src", "other")}
        )
    z = oracle.merge([a, b], kind)
    grads = oracle.merge_backward(oracle.activation_backward(grad, z, activation), [a, b], kind)
    expected = {"output": (fields["dst"], _activated(z, activation))}
    for side, value in zip(("src", "other"), grads, strict=True):
        shape = fields[f"grad_{side}"]
        if side in wanted:
            value = value[:, None, None] if side == "other" and flat else value
            expected[f"gradient by {side}"] = (shape, value)
    stage = {"add": "add", "mean": "add", "multiply": "multiply", "max": "maximum"}[kind]
    return Case(m, [("branch", fields)], [f"{stage}_fwd", f"{stage}_bwd"], expected)


def concat(rng, c, size=(3, 5), n=2, before=2, after=3):
    """A map copied between the other channels of its output, which stay as they are, and its gradient."""
    m = Memory(samples=n)
    part = integers(rng, (n, *size, c))
    joined = np.full((n, *size, before + c + after), np.nan)
    grad = integers(rng, joined.shape)
    joined[..., before : before + c] = part
    fields = dict(
        src=m.map(part, (1, 0, 0, 2)),
        dst=m.blank(*joined.shape, HALO),
        grad_src=m.blank(*part.shape),
        grad_dst=m.map(grad),
        first_channel=before,
    )
    expected = {
        "output": (fields["dst"], joined),
        "gradient": (fields["grad_src"], grad[..., before : before + c]),
    }
    return Case(m, [("branch", fields)], ["concat_fwd", "concat_bwd"], expected)


def pad(rng, c, size=(3, 5), pads=((1, 2), (0, 3)), n=2):
    """Zeros around a map, and their gradient."""
    m = Memory(samples=n)
    x = integers(rng, (n, *size, c))
    y = oracle.pad(x, pads)
    grad = integers(rng, y.shape)
    fields = dict(
        src=m.map(x, HALO),
        dst=m.blank(n, *y.shape[1:], HALO),
        grad_src=m.blank(n, *x.shape[1:]),
        grad_dst=m.map(grad),
        pt=pads[0][0],
        pl=pads[1][0],
    )
    expected = {
        "output": (fields["dst"], y),
        "data gradient": (fields["grad_src"], oracle.unpad(grad, pads)),
    }
    return Case(m, [("pad", fields)], ["zeropad_fwd", "zeropad_bwd"], expected)


def dropout(rng, c, size=(3, 5), n=3, prefix=""):
    """Dropout: its mask is the same in every table."""
    m = Memory(samples=n, context={"random": (7, 3), "sample_ids": (np.arange(5, 5 + n),)})
    ones = np.ones((n, *size, c), np.float32)
    fields = dict(
        src=m.map(ones, HALO),
        dst=m.blank(n, *size, c, HALO),
        grad_src=m.blank(n, *size, c),
        grad_dst=m.map(ones),
        key=4,
        rate=0.3,
    )
    stages = [f"{prefix}dropout_fwd", f"{prefix}dropout_bwd"]
    return Case(m, [("dropout", fields)], stages)


def _input(rng, shape, dtype):
    return rng.integers(0, 4, shape).astype(dtype)


def affine(rng, c, size=(3, 9), n=2, normalize=True, entry=False):
    """Channels shifted and scaled, of a map or of X."""
    m = Memory(samples=n)
    x, grad = _input(rng, (n, *size, c), np.uint8), integers(rng, (n, *size, c))
    if entry:
        m.context["input"] = (x, 1.0)
    values = min(size[1], -(-512 // c)) * c
    fields = dict(
        src=m.map(x, HALO),
        dst=m.blank(n, *size, c, HALO),
        grad_src=m.blank(n, *size, c),
        grad_dst=m.map(grad),
        packed=m.pack(2 * _round_up(values, 16)),
        table_values=values,
        epsilon=1e-7,
    )
    if normalize:
        mean, deviation = normals(rng, (c,)), np.abs(normals(rng, (c,))) + np.float32(0.5)
        fields |= dict(mean=m.params.reserve(mean), deviation=m.params.reserve(deviation))
        y = oracle.normalize(x, mean, deviation)
        grad_x = oracle.normalize_backward(grad, deviation)
    else:
        fields |= dict(scale=0.25, offset=-1.0)
        y, grad_x = oracle.rescale(x, 0.25, -1.0), oracle.rescale_backward(grad, 0.25)
    stages = ["pack_affine", "affine_input" if entry else "affine_fwd", "affine_bwd"]
    expected = {"output": (fields["dst"], y), "data gradient": (fields["grad_src"], grad_x)}
    return Case(m, [("affine", fields)], stages, expected, 1e-6)


def resize(rng, c, size=(5, 7), to=(3, 9), n=2, method="area", entry=False):
    """A map of another size, from a map or from X."""
    m = Memory(samples=n)
    x, grad = _input(rng, (n, *size, c), np.uint8), integers(rng, (n, *to, c))
    if entry:
        m.context["input"] = (x, 1.0)
    most = {"area": [min(a, -(-a // b) + 1) for a, b in zip(size, to, strict=True)]}
    most |= {"bilinear": (2, 2), "nearest": (1, 1)}
    tables = sum(
        _round_up(2 * o, 16) + _round_up(o * t, 16) for o, t in zip(to, most[method], strict=True)
    )
    fields = dict(
        src=m.map(x, HALO),
        dst=m.blank(n, *to, c, HALO),
        grad_src=m.blank(n, *size, c),
        grad_dst=m.map(grad),
        packed=m.pack(tables),
        taps_h=most[method][0],
        taps_w=most[method][1],
        method_h=RESIZING.index(method),
        method_w=RESIZING.index(method),
    )
    methods = (method, method)
    expected = {
        "output": (fields["dst"], oracle.resize(x, to, methods)),
        "data gradient": (fields["grad_src"], oracle.resize_backward(grad, x, methods)),
    }
    stages = ["pack_resize", "resize_input" if entry else "resize_fwd", "resize_bwd"]
    return Case(m, [("resize", fields)], stages, expected, 2e-6)


def transfer(rng, c, size=(3, 5), n=3, dtype="u1", strided=False):
    """Rows of X into the arena, and back out; the gradient out."""
    m = Memory(samples=n)
    whole = _input(rng, (n + 2, *size, 2 * c if strided else c), dtype)
    x = whole[..., ::2] if strided else whole
    rows = np.array([*range(n)], np.int64)[::-1].copy() + 1
    m.context["input"] = (x, 0.5, rows)
    m.out = n * int(np.prod(size)) * c
    place = m.blank(n, *size, c, HALO)
    fields = dict(src=place, dst=place, grad_src=place, grad_dst=place)
    values = oracle.convert(x, 0.5)[rows]
    expected = {"map": (place, values), "output": (("out", 0, values.shape), values)}
    return Case(m, [("maps", fields)], ["input", "halo", "output"], expected)


def gradients(rng, c, size=(3, 5), n=3):
    """Gradients from the caller, and back to it."""
    m = Memory(samples=n)
    grad = integers(rng, (n, *size, c))
    m.context["gradient"] = (grad.reshape(-1),)
    m.out = grad.size
    place = m.blank(n, *size, c, HALO)
    fields = dict(src=place, dst=place, grad_src=place, grad_dst=place)
    expected = {"map": (place, grad), "output": (("out", 0, grad.shape), grad)}
    return Case(m, [("maps", fields)], ["gradient_in", "gradient_out"], expected)


def augment(rng, c, size=(6, 7), n=4, fill="reflect"):
    """Images changed at random: all tables draw the same numbers."""
    m = Memory(samples=n)
    transforms = [("flip", 0.5, 0.5), ("rotation", 0.3, 0.0), ("zoom", 0.2, 0.0)]
    transforms += [("resized", 0.3, 1.0, -0.3, 0.3)]
    transforms += [("contrast", 0.2, 0.0), ("brightness", 0.1, 0.0), ("cutout", 2.0, 3.0)]
    if c == 3:
        transforms += [("saturation", 0.5, 0.0), ("hue", 0.2, 0.0)]
    m.context |= {
        "input": (_input(rng, (n, *size, c), np.uint8), 1.0),
        "augmentation": (transforms, fill),
        "random": (3, 1),
    }
    place = m.blank(n, *size, c, HALO)
    fields = dict(src=place, dst=place, grad_src=place, grad_dst=place)
    return Case(m, [("maps", fields)], ["augment"], tolerance=1e-4)


def mix(rng, c, size=(6, 7), n=6):
    """Images mixed with each other, some by each transform: all tables draw the same numbers."""
    case = augment(rng, c, size, n)
    transforms, fill = case.memory.context["augmentation"]
    transforms = [*transforms, ("mixup", 1.0), ("cutmix", 1.0, *map(float, size))]
    case.memory.context["augmentation"] = (transforms, fill)
    case.stages.append("mix")
    return case


def loss(rng, name, outputs, n=5, mixed=False):
    """A loss and its gradient. With `mixed`, targets are mixed; the float64 definition is in test_mix_kernels.py."""
    m = Memory(samples=n)
    z = normals(rng, (n, 1, 1, outputs), 3.0)
    weight = rng.random(n).astype(np.float32) + np.float32(0.1)
    smoothing = 0.1 if name in ("softmax", "sigmoid") else 0.0
    total = float(weight.sum(dtype=np.float64))
    if name == "softmax":
        y = rng.integers(0, outputs, n).astype(np.int32)
        m.context["classes"] = (y,)
    else:
        y = rng.random((n, outputs)).astype(np.float32)
        m.context["targets"] = (y,)
    m.context |= {"sample_weight": (weight, total), "smoothing": (smoothing,)}
    _, grad = oracle_training.LOSSES[name](z[:, 0, 0], y, weight, smoothing)
    fields = dict(src=m.map(z), grad_src=m.blank(n, 1, 1, outputs))
    expected = {"gradient": (fields["grad_src"], grad.reshape(z.shape))}
    if mixed:
        m.context |= {"augmentation": ([("mixup", 0.5)], "nearest"), "random": (3, 1)}
        expected = {}
    return Case(m, [("maps", fields)], [f"loss_{name}"], expected, 2e-6)


def update(rng, solver, count, max_norm=0.0):
    """A step of a solver over one array, with the gradient's norm clipped before and the weights' after."""
    m = Memory()
    columns = 7 if count % 7 == 0 else 1
    w, g = normals(rng, (count,)), normals(rng, (count,))
    offset, blocks = m.params.reserve(w), -(-count // 4096)
    size = m.params.floats
    moments = [np.abs(normals(rng, (size,))) for _ in range(2)]
    constants = dict(learning_rate=0.1, base_rate=0.1, alpha=0.01, momentum=0.9, nesterov=True)
    constants |= dict(beta_1=0.9, beta_2=0.999, epsilon=1e-8)
    m.context |= {
        "optimizer": (moments, constants),
        "clipping": (0.5, np.zeros(1 + blocks)),
        "sample_weight": (None, 4.0),
    }
    m.out = size
    fields = dict(
        weights=offset,
        count=count,
        columns=columns,
        gradient=m.lane_grads.reserve(g),
        by_lanes=1,
        decay=1,
        max_norm=0.3,
        rate_factor=0.5,
    )
    last = [f"update_{solver}", "max_norm"] if solver else ["reduce"]
    return Case(m, [("update", fields)], ["gradient_norm", "clip", *last], tolerance=1e-5)


def cases(seed=0):
    """All cases: {name: function that makes the case}."""
    found = {}

    def add(name, make, *arguments, **options):
        found[name] = lambda: make(np.random.default_rng(seed), *arguments, **options)

    forward = dict(backward=False)
    for c, oc in zip(CHANNELS, CHANNELS[::-1], strict=True):
        add(f"conv2d {c} to {oc}", conv, "direct", c, oc)
        wide = dict(by_columns=True, **forward)
        add(f"wide conv2d {c} to {oc}", conv, "direct", c, oc, **wide)
        add(f"transposed {c} to {oc}", transposed, c, oc)
        add(f"dense {c} to {oc}", dense, c, oc)
        add(f"wide dense {c} to {oc}", dense, c, oc, n=15, wide=True)
        if c > 1:
            add(f"depthwise {c}", conv, "depthwise", c, c, groups=c, size=(5, 11))
        for width in (1, 3, 17):
            add(f"conv2d {c}, slice, {width}", conv, "direct", 3, c, around=(width, 2), **forward)
        pooled = dict(around=(5, 1), pool=(2, 2), size=(6, 9))
        add(f"conv2d {c}, pooled slice", conv, "direct", 3, c, **pooled, **forward)
        add(f"wide conv2d {c}, slice", conv, "direct", 3, c, around=(1, 6), **wide)
    for c in CHANNELS:
        add(f"conv2d pooled {c}", conv, "direct", 3, c, pool=(2, 2), size=(6, 9))
        for kind in ("max", "avg"):
            add(f"{kind} pool {c}", pool2d, kind, c)
        for window in ((1, 1), (2, 2), (2, 3)):
            add(f"batchnorm {c}, pool {window}", batchnorm, c, pool=window)
        add(f"batchnorm predict {c}", batchnorm_predict, c, pool=(2, 2))
        add(f"frozen batchnorm {c}", batchnorm, c, frozen=True)
        add(f"fork {c}", fork, c)
        for kind in ("add", "mean", "multiply", "max"):
            add(f"{kind} {c}", merge, kind, c)
            add(f"{kind} {c}, linear", merge, kind, c, activation="linear")
        for side in ("src", "other"):
            add(
                f"multiply {c} flat, {side} wanted", merge, "multiply", c, flat=True, wanted=(side,)
            )
            add(f"max {c}, {side} wanted", merge, "max", c, wanted=(side,))
        add(f"multiply {c} flat", merge, "multiply", c, flat=True)
        add(f"concat {c}", concat, c)
        for groups in sorted({1, c, next(d for d in (4, 3, 2, 1) if c % d == 0)}):
            add(f"groupnorm {c} in {groups}", groupnorm, c, groups)
        for beta in (0.75, 0.5, 1.0, 0.6):
            add(f"lrn {c}, {beta=}", lrn, c, beta)
        add(f"prelu {c}", prelu, c)
        add(f"softmax layer {c}", softmax, c)
        add(f"pad {c}", pad, c)
        add(f"dropout {c}", dropout, c, size=(2, 33))
        add(f"channel dropout {c}", dropout, c, prefix="channel_")
        add(f"sample dropout {c}", dropout, c, n=9, prefix="sample_")
        for entry in (False, True):
            add(f"normalize {c}, {entry=}", affine, c, entry=entry)
            add(f"rescale {c}, {entry=}", affine, c, normalize=False, entry=entry)
            for method in RESIZING:
                add(f"resize {c} {method}, {entry=}", resize, c, method=method, entry=entry)
        add(f"gradients {c}", gradients, c)
        add(f"augment {c}", augment, c)
        add(f"mix {c}", mix, c)
        for name in LOSSES:
            add(f"{name} {c}", loss, name, max(c, 2))
            add(f"{name} {c}, mixed", loss, name, max(c, 2), mixed=True)
    for width in PIXELS:
        add(f"conv2d {width} pixels", conv, "direct", 5, 6, size=(1, width), kernel=(1, 3))
        add(f"planar {width} pixels", conv, "planar", 2, 3, size=(4, width))
        add(f"depthwise {width} pixels", conv, "depthwise", 5, 5, groups=5, size=(2, width))
        add(f"dense {width} rows", dense, 9, 17, n=width)
        add(f"wide dense {width} rows", dense, 33, 31, n=width, wide=True)
    for c in range(1, 9):
        add(f"planar {c} to {9 - c}", conv, "planar", c, 9 - c)
        add(f"planar pooled {c}", conv, "planar", c, c, pool=(2, 2), size=(6, 37))
    for width in (4, 5, 7, 8, 13):
        add(f"winograd {width}", conv, "winograd", 16, 32, size=(6, width))
        add(
            f"winograd gradient by blocks {width}",
            conv,
            "winograd",
            48,
            80,
            size=(6, width),
            by_blocks=True,
            n=3,
        )
        add(f"winograd pooled {width}", conv, "winograd", 48, 16, size=(9, width), pool=(2, 2))
        around = dict(around=(3, 18), **forward)
        add(f"winograd slice {width}", conv, "winograd", 48, 20, size=(6, width), **around)
        pooled = dict(pool=(2, 2), **around)
        add(f"winograd pooled slice {width}", conv, "winograd", 48, 16, size=(9, width), **pooled)
        around = dict(around=(3, 18), **wide)
        add(f"wide winograd slice {width}", conv, "winograd", 48, 80, size=(6, width), **around)
        add(f"wide winograd {width}", conv, "winograd", 48, 80, size=(6, width), **wide)
    for c, oc in (
        (8, 9),
        (9, 8),
        (10, 20),
        (13, 15),
        (16, 17),
        (20, 50),
        (24, 24),
        (33, 12),
        (47, 31),
    ):
        for side in (3, 5):
            sides = dict(kernel=(side, side), pads=((side - 1, side - 2),) * 2)
            add(f"winograd {side}x{side} {c} to {oc}", conv, "winograd", c, oc, **sides)
            blocks = sides | dict(by_blocks=True, n=3)
            add(f"winograd {side}x{side} by blocks {c}", conv, "winograd", 2 * c, 2 * oc, **blocks)
    for width in (2, 5, 6, 7, 9):
        five = dict(kernel=(5, 5), pads=((2, 2), (2, 2)))
        add(f"winograd 5x5 {width}", conv, "winograd", 16, 32, size=(5, width), **five)
        add(
            f"winograd 5x5 gradient by blocks {width}",
            conv,
            "winograd",
            50,
            40,
            size=(5, width),
            by_blocks=True,
            n=3,
            **five,
        )
        add(
            f"winograd 5x5 pooled {width}",
            conv,
            "winograd",
            20,
            17,
            size=(9, width),
            pool=(2, 2),
            **five,
        )
    for n in (1, 3, 7, 13, 22):  # tiles around the blocks of a task
        add(f"wide winograd of {n}", conv, "winograd", 16, 32, size=(7, 5), n=n, **wide)
        add(f"wide conv2d of {n}", conv, "direct", 5, 70, n=n, kernel=(2, 3), **wide)
    odd = dict(stride=(2, 3), dilation=(2, 1), pads=((2, 1), (0, 2)), size=(9, 10), kernel=(3, 2))
    add("conv2d with strides", conv, "direct", 5, 9, **odd)
    add("gradient by blocks with strides", conv, "direct", 5, 9, by_blocks=True, n=5, **odd)
    for c, oc in ((1, 33), (7, 40), (16, 5)):
        add(
            f"gradient by blocks {c} to {oc}",
            conv,
            "direct",
            c,
            oc,
            by_blocks=True,
            n=4,
            draw=normals,
        )
    add("wide conv2d with strides", conv, "direct", 5, 41, **odd, **wide)
    apart = dict(stride=(3, 2), kernel=(2, 3), dilation=(1, 2), pads=((0, -1), (2, 0)))
    add("transposed with gaps", transposed, 5, 9, **apart)
    add("transposed and cut", transposed, 7, 6, stride=(1, 3), kernel=(4, 5), pads=((3, 2), (4, 1)))
    add("conv2d in groups", conv, "direct", 6, 9, groups=3, **odd)
    add("conv2d in panels", conv, "direct", 66, 70, size=(4, 5))
    # more pixels than a chunk with any instruction set, and weights too many for all columns of a tile
    add("conv2d in chunks", conv, "direct", 33, 36, size=(13, 19), backward=False)
    add("depthwise in slices", conv, "depthwise", 512, 512, groups=512, size=(4, 9))
    add("depthwise with strides", conv, "depthwise", 9, 9, groups=9, **odd)
    for name in ACTIVATIONS:
        add(f"activation {name}", activation, name)
        add(f"wide conv2d {name}", conv, "direct", 5, 37, activation=name, draw=normals, **wide)
        small = dict(
            draw=lambda rng, shape: normals(rng, shape, 0.2)
        )  # so that no tanh amplifies errors
        add(f"wide winograd {name}", conv, "winograd", 32, 48, activation=name, **wide, **small)
        if name in FROM_OUTPUT:
            add(f"conv2d {name}", conv, "direct", 5, 17, activation=name, draw=normals)
    for code in DTYPES:
        for strided in (False, True):
            add(f"input {code}, {strided=}", transfer, 3, dtype=code, strided=strided)
    for fill in FILLS:
        add(f"augment {fill}", augment, 3, fill=fill)
    for solver in (*SOLVERS, None):
        for count in (1, 5, 16, 4095, 4096, 4097, 8190):
            add(f"update {solver} {count}", update, solver, count)
    return found
