"""layers__0__filters and its kin."""

import re

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV

from convnet import ConvNetClassifier
from convnet.layers import (
    AvgPool2D,
    Conv2D,
    Dense,
    MaxPool2D,
    Parallel,
    ReLU,
    Residual,
    as_layers,
    to_json,
)
from convnet.schedules import Cosine, Step, Warmup


def net():
    return [Conv2D(4, 3, name="stem"), MaxPool2D(2), Dense(8)]


def test_get_params():
    params = ConvNetClassifier(net(), learning_rate=Step(5)).get_params()
    assert params["layers__stem__filters"] == 4 and params["layers__2__units"] == 8
    assert params["layers__1"] == MaxPool2D(2) and params["learning_rate__every"] == 5
    assert "layers__stem__filters" not in ConvNetClassifier(net()).get_params(deep=False)
    assert ConvNetClassifier(net()).set_params(**params).get_params() == params


def test_set_params_copies():
    layers = net()
    clf = ConvNetClassifier(layers)
    sibling = ConvNetClassifier(layers)
    clf.set_params(layers__0__filters=16, **{"layers__-1__units": 3})
    assert clf.layers == [Conv2D(16, 3, name="stem"), MaxPool2D(2), Dense(3)]
    assert layers == net() and sibling.layers is layers


def test_names():
    clf = ConvNetClassifier(net()).set_params(
        layers__stem__filters=6, layers__dense1__units=2, layers__1=AvgPool2D(2)
    )
    assert clf.layers == [Conv2D(6, 3, name="stem"), AvgPool2D(2), Dense(2)]
    clf.layers = clf.layers[::-1]
    assert clf.set_params(layers__stem__filters=5).layers[2].filters == 5


def branched():
    mixed = Parallel([[Conv2D(4, 1, name="a")], [Conv2D(4, 1), Conv2D(6, 3)]], name="mixed")
    return [mixed, Residual([ReLU(), Conv2D(3, 1)], shortcut=[Conv2D(3, 1, name="side")])]


def test_layers_inside_others():
    clf = ConvNetClassifier(branched())
    params = clf.get_params()
    assert params["layers__mixed__branches__0__a__filters"] == 4
    assert params["layers__mixed__branches__1__1"] == Conv2D(6, 3)
    assert params["layers__mixed__branches__1"] == (Conv2D(4, 1), Conv2D(6, 3))
    assert params["layers__1__layers__1__kernel_size"] == 1
    assert params["layers__1__shortcut__side__filters"] == 3
    assert ConvNetClassifier(branched()).set_params(**params).get_params() == params
    clf.set_params(
        layers__mixed__branches__1__conv2__filters=7,
        layers__mixed__branches__0__a__kernel_size=2,
        layers__mixed__merge="max",
        layers__1__shortcut__0__use_bias=False,
        layers__1__layers__conv1__filters=5,
    )
    assert clf.layers == [
        Parallel([[Conv2D(4, 2, name="a")], [Conv2D(4, 1), Conv2D(7, 3)]], "max", name="mixed"),
        Residual([ReLU(), Conv2D(5, 1)], shortcut=[Conv2D(3, 1, use_bias=False, name="side")]),
    ]
    clf.set_params(
        layers__mixed__branches__1__0__filters=9, layers__mixed__branches__1=[Conv2D(2, 1)]
    )
    assert clf.layers[0].branches[1] == (Conv2D(9, 1),)
    assert branched()[0].branches[1][1] == Conv2D(6, 3)


def test_layers_inside_dicts():
    spec = [{"type": "Parallel", "branches": [[], [{"type": "Dense", "units": 3}]]}]
    clf = ConvNetClassifier(spec).set_params(layers__0__branches__1__0__units=4)
    assert clf.layers == [Parallel([[], [Dense(4)]])] and spec[0]["branches"][1][0]["units"] == 3


def test_layers_come_first():
    clf = ConvNetClassifier([Dense(1)])
    assert clf.set_params(layers__0__filters=9, layers=net()).layers[0].filters == 9


@pytest.mark.parametrize(
    "name, text",
    [
        ("layers__0__fliters", "Conv2D has no parameter 'fliters'. Did you mean 'filters'?"),
        (
            "layers__7__units",
            "no layer has this index. layers__0 is Conv2D, layers__1 is MaxPool2D, layers__2 is Dense.",
        ),
        ("layers__stam__filters", "Did you mean 'stem'?"),
        ("layers__0__branches__0__0__filters", "Conv2D has no parameter 'branches'"),
        (
            "learning_rate_ini",
            "for estimator ConvNetClassifier. Did you mean 'learning_rate_init'?",
        ),
        ("fliters", "Invalid parameter 'fliters' for estimator ConvNetClassifier"),
        ("solver__x", "Invalid parameter 'solver__x' for estimator ConvNetClassifier"),
        ("learning_rate__every", "OneCycle has no parameter 'every'"),
    ],
)
def test_unknown_names_raise_at_once(name, text):
    clf = ConvNetClassifier(net())
    before = vars(clf).copy()
    with pytest.raises(ValueError) as caught:
        clf.set_params(alpha=1, **{name: 3})
    assert text in str(caught.value)
    assert vars(clf) == before


