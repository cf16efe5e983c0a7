"""scikit-learn's HTML diagram of a net, alone and inside other estimators."""

from html.parser import HTMLParser

import numpy as np
import pytest
import sklearn
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.layers import BatchNorm, Conv2D, Dense, MaxPool2D, Parallel, Residual, SeparableConv2D

BLOCK = Residual([Conv2D(6, 3, padding="same"), BatchNorm()], activation="relu")
WIDER = Residual([Conv2D(8, 3, padding="same")])
LAYERS = [Conv2D(6, 3, name="stem"), BLOCK, WIDER, MaxPool2D(2), Dense(5)]
BOXES = [  # of LAYERS for 8×8×1, the output left out
    *("input", "8×8×1", "stem: Conv2D", "6×6×6, 60 parameters"),
    *("residual1: Residual 6×6×6, 354 parameters", "conv1: Conv2D", "6×6×6, 330 parameters"),
    *("batchnorm1: BatchNorm", "6×6×6, 24 parameters", "shortcut"),
    *("residual2: Residual 6×6×8, 496 parameters", "conv1: Conv2D", "6×6×8, 440 parameters"),
    *("shortcut: Conv2D", "6×6×8, 56 parameters", "pool1: MaxPool2D", "3×3×8"),
    *("flatten: Flatten", "72", "dense1: Dense", "5, 365 parameters"),
]


class Text(HTMLParser):
    """Collects the text of labels and captions."""

    def __init__(self):
        super().__init__()
        self.found, self.inside = [], []

    def handle_starttag(self, tag, attrs):
        if tag in ("label", "style", "script"):
            self.inside.append(tag)

    def handle_endtag(self, tag):
        if self.inside and tag == self.inside[-1]:
            self.inside.pop()

    def handle_data(self, data):
        if self.inside == ["label"] and data.strip():
            self.found.append(data.strip())


def labels(estimator):
    reader = Text()
    reader.feed(estimator._repr_html_())
    return [text for text in reader.found if text not in ("i", "?") and "ocumentation" not in text]


def boxes(estimator):
    """Return the labels of the layers."""
    found = labels(estimator)
    return found[found.index("input") :]


def test_before_fit():
    net = ConvNetClassifier(LAYERS, input_shape=(8, 8, 1))
    assert boxes(net) == BOXES
    assert "ConvNetClassifier" in labels(net) and "Not fitted" in labels(net)
    assert net._repr_mimebundle_()["text/html"].count("stem: Conv2D") == 1


def test_branches_stand_side_by_side():
    mixed = Parallel([[Conv2D(2, 1)], []], "concat", name="mixed")
    block = Residual([Conv2D(3, 1)], shortcut=[Conv2D(3, 1), BatchNorm()])
    net = ConvNetRegressor([mixed, block], input_shape=(8, 8, 1))
    assert boxes(net)[2:] == [
        *(
            "mixed: Parallel 8×8×3, 4 parameters",
            "conv1: Conv2D",
            "8×8×2, 4 parameters",
            "branch 1",
        ),
        *("residual1: Residual 8×8×3, 36 parameters", "conv1: Conv2D", "8×8×3, 12 parameters"),
        *("conv1: Conv2D", "8×8×3, 12 parameters", "batchnorm1: BatchNorm", "8×8×3, 12 parameters"),
    ]


def test_without_a_shape_there_are_names():
    names = ["stem: Conv2D", "residual1: Residual", "residual2: Residual", "pool1: MaxPool2D"]
    net = ConvNetRegressor(LAYERS)
    assert [text for text in labels(net) if ": " in text] == [*names, "dense1: Dense"]
    for unknown in ("auto", "no_such_file.json", [Conv2D(3, 99)], 7):
        net = ConvNetRegressor(
            unknown, input_shape=(8, 8, 1) if isinstance(unknown, list) else None
        )
        assert [text for text in labels(net) if "Net" in text] == ["ConvNetRegressor"]
        assert not any(": " in text for text in labels(net))
        block = net._sk_visual_block_()  # what it raised, scikit-learn would swallow
        assert (block.kind, block.estimators) == ("single", ())


def test_fitted_and_inside_others(digits):
    X, y = digits[0][:60].reshape(60, -1), digits[1][:60]
    net = ConvNetClassifier(LAYERS, input_shape=(8, 8, 1), max_iter=1, random_state=0)
    whole = [*BOXES, "output: Dense", "10, 60 parameters"]
    pipe = Pipeline([("scale", MinMaxScaler()), ("net", net)])
    assert boxes(pipe)[: len(BOXES)] == BOXES
    assert "net: ConvNetClassifier" in labels(pipe)
    search = GridSearchCV(pipe, {"net__alpha": [1e-4, 1e-3]}, cv=2)
    assert boxes(search)[: len(BOXES)] == BOXES
    search.fit(X, y)
    for estimator in (search.best_estimator_[-1], search.best_estimator_, search):
        assert boxes(estimator)[: len(whole)] == whole
    fitted = FrozenEstimator(search.best_estimator_[-1])
    assert boxes(ConvNetTransformer(fitted).fit(X))[: len(whole)] == whole


def test_layers_inside_others_without_a_shortcut():
    net = ConvNetClassifier([SeparableConv2D(4, 3)], input_shape=(8, 8, 3))
    inner = ["depthwise: DepthwiseConv2D", "pointwise: Conv2D"]
    assert [text for text in boxes(net) if ": " in text][1:] == inner
    assert "shortcut" not in boxes(net)


def test_text_is_escaped():
    class Loud(Conv2D):
        def __repr__(self):
            return "<b>&'loud'</b>"

    net = ConvNetClassifier([Loud(4, 3)], input_shape=(8, 8, 1))
    for estimator in (net, Pipeline([("net", net)])):
        html = estimator._repr_html_()
        assert "conv1: Loud" in labels(estimator)
        assert "&lt;b&gt;&amp;&#x27;loud&#x27;&lt;/b&gt;" in html and "<b>&" not in html


def test_text_display_has_no_html():
    net = ConvNetClassifier(LAYERS)
    with sklearn.config_context(display="text"):
        assert not hasattr(net, "_repr_html_")
        assert "text/html" not in net._repr_mimebundle_()


def test_a_diagram_changes_nothing(digits):
    net = ConvNetClassifier(LAYERS, max_iter=1, random_state=0).fit(digits[0][:60], digits[1][:60])
    before = net.predict_proba(digits[0][:5])
    state = set(vars(net))
    net._repr_html_()
    assert set(vars(net)) == state and np.array_equal(before, net.predict_proba(digits[0][:5]))


@pytest.mark.parametrize("kind", [ConvNetClassifier, ConvNetRegressor])
def test_scikit_learn_needs_no_other_attributes(kind):
    """If scikit-learn cannot read a box, it silently leaves out the layers."""
    html = kind(LAYERS, input_shape=(8, 8, 1))._repr_html_()
    assert html.count("sk-parallel-item") >= 4 and "sk-serial" in html
