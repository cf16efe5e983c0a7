"""The docstrings that the estimators share."""

import inspect
import re

import pytest

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.estimators.docstrings import shared_docs

ESTIMATORS = [ConvNetClassifier, ConvNetRegressor]


def names(estimator, section):
    """The names that a section of the docstring lists."""
    text = estimator.__doc__.partition(f"{section}\n{'-' * len(section)}\n")[2]
    return re.findall(r"^(\w+) : ", re.split(r"\n\n\w+\n---", text)[0], re.MULTILINE)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_parameter_is_described_with_its_default(estimator):
    signature = inspect.signature(estimator).parameters
    assert names(estimator, "Parameters") == list(signature)
    for name, parameter in signature.items():
        line = re.search(rf"^{name} : .*$", estimator.__doc__, re.MULTILINE)[0]
        default = line.partition("default=")[2].strip('"')
        expected = parameter.default
        assert float(default) == expected if type(expected) is float else default == str(expected)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_sections_are_numpydoc(estimator):
    sections = re.findall(r"^(\w+)\n-+$", estimator.__doc__, re.MULTILINE)
    assert sections == ["Parameters", "Attributes", "Examples"]
    attributes = names(estimator, "Attributes")
    assert len(set(attributes)) == len(attributes) and {"weights_", "history_"} <= set(attributes)


def test_own_text_comes_before_the_shared_one():
    class Net:
        """Title.

        Parameters
        ----------
        alpha : float, default=3.0
            Mine, \\1.

        Attributes
        ----------
        loss_ : float
            Mine.

        Examples
        --------
        >>> 1
        """

        def __init__(self, epsilon=1e-8, alpha=3.0):
            pass

    text = shared_docs(Net).__doc__
    assert names(Net, "Parameters") == ["epsilon", "alpha"]
    assert "alpha : float, default=3.0\n    Mine, \\1.\n\nAttributes\n" in text
    assert text.count("loss_ : float\n    Mine.\nn_features_in_ : int") == 1
    assert text.endswith(">>> 1")


def test_a_parameter_without_a_description_is_an_error():
    class Net(ConvNetClassifier):
        __doc__ = "Title.\n\nParameters\n----------\n\nAttributes\n----------\n"

        def __init__(self, depth=3):
            pass

    with pytest.raises(KeyError, match="depth"):
        shared_docs(Net)
