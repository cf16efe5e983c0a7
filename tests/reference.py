"""A whole net in float64 NumPy: a list of layers, given weights, forward and backward.

It reads the layers' fields by type and shares nothing with the plan, so that lowering, geometry, naming and
fusion are tested as well as the kernels.
"""

import oracle

STEMS = {
    "Conv2D": "conv", "MaxPool2D": "pool", "AvgPool2D": "pool", "GlobalAvgPool2D": "globalpool",
    "GlobalMaxPool2D": "globalpool", "Dense": "dense", "BatchNorm": "batchnorm", "Dropout": "dropout",
    "Activation": "activation", "ReLU": "activation", "Flatten": "flatten", "Residual": "residual",
}  # fmt: skip


def pair(value):
    return tuple(value) if isinstance(value, tuple | list) else (value, value)


def explicit_pads(padding, size, kernel, stride, dilation=(1, 1)):
    """((top, bottom), (left, right)) of any padding that a layer takes."""
    if padding == "valid":
        return oracle.NO_PADDING
    if padding == "same":
        return tuple(map(oracle.same_pads, size, kernel, stride, dilation))
    return tuple(pair(p) for p in pair(padding))


def named(layers, prefix=""):
    """(type, layer, name) of each layer; those of layers inside another have its name in front."""
    counts, found = {}, []
    for layer in layers:
        kind = type(layer).__name__
        stem = STEMS[kind]
        if layer.name is None:
            counts[stem] = counts.get(stem, 0) + 1
        found.append((kind, layer, prefix + (layer.name or f"{stem}{counts[stem]}")))
    return found


class Reference:
    """forward, forward_training, backward over `parameters`, a dict of arrays by parameter name."""

    def __init__(self, layers, parameters):
        self.layers = named(layers)
        self.parameters = {k: oracle.f64(v) for k, v in parameters.items()}

    def forward(self, x):
        """Prediction: running statistics, no dropout."""
        return self._run(oracle.f64(x), training=False, masks={})

    def forward_training(self, x, masks=None):
        """Batch statistics; `masks` holds the 0/1 mask of each dropout by layer name."""
        return self._run(oracle.f64(x), training=True, masks=masks or {})

    def backward(self, grad):
        """Gradient with respect to the input, and gradients by parameter name."""
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

    def _residual(self, x, layer, name, training, masks):
        """activation(body(x) + shortcut(x)); each branch has a tape of its own."""
        outer, body = self._tape, []
        self._tape = body
        z = self._chain(x, named(layer.layers, f"{name}/"), training, masks)
        w, b = (self._parameter(f"{name}/shortcut", key) for key in ("weights", "bias"))
        if w is None:
            y = x
        elif x.ndim == 2:
            y = oracle.dense(x, w, b)
        else:
            stride = tuple(-(-n // m) for n, m in zip(x.shape[1:3], z.shape[1:3], strict=True))
            y = oracle.conv2d(x, w, b, stride=stride)
        self._tape = outer

        def step(grad, gradients):
            grad = oracle.activation_backward(grad, z + y, layer.activation)
            grad_x = self._back(body, grad, gradients)
            if w is None:
                return grad_x + grad
            if x.ndim == 2:
                back = oracle.dense_backward(grad, x, w)
            else:
                back = oracle.conv2d_backward(grad, x, w, stride=stride)
            names = (f"{name}/shortcut/weights", f"{name}/shortcut/bias")
            gradients.update(zip(names, back[1:], strict=True))
            return grad_x + back[0]

        self._tape.append(step)
        return oracle.activation(z + y, layer.activation)

    def _parameter(self, name, key):
        return self.parameters.get(f"{name}/{key}")

    def _affine(self, forward, backward, x, layer, name, **options):
        """A convolution or dense layer with its bias and activation."""
        w, b = self._parameter(name, "weights"), self._parameter(name, "bias")
        z = forward(x, w, b, **options)

        def step(grad, gradients):
            grad = oracle.activation_backward(grad, z, layer.activation)
            grad_x, gradients[f"{name}/weights"], grad_b = backward(grad, x, w, **options)
            if b is not None:
                gradients[f"{name}/bias"] = grad_b
            return grad_x

        self._tape.append(step)
        return oracle.activation(z, layer.activation)

    def _conv2d(self, x, layer, name, training, masks):
        kernel, stride, dilation = map(pair, (layer.kernel_size, layer.stride, layer.dilation))
        padding = explicit_pads(layer.padding, x.shape[1:3], kernel, stride, dilation)
        return self._affine(
            oracle.conv2d, oracle.conv2d_backward, x, layer, name,
            stride=stride, padding=padding, dilation=dilation, groups=layer.groups,
        )  # fmt: skip

    def _dense(self, x, layer, name, training, masks):
        if x.ndim > 2:
            x = self._flatten(x, layer, name, training, masks)
        return self._affine(oracle.dense, oracle.dense_backward, x, layer, name)

    def _pool(self, x, layer, forward, backward):
        size = pair(layer.pool_size)
        stride = size if layer.stride is None else pair(layer.stride)
        padding = explicit_pads(layer.padding, x.shape[1:3], size, stride)
        self._tape.append(lambda grad, _: backward(grad, x, size, stride, padding))
        return forward(x, size, stride, padding)

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

    def _dropout(self, x, layer, name, training, masks):
        if not training or layer.rate == 0:
            return x
        self._tape.append(lambda grad, _: oracle.dropout(grad, masks[name], layer.rate))
        return oracle.dropout(x, masks[name], layer.rate)

    def _activation(self, x, layer, name, training, masks):
        function = getattr(layer, "activation", "relu")
        self._tape.append(lambda grad, _: oracle.activation_backward(grad, x, function))
        return oracle.activation(x, function)

    _relu = _activation

    def _flatten(self, x, layer, name, training, masks):
        self._tape.append(lambda grad, _: grad.reshape(x.shape))
        return x.reshape(len(x), -1)
