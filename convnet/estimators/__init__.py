"""Estimators: the only folder that knows scikit-learn's estimator API.

    classifier.py   ConvNetClassifier: labels, probabilities
    base.py         what all estimators share: fit, partial_fit, parameters, pickling, summary
    checks.py       constructor parameters
    inputs.py       X: what is accepted, as images, and the scale it is read with
    weighting.py    sample_weight and class_weight
    parameters.py   nested names: layers__0__filters
    holder.py       the network behind a fitted estimator
    weights.py      weights_, read-only
"""
