"""The docstrings that the estimators share."""

import inspect
import re

import pytest

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.estimators.declaration import declares_parameters, documents_fitted_attributes
from convnet.values.constraints import boolean, parameter as declared

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


def test_own_text_comes_before_the_inherited_one():
    @documents_fitted_attributes
    @declares_parameters
    class Net(ConvNetClassifier):
        """Title.

        Parameters
        ----------
        alpha : float, default=3.0
            Mine, \\1.
        depth : bool, default=True
            Also mine.

        Attributes
        ----------
        loss_ : float
            Mine.

        Examples
        --------
        >>> 1
        """

        alpha: float = declared(None, default=3.0)
        depth: bool = declared(boolean, default=True)

    text = Net.__doc__
    assert names(Net, "Parameters") == list(inspect.signature(Net).parameters)
    assert names(Net, "Parameters")[:4] == ["layers", "alpha", "depth", "class_weight"]
    assert "alpha : float, default=3.0\n    Mine, \\1.\ndepth : bool" in text
    assert text.count("loss_ : float\n    Mine.\nn_features_in_ : int") == 1
    assert text.endswith(">>> 1")
    net = Net(depth=False)
    assert (net.layers, net.alpha, net.depth, net.label_smoothing) == ("auto", 3.0, False, 0.0)
    with pytest.raises(ValueError, match="Net: depth must be True or False; got 3"):
        Net(depth=3).fit([[0], [1]], [0, 1])


def test_a_parameter_without_a_description_is_an_error():
    class Net(ConvNetClassifier):
        __doc__ = "Title.\n\nParameters\n----------\n"

        depth: int = declared(None, default=3)

    with pytest.raises(KeyError, match="depth"):
        declares_parameters(Net)


def test_a_required_parameter():
    @declares_parameters
    class Net(ConvNetRegressor):
        """Title.

        Parameters
        ----------
        depth : int
            Mine.
        """

        depth: int = declared(None)

    assert Net(depth=2).depth == 2
    assert not hasattr(Net, "depth") and not hasattr(Net.__new__(Net), "alpha")
    with pytest.raises(TypeError, match=r"Net\.__init__\(\) missing a required .*'depth'"):
        Net()
