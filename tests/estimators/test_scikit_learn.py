"""scikit-learn's own checks."""

import warnings

import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.layers import Dense, Normalize

# It asks for 1e-7. A row of weight 3 and three rows are summed in a different order, and the net is float32.
# tests/inputs/test_sample_weight.py and test_regressor.py hold the same contract to 1e-4.
ROUNDING = {"check_sample_weight_equivalence_on_dense_data": "float32 rounding"}

checks = parametrize_with_checks(
    [
        ConvNetClassifier(),
        ConvNetRegressor(),
        *(ConvNetRegressor(loss=loss) for loss in ("absolute_error", "huber")),
        ConvNetTransformer(ConvNetClassifier([Normalize(), Dense(5)], random_state=0)),
        ConvNetTransformer(ConvNetRegressor([Normalize(), Dense(5)], random_state=0), layer=1),
    ],
    expected_failed_checks=lambda estimator: ROUNDING,
)
names, cases = checks.args


@pytest.mark.parametrize(
    names, list(cases), **checks.kwargs
)  # scikit-learn 1.6 has an iterator; pytest wants a list
def test_scikit_learn_checks(estimator, check):
    with warnings.catch_warnings():
        if not isinstance(
            estimator, ConvNetTransformer
        ):  # nets with default settings learn enough in the checks
            warnings.simplefilter("error", ConvergenceWarning)
        check(estimator)
