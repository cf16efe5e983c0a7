"""Estimators: the only folder that knows scikit-learn's estimator API.

- `classifier`: ConvNetClassifier, from labels to probabilities
- `regressor`: ConvNetRegressor, from numbers to numbers
- `transformer`: ConvNetTransformer, a net's layer as features
- `base`: what all estimators share: parameters, outputs, pickling, summary
- `documentation`: what their docstrings share
- `fitting`: one call of fit or partial_fit
- `given`: what was passed to them, checked and encoded
- `heldout`: rows to validate on
- `validation`: loss and score on them, after each epoch
- `scoring`: any scorer of scikit-learn
- `run`: what callbacks see of a fit, and their calls
- `identity`: what a checkpoint belongs to
- `tasks`: scikit-learn's callback protocol
- `course`: trainer, learning rates and stopping, from epoch to epoch
- `ratefinder`: find_learning_rate
- `state`: the fitted attributes
- `checks`: constructor parameters
- `inputs`: X: what is accepted, as images, and the scale it is read with
- `labels`: labels and class numbers
- `indicators`: y with several labels a row
- `targets`: y of numbers
- `target`: what is made of y and the weights
- `weighting`: sample_weight and class_weight
- `parameters`: nested names such as layers__0__filters
- `holder`: the network behind a fitted estimator
- `weights`: weights_, read-only
"""
