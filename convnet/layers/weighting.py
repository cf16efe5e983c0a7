"""What layers with weights tell the builder about them."""


def weighting(layer, **changes):
    """Return the builder's options for the weights, the bias and the activation of a layer, but for `changes`."""
    options = dict(
        activation=layer.activation or "linear",
        use_bias=layer.use_bias,
        initializer=layer.kernel_initializer,
        l2=layer.l2,
        max_norm=layer.max_norm,
    )
    return options | changes