@pytest.mark.parametrize(
    "name, text",
    [
        (
            "layers__0__branches__2__0__units",
            "layers__0__branches__2: no list has this index. layers__0__branches has 2 lists",
        ),
        ("layers__0__branches__a__0__units", "branches__a: no list has this index"),
        (
            "layers__0__branches__1__2__units",
            "layers__0__branches__1__2: no layer has this index. layers__0__branches__1__0 is Conv2D",
        ),
        ("layers__0__branches__1__0__unit", "Conv2D has no parameter 'unit'"),
        ("layers__0__layers__0", "Parallel has no parameter 'layers'"),
        ("layers__1__layers__7", "layers__1__layers__7: no layer has this index"),
    ],
)
def test_unknown_names_inside_others(name, text):
    clf = ConvNetClassifier(branched())
    with pytest.raises(ValueError, match=re.escape(text)):
        clf.set_params(**{name: 3})


def test_bad_values_raise_in_fit():
    clf = ConvNetClassifier(net()).set_params(layers__stem__filters=-1)
    with pytest.raises(ValueError, match=r"layers\[0\]: Conv2D: filters must be an integer"):
        clf.fit(np.zeros((4, 8, 8, 1)), [0, 1, 0, 1])
    assert clf.set_params(layers__stem__filters=4).layers == net()
    clf = ConvNetClassifier(net(), learning_rate=Step()).set_params(learning_rate__every=0)
    with pytest.raises(ValueError, match="Step: every must be"):
        clf.fit(np.zeros((4, 8, 8, 1)), [0, 1, 0, 1])


def test_presets():
    clf = ConvNetClassifier("lenet")
    assert clf.get_params()["layers"] == "lenet"
    clf.set_params(layers__0__filters=7, **{"layers__-1__units": 30})
    assert clf.layers[0] == as_layers("lenet")[0].replace(filters=7)
    assert clf.layers[-1].units == 30 and len(clf.layers) == 6
    clf.set_params(layers="keraslab", layers__dropout1__rate=0.25)
    assert clf.layers[4].rate == 0.25
    with pytest.raises(ValueError, match="layers__6: no layer has this index"):
        ConvNetClassifier("lenet").set_params(layers__6__units=3)


def test_search_over_presets():
    rng = np.random.default_rng(0)
    X, y = rng.random((24, 12, 12, 1)), np.arange(24) % 2
    grid = [{"layers": ["lenet", "keraslab"]}, {"layers": ["lenet"], "layers__0__filters": [2, 3]}]
    search = GridSearchCV(ConvNetClassifier("lenet", max_iter=1), grid, cv=2, error_score="raise")
    search.fit(X, y)
    assert search.cv_results_["params"][1] == {"layers": "keraslab"}
    assert search.estimator.layers == "lenet"
    clf = clone(search.estimator).set_params(**search.cv_results_["params"][3]).fit(X, y)
    assert clf.layers_[0].layer.filters == 3
    preset = ConvNetClassifier("lenet", max_iter=1, random_state=0).fit(X, y)
    listed = clone(preset).set_params(layers=list(as_layers("lenet"))).fit(X, y)
    assert (preset.predict_proba(X) == listed.predict_proba(X)).all()


def test_specs_as_data():
    dicts = [layer.to_dict() for layer in net()]
    clf = ConvNetClassifier(dicts).set_params(layers__0__filters=7)
    assert clf.layers[0] == Conv2D(7, 3, name="stem") and dicts[0]["filters"] == 4
    clf = ConvNetClassifier(to_json(net())).set_params(layers__stem__filters=7)
    assert clf.layers == [Conv2D(7, 3, name="stem"), MaxPool2D(2), Dense(8)]
    with pytest.raises(ValueError, match='layers="auto" has no layers to change'):
        ConvNetClassifier().set_params(layers__0__units=3)


def test_schedules():
    clf = ConvNetClassifier(learning_rate="cosine").set_params(learning_rate__final=0.5)
    assert clf.learning_rate == Cosine(final=0.5)
    with pytest.raises(
        ValueError, match=r"Cosine has no parameter 'finl'\. Did you mean 'final'\?"
    ):
        clf.set_params(learning_rate__finl=0.5)


def test_a_schedule_within_a_schedule():
    clf = ConvNetClassifier()
    clf.set_params(
        learning_rate__then__final=0.1, learning_rate__then=Cosine(warmup=1), learning_rate=Warmup()
    )
    assert clf.learning_rate == Warmup(then=Cosine(0.1, warmup=1))
    assert clf.get_params()["learning_rate__then__warmup"] == 1
    with pytest.raises(ValueError, match="Warmup has no parameter 'then__every'"):
        clf.set_params(learning_rate__then__every=2)


def test_clone_and_repr():
    clf = ConvNetClassifier(net(), learning_rate=Cosine(), alpha=0.1)
    copy = clone(clf)
    assert copy.get_params() == clf.get_params() and copy is not clf
    assert repr(copy) == (
        "ConvNetClassifier(alpha=0.1,\n"
        "                  layers=[Conv2D(4, 3, name='stem'), MaxPool2D(), Dense(8)],\n"
        "                  learning_rate=Cosine(final=0.0, warmup=0))"
    )


def test_set_params_leaves_fitted_state(digits):
    X, y = digits[0][:60], digits[1][:60]
    clf = ConvNetClassifier(net(), max_iter=1, random_state=0).fit(X, y)
    expected = clf.predict_proba(X)
    clf.set_params(layers__stem__filters=9, layers__2__units=3)
    np.testing.assert_array_equal(clf.predict_proba(X), expected)


def test_grid_search_scores_bad_values_as_nan(digits):
    X, y = digits[0][:90], digits[1][:90]
    search = GridSearchCV(
        ConvNetClassifier(net(), max_iter=1),
        {"layers__stem__filters": [-1, 2]},
        cv=3,
        error_score=np.nan,
    )
    with (
        pytest.warns(FitFailedWarning, match="filters must be"),
        pytest.warns(UserWarning, match="non-finite"),
    ):
        search.fit(X, y)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [True, False]
