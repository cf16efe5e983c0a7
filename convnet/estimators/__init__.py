"""Estimators: the only folder that knows scikit-learn's estimator API.

::

    classifier.py, regressor.py, transformer.py    the public classes
    call_checks.py                                 errors of wrong arguments, and of attributes of other libraries
    base.py                                        what they share: fit, outputs, summary
    parameters.py                                  nested names such as layers__0__filters
    shared_parameters.py                           the parameters that classifiers and regressors share
    declaration.py                                 constructors, docstrings and checks from declared parameters
    parameter_constraints.py                       constraints on the parameters
    inspection.py                                  explain, trace, feature maps, preview_augment
    html_repr.py                                   the layers in scikit-learn's HTML diagram
    sklearn_callbacks.py                           scikit-learn's callback protocol
    learning_rate_finder.py                        find_learning_rate
"""
