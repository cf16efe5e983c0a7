"""The layers of a net as other libraries need them: shapes, windows, branches and weights."""

from convnet.graph import Plan
from convnet.layers.geometry import map_window


def plan(net):
    """Return the plan of a net. Its `layers` include the Flatten and the output layer that convnet adds."""
    return Plan(list(net.layers), net.input_shape, net.n_outputs)


def with_input_shapes(infos, input_shape):
    """Yield (info, shape of its input) for consecutive layers of a plan."""
    for info in infos:
        yield info, input_shape
        input_shape = info.output_shape


def window(layer, input_shape):
    """Return the window of a Conv2D, DepthwiseConv2D or MaxPool2D over maps of this shape."""
    if hasattr(layer, "pool_size"):
        stride = layer.pool_size if layer.stride is None else layer.stride
        return map_window(input_shape, layer.pool_size, stride, layer.padding)
    return map_window(input_shape, layer.kernel_size, layer.stride, layer.padding, layer.dilation)


def groups(layer, input_shape):
    """Return the number of groups of a Conv2D or DepthwiseConv2D."""
    return getattr(layer, "groups", input_shape[-1])


def branches(info):
    """Return the layers of a Residual and its shortcut, which is None if the input itself is added."""
    *body, last = info.layers
    return (body, last) if last.name.endswith("/shortcut") else (info.layers, None)


def channels_first(net, weights):
    """Return the weights of convnet for maps of shape (c, h, w).

    The first dense layer after a map of h × w × c has weights (h w c, out). They become (c h w, out).
    """
    reordered, flattened = dict(weights), None
    for info, shape in with_input_shapes(plan(net).layers, net.input_shape):
        if info.type == "Flatten":
            flattened = shape
        elif info.type == "Dense" and flattened:
            name = f"{info.name}/weights"
            w, flattened = weights[name].reshape(*flattened, -1), None
            reordered[name] = w.transpose(2, 0, 1, 3).reshape(-1, w.shape[-1])
    return reordered
