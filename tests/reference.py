"""A whole net in float64 NumPy: a list of layers, given weights, forward and backward.

It reads the layers' fields by type and shares nothing with the plan, so that lowering, geometry, naming and
fusion are tested as well as the kernels.
"""

from types import SimpleNamespace

import oracle

from convnet.layers import Conv1D, Conv2D, Dense

STEMS = {
    "Conv2D": "conv", "MaxPool2D": "pool", "AvgPool2D": "pool", "GlobalAvgPool2D": "globalpool",
    "GlobalMaxPool2D": "globalpool", "Dense": "dense", "BatchNorm": "batchnorm", "Dropout": "dropout",
    "Activation": "activation", "ReLU": "activation", "PReLU": "activation", "Flatten": "flatten",
    "Residual": "residual",
    "DepthwiseConv2D": "depthwise", "SeparableConv2D": "separable", "SpatialDropout2D": "dropout",
    "ZeroPad2D": "zeropad", "Conv1D": "conv", "MaxPool1D": "pool", "AvgPool1D": "pool",
    "GlobalAvgPool1D": "globalpool", "GlobalMaxPool1D": "globalpool", "Rescale": "rescale",
    "Normalize": "normalize", "Resize": "resize", "UpSample1D": "upsample", "UpSample2D": "upsample",
    "Parallel": "parallel",
    "GroupNorm": "groupnorm", "Conv1DTranspose": "convtranspose", "Conv2DTranspose": "convtranspose",
    "LRN": "lrn",
}  # fmt: skip


WINDOW = ("kernel_size", "stride", "dilation", "pool_size")  # fields with a number for each axis


def pair(value):
    return tuple(value) if isinstance(value, tuple | list) else (value, value)


def explicit_pads(padding, size, kernel, stride, dilation=(1, 1)):
    """Return any padding that a layer accepts as ((top, bottom), (left, right))."""
    if padding == "valid":
        return oracle.NO_PADDING
    if padding == "same":
        return tuple(map(oracle.same_pads, size, kernel, stride, dilation))
    return tuple(pair(p) for p in pair(padding))


