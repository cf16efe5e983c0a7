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
    estimator.summary()  # whose attributes have to go together
