"""The nets that displays take."""

from sklearn.utils.validation import check_is_fitted


def check_net(estimator, caller):
    """Raise TypeError unless an estimator is a net itself, rather than one that holds a net.

    Parameters
    ----------
    estimator : object
        What was passed.
    caller : str
        Name of the display.
    """
    if not hasattr(estimator, "feature_maps"):
        raise TypeError(
            f"{caller} takes a ConvNetClassifier or a ConvNetRegressor; got {type(estimator).__name__}. Pass the net "
            "in it: pipeline[-1], search.best_estimator_, transformer.estimator_."
        )


def check_fitted_net(estimator, caller):
    """Raise TypeError unless an estimator is a net, NotFittedError unless that is fitted."""
    check_net(estimator, caller)
    check_is_fitted(estimator, "weights_")


def check_layer(estimator, layer):
    """Return what is known of a layer of a fitted net, a ``LayerInfo``.

    Parameters
    ----------
    estimator : ConvNetClassifier or ConvNetRegressor
        Fitted.
    layer : str
        Its name: "conv1", "residual1/conv1".

    Raises
    ------
    ValueError
        No layer has that name; those that exist are named.
    """
    named = {info.name: info for outer in estimator.layers_ for info in outer.walk()}
    if layer not in named:
        raise ValueError(f"no layer is called {layer!r}; there are {', '.join(named)}")
    return named[layer]
