"""scikit-learn's own checks."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from convnet import ConvNetClassifier


@parametrize_with_checks([ConvNetClassifier()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)