def transposed_crops(sizes, kernel, stride, dilation, padding, output_padding):
    """Return what a transposed convolution cuts off its output; Keras's rules for words, PyTorch's for numbers."""
    crops = []
    extra = (None, None) if output_padding is None else pair(output_padding)
    for axis, (n, k, s, d) in enumerate(zip(sizes, kernel, stride, dilation, strict=True)):
        reach = (n - 1) * s + d * (k - 1) + 1
        if isinstance(padding, str):
            if extra[axis] is None:
                size = n * s + (max(d * (k - 1) + 1 - s, 0) if padding == "valid" else 0)
            else:
                size = reach - 2 * (padding == "same") * ((d * (k - 1) + 1) // 2) + extra[axis]
            before = max(reach - size, 0) // 2
            crops.append((before, reach - size - before))
        else:
            before, after = pair(pair(padding)[axis])
            crops.append((before, after - (extra[axis] or 0)))
    return tuple(crops)


def named(layers, prefix=""):
    """Return (type, layer, name) of each layer; the names of inner layers start with the outer layer's name."""
    counts, found = {}, []
    for layer in layers:
        kind = type(layer).__name__
        stem = STEMS[kind]
        if layer.name is None:
            counts[stem] = counts.get(stem, 0) + 1
        found.append((kind, layer, prefix + (layer.name or f"{stem}{counts[stem]}")))
    return found


class Reference:
    """Computes forward, forward_training and backward from `parameters`, a dict of arrays by parameter name."""

    def __init__(self, layers, parameters):
        self.layers = named(layers)
        self.parameters = {k: oracle.f64(v) for k, v in parameters.items()}

    def forward(self, x):
        """Predict, with running statistics and without dropout."""
        return self._run(oracle.f64(x), training=False, masks={})

    def forward_training(self, x, masks=None):
        """Run the training pass, with batch statistics.

        `masks` maps the name of each dropout layer to its 0/1 mask, and that of a Residual with drop_path to one value
        for each sample.
        """
        return self._run(oracle.f64(x), training=True, masks=masks or {})

    def backward(self, grad):
        """Return the gradient with respect to the input, and the gradients by parameter name."""
        gradients = {}
        grad = oracle.f64(grad)
        return self._back(self._tape, grad, gradients), gradients

    def _run(self, x, training, masks):
        self._tape = []
        return self._chain(x, self.layers, training, masks)

    def _chain(self, x, layers, training, masks):
        for kind, layer, name in layers:
            x = getattr(self, f"_{kind.lower()}")(x, layer, name, training, masks)
        return x

    def _back(self, tape, grad, gradients):
        for step in reversed(tape):
            grad = step(grad, gradients)
        return grad

    def _branches(self, x, branches, training, masks):
        """Return the output of each branch, and a function from their gradients to that of x.

        `branches` lists (layers, prefix of their names). Each branch has its own tape.
        """
        outer, ends, tapes = self._tape, [], []
        for layers, prefix in branches:
            self._tape = []
            ends.append(self._chain(x, named(layers, prefix), training, masks))
            tapes.append(self._tape)
        self._tape = outer

        def back(grads, gradients):
            pairs = zip(tapes, grads, strict=True)
            return sum(self._back(tape, grad, gradients) for tape, grad in pairs)

        return ends, back

    def _residual(self, x, layer, name, training, masks):
        """Return activation(body(x) + shortcut(x))."""
        shortcut, prefix = layer.shortcut or (), f"{name}/shortcut/"
        if f"{name}/shortcut/weights" in self.parameters:
            weights = self._parameter(name, "shortcut/weights")
            shape = self._branches(x, [(layer.layers, f"{name}/")], False, masks)[0][0].shape
            stride = tuple(-(-n // m) for n, m in zip(x.shape[1:-1], shape[1:-1], strict=True))
            kinds = {
                2: Dense(1),
                3: Conv1D(1, 1, stride=stride[0] if stride else 1),
                4: Conv2D(1, 1, stride=stride if len(stride) == 2 else 1),
            }
            assert weights.shape[-1] == shape[-1]
            shortcut, prefix = [kinds[x.ndim].replace(name="shortcut")], f"{name}/"
        branches = [(layer.layers, f"{name}/"), (shortcut, prefix)]
        kept = 1.0
        if training and layer.drop_path:
            kept = masks[name].reshape(-1, *[1] * (x.ndim - 1)) / (1 - layer.drop_path)
        return self._merge("add", x, branches, layer, name, training, masks, kept)

    def _parallel(self, x, layer, name, training, masks):
        branches = [(branch, f"{name}/{i}/") for i, branch in enumerate(layer.branches)]
        return self._merge(layer.merge, x, branches, layer, name, training, masks)

    def _merge(self, merge, x, branches, layer, name, training, masks, kept=1.0):
        """Merge the ends of the branches, the first of which is multiplied by `kept`."""
        ends, back = self._branches(x, branches, training, masks)
        ends = [kept * ends[0], *ends[1:]]
        z = oracle.merge(ends, merge)

        out, through = self._activated(z, layer.activation, name)

        def step(grad, gradients):
            grad = through(grad, gradients)
            first, *others = oracle.merge_backward(grad, ends, merge)
            return back([kept * first, *others], gradients)

        self._tape.append(step)
        return out

    def _activated(self, z, function, name):
        """Return function(z), and the function from the gradient by it to that by z."""
        if function == "softmax":
            return oracle.softmax(z), lambda grad, _: oracle.softmax_backward(grad, z)
        if function == "prelu":
            alpha = self._parameter(name, "alpha")

            def step(grad, gradients):
                grad, gradients[f"{name}/alpha"] = oracle.prelu_backward(grad, z, alpha)
                return grad

            return oracle.prelu(z, alpha), step
        back = oracle.activation_backward
        return oracle.activation(z, function), lambda grad, _: back(grad, z, function)

    def _parameter(self, name, key):
        return self.parameters.get(f"{name}/{key}")

    def _affine(self, forward, backward, x, layer, name, **options):
        """Compute a convolution or dense layer with its bias and activation."""
        w, b = self._parameter(name, "weights"), self._parameter(name, "bias")
        y, back = self._activated(forward(x, w, b, **options), layer.activation, name)

        def step(grad, gradients):
            grad = back(grad, gradients)
            grad_x, gradients[f"{name}/weights"], grad_b = backward(grad, x, w, **options)
            if b is not None:
                gradients[f"{name}/bias"] = grad_b
            return grad_x

        self._tape.append(step)
        return y

    def _signal(self, x, layer, name, training, masks):
        """Compute a 1-D layer as the 2-D layer of height 1 on a map of height 1."""
        kind = type(layer).__name__.replace("1D", "2D").lower()
        upright = {
            k: (1, v) if isinstance(v, int) and k in WINDOW else v
            for k, v in layer.get_params().items()
        }
        if "padding" in upright and not isinstance(layer.padding, str):
            upright["padding"] = ((0, 0), pair(layer.padding))
        if upright.get("output_padding") is not None:
            upright["output_padding"] = (0, layer.output_padding)
        inner = Reference(
            [], {k: w[None] if w.ndim == 3 else w for k, w in self.parameters.items()}
        )
        inner._tape = []
        y = getattr(inner, f"_{kind}")(
            x[:, None], SimpleNamespace(**upright), name, training, masks
        )

        def step(grad, gradients):
            own = {}
            grad_x = inner._back(inner._tape, grad[:, None] if grad.ndim == 3 else grad, own)
            gradients.update({k: g[0] if g.ndim == 4 else g for k, g in own.items()})
            return grad_x[:, 0]

        self._tape.append(step)
        return y[:, 0] if y.ndim == 4 else y

    _conv1dtranspose = _conv1d = _maxpool1d = _avgpool1d = _globalavgpool1d = _globalmaxpool1d = (
        _signal
    )

    def _conv2d(self, x, layer, name, training, masks):
        return self._window(x, layer, name, layer.groups)

    def _conv2dtranspose(self, x, layer, name, training, masks):
        kernel, stride, dilation = map(pair, (layer.kernel_size, layer.stride, layer.dilation))
        crops = transposed_crops(
            x.shape[1:3], kernel, stride, dilation, layer.padding, layer.output_padding
        )
        return self._affine(
            oracle.conv2d_transpose, oracle.conv2d_transpose_backward, x, layer, name,
            stride=stride, padding=crops, dilation=dilation,
        )  # fmt: skip

    def _depthwiseconv2d(self, x, layer, name, training, masks):
        return self._window(x, layer, name, x.shape[-1])

    def _separableconv2d(self, x, layer, name, training, masks):
        """Compute its two convolutions: the second one has bias and activation."""
        depthwise = SimpleNamespace(**layer.get_params() | {"activation": None})
        x = self._window(x, depthwise, f"{name}/depthwise", x.shape[-1])
        geometry = dict(kernel_size=1, stride=1, padding=0, dilation=1)
        pointwise = SimpleNamespace(activation=layer.activation, **geometry)
        return self._window(x, pointwise, f"{name}/pointwise", 1)

    def _window(self, x, layer, name, groups):
        kernel, stride, dilation = map(pair, (layer.kernel_size, layer.stride, layer.dilation))
        padding = explicit_pads(layer.padding, x.shape[1:3], kernel, stride, dilation)
        return self._affine(
            oracle.conv2d, oracle.conv2d_backward, x, layer, name,
            stride=stride, padding=padding, dilation=dilation, groups=groups,
        )  # fmt: skip

    def _zeropad2d(self, x, layer, name, training, masks):
        padding = explicit_pads(layer.padding, x.shape[1:3], (1, 1), (1, 1))
        self._tape.append(lambda grad, _: oracle.unpad(grad, padding))
        return oracle.pad(x, padding)

    def _rescale(self, x, layer, name, training, masks):
        self._tape.append(lambda grad, _: oracle.rescale_backward(grad, layer.scale))
        return oracle.rescale(x, layer.scale, layer.offset)

    def _normalize(self, x, layer, name, training, masks):
        mean, deviation = self._parameter(name, "mean"), self._parameter(name, "deviation")
        self._tape.append(lambda grad, _: oracle.normalize_backward(grad, deviation, layer.epsilon))
        return oracle.normalize(x, mean, deviation, layer.epsilon)

    def _resize(self, x, layer, name, training, masks):
        size = pair(layer.size)
        methods = [layer.method] * 2
        if layer.method == "auto":
            axes = zip(x.shape[1:3], size, strict=True)
            methods = ["area" if old > new else "bilinear" for old, new in axes]
        self._tape.append(lambda grad, _: oracle.resize_backward(grad, x, methods))
        return oracle.resize(x, size, methods)

    def _upsample2d(self, x, layer, name, training, masks):
        factors = pair(layer.size)
        if layer.interpolation == "nearest":
            self._tape.append(lambda grad, _: oracle.repeat_backward(grad, factors))
            return oracle.repeat(x, factors)
        methods = ["bilinear"] * 2
        self._tape.append(lambda grad, _: oracle.resize_backward(grad, x, methods))
        return oracle.resize(
            x, [f * n for f, n in zip(factors, x.shape[1:3], strict=True)], methods
        )

    def _upsample1d(self, x, layer, name, training, masks):
        method = layer.interpolation.replace("linear", "bilinear")
        upright = SimpleNamespace(size=(1, layer.size), interpolation=method)
        inner = Reference([], {})
        inner._tape = []
        y = inner._upsample2d(x[:, None], upright, name, training, masks)
        self._tape.append(lambda grad, _: inner._back(inner._tape, grad[:, None], {})[:, 0])
        return y[:, 0]

    def _dense(self, x, layer, name, training, masks):
        if x.ndim > 2:
            x = self._flatten(x, layer, name, training, masks)
        return self._affine(oracle.dense, oracle.dense_backward, x, layer, name)

    def _pool(self, x, layer, forward, backward):
        size = pair(layer.pool_size)
        stride = size if layer.stride is None else pair(layer.stride)
        padding = explicit_pads(layer.padding, x.shape[1:3], size, stride)
        options = {"ceil_mode": layer.ceil_mode}
        if hasattr(layer, "count_include_pad"):
            options["count_include_pad"] = layer.count_include_pad
        self._tape.append(lambda grad, _: backward(grad, x, size, stride, padding, **options))
        return forward(x, size, stride, padding, **options)

    def _maxpool2d(self, x, layer, name, training, masks):
        return self._pool(x, layer, oracle.max_pool2d, oracle.max_pool2d_backward)[0]

    def _avgpool2d(self, x, layer, name, training, masks):
        return self._pool(x, layer, oracle.avg_pool2d, oracle.avg_pool2d_backward)

    def _globalmaxpool2d(self, x, layer, name, training, masks):
        self._tape.append(lambda grad, _: oracle.global_max_pool2d_backward(grad, x))
        return oracle.global_max_pool2d(x)

    def _globalavgpool2d(self, x, layer, name, training, masks):
        self._tape.append(lambda grad, _: oracle.global_avg_pool2d_backward(grad, x))
        return oracle.global_avg_pool2d(x)

    def _batchnorm(self, x, layer, name, training, masks):
        gamma, beta = self._parameter(name, "gamma"), self._parameter(name, "beta")
        if not training:
            statistics = (self._parameter(name, f"moving_{s}") for s in ("mean", "variance"))
            return oracle.batch_norm(x, gamma, beta, *statistics, layer.epsilon)
        for key, batch in zip(("mean", "variance"), oracle.batch_statistics(x), strict=True):
            moved = oracle.moving(self._parameter(name, f"moving_{key}"), batch, layer.momentum)
            self.parameters[f"{name}/moving_{key}"] = moved

        def step(grad, gradients):
            grad_x, gradients[f"{name}/gamma"], gradients[f"{name}/beta"] = (
                oracle.batch_norm_training_backward(grad, x, gamma, layer.epsilon)
            )
            return grad_x

        self._tape.append(step)
        return oracle.batch_norm_training(x, gamma, beta, layer.epsilon)

    def _lrn(self, x, layer, name, training, masks):
        constants = layer.size, layer.alpha, layer.beta, layer.k
        self._tape.append(lambda grad, _: oracle.lrn_backward(grad, x, *constants))
        return oracle.lrn(x, *constants)

    def _groupnorm(self, x, layer, name, training, masks):
        gamma, beta = self._parameter(name, "gamma"), self._parameter(name, "beta")
        groups = x.shape[-1] if layer.groups == -1 else layer.groups

        def step(grad, gradients):
            grad_x, gradients[f"{name}/gamma"], gradients[f"{name}/beta"] = (
                oracle.group_norm_backward(grad, x, gamma, groups, layer.epsilon)
            )
            return grad_x

        self._tape.append(step)
        return oracle.group_norm(x, gamma, beta, groups, layer.epsilon)

    def _dropout(self, x, layer, name, training, masks):
        if not training or layer.rate == 0:
            return x
        self._tape.append(lambda grad, _: oracle.dropout(grad, masks[name], layer.rate))
        return oracle.dropout(x, masks[name], layer.rate)

    _spatialdropout2d = _dropout

    def _activation(self, x, layer, name, training, masks):
        y, back = self._activated(x, getattr(layer, "activation", "relu"), name)
        self._tape.append(back)
        return y

    _relu = _activation

    def _prelu(self, x, layer, name, training, masks):
        return self._activation(x, SimpleNamespace(activation="prelu"), name, training, masks)

    def _flatten(self, x, layer, name, training, masks):
        self._tape.append(lambda grad, _: grad.reshape(x.shape))
        return x.reshape(len(x), -1)
