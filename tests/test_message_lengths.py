"""No error and no warning is longer than a screen, whatever is passed, and everything that is passed gets one."""

import inspect
import warnings

import numpy as np
import pytest

import convnet
from convnet import (
    ConvNetClassifier,
    ConvNetRegressor,
    ConvNetTransformer,
    augment,
    callbacks,
    inspection,
    layers,
    schedules,
)
from convnet.data import ImageFolder, ImageReader, load_images

MAX_CHARACTERS = 2000
N = 30_000


class Verbose:
    """Its repr and its str are long, as those of data frames of strings and of lists are."""

    def __repr__(self):
        return "v" * N


def huge_values():
    """Return objects whose repr is long, by name."""
    nested = "x" * N
    for _ in range(50):
        nested = [nested]
    return {
        "text": "x" * N,
        "words": " ".join(["x" * 100] * 500),
        "lines": "x\n" * N,
        "surrogates": "\udce9" * N,
        "bytes": b"\xff\x00" * N,
        "bytearray": bytearray(N),
        "integer": 10**N,
        "negative integer": -(10**4000),
        "list": list(range(N)),
        "tuple of texts": ("x" * N,) * 3,
        "texts": [f"{i}" * 100 for i in range(900)],
        "nested": nested,
        "dict": {f"key {i}": "x" * N for i in range(900)},
        "long keys": {"x" * N: 1},
        "set": set(range(N)),
        "array": np.arange(N),
        "texts in an array": np.array(["x" * N] * 9),
        "bytes in an array": np.array([b"x" * N] * 9),
        "objects in an array": np.array([Verbose(), Verbose(), "x" * N], dtype=object),
        "structured": np.zeros(2, [("x" * N, float)]),
        "object": Verbose(),
        "type": Verbose,
        "function": lambda: None,
    }


HUGE = huge_values()
X, Y = np.random.default_rng(0).random((30, 8, 8)), np.arange(30) % 3


def check(call, *, must_raise=False):
    """Call, and check the length of each warning and of the error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            call()
        except Exception as error:
            texts = [str(error)]
            if "unexpected keyword argument" in texts[0] and isinstance(error, TypeError):
                return  # Python's own
        else:
            texts = []
            assert not must_raise
    texts += [str(one.message) for one in caught]
    for text in texts:
        assert len(text) <= MAX_CHARACTERS, (
            f"{len(text)} characters: {text[:300]} ... {text[-100:]}"
        )


@pytest.fixture(scope="module")
def fitted():
    net = [layers.Conv2D(2, 3, name="stem"), layers.MaxPool2D(2)]
    return ConvNetClassifier(net, max_iter=1, random_state=0).fit(X, Y)


@pytest.fixture(scope="module")
def regressor():
    return ConvNetRegressor([layers.Dense(2)], max_iter=1, random_state=0).fit(X, Y.astype(float))


@pytest.mark.parametrize("name", HUGE)
@pytest.mark.parametrize("cls", [ConvNetClassifier, ConvNetRegressor])
def test_parameters_of_estimators(cls, name):
    for parameter in cls().get_params():
        if parameter not in ("verbose", "max_iter", "n_iter_no_change", "init_weights", "n_jobs"):
            net = cls(layers=[layers.Dense(2)]).set_params(max_iter=1, **{parameter: HUGE[name]})
            check(lambda net=net: net.fit(X, Y))
            check(lambda net=net: net.partial_fit(X, Y, [0, 1, 2]))
    for parameter in ("verbose", "max_iter", "n_iter_no_change", "init_weights", "n_jobs"):
        if name != "integer" or parameter in ("init_weights",):
            check(lambda p=parameter: cls(layers=[layers.Dense(2)], **{p: HUGE[name]}).fit(X, Y))
    check(lambda: cls().set_params(**{"x" * N: 1}))
    for key in (
        "layers__" + "x" * N,
        "layers__0__" + "x" * N,
        "augment__" + "x" * N,
        "learning_rate__" + "x" * N,
    ):
        check(
            lambda key=key: cls(layers=[layers.Dense(2)]).set_params(**{key: HUGE[name]}),
            must_raise=True,
        )
    check(lambda: cls().set_params(layers__0__units=HUGE[name]))


@pytest.mark.parametrize("name", HUGE)
def test_arguments_of_fit(name):
    huge = HUGE[name]
    for cls in (ConvNetClassifier, ConvNetRegressor):
        net = cls([layers.Dense(2)], max_iter=1)
        check(lambda net=net: net.fit(huge, Y), must_raise=True)
        check(lambda net=net: net.fit([huge, huge], [0, 1]))
        check(lambda net=net: net.fit(X, huge), must_raise=True)
        check(lambda net=net: net.fit(X, [huge] * 30))
        check(lambda net=net: net.fit(X, [huge, *Y[1:].tolist()]))
        check(lambda net=net: net.fit(X, Y, huge), must_raise=True)
        check(lambda net=net: net.fit(X, Y, X_val=huge, y_val=huge), must_raise=True)
        check(lambda net=net: net.fit(X, Y, X_val=X, y_val=huge), must_raise=True)
        check(lambda net=net: net.fit(X, Y, X_val=X, y_val=[huge] * 30))
        check(
            lambda net=net: net.fit(X, Y, X_val=X, y_val=Y, sample_weight_val=huge), must_raise=True
        )
        check(lambda net=net: net.fit(X, Y, **{"x" * N: 1}), must_raise=True)
        check(lambda net=net: net.summary(huge))
        check(lambda net=net: net.summary(X, huge))
        check(lambda net=net: net.preview_augment(huge))
    net = ConvNetClassifier([layers.Dense(2)], max_iter=1)
    check(lambda: net.partial_fit(X, Y, huge))
    check(lambda: net.partial_fit(X, Y, [huge, 1, 2]))
    check(lambda: convnet.find_learning_rate(huge, X, Y), must_raise=True)
    check(lambda: convnet.find_learning_rate(net, X, Y, lowest=huge), must_raise=True)


def test_many_long_labels():
    labels = np.array([f"{'long ' * 40}{i // 9}" for i in range(900)])
    other = np.array([f"{'other ' * 40}{i // 9}" for i in range(900)])
    X = np.random.default_rng(0).random((900, 2))
    net = ConvNetClassifier([layers.Dense(2)], max_iter=1).fit(X, labels)
    check(lambda: net.partial_fit(X, other), must_raise=True)
    check(lambda: net.partial_fit(X, labels, classes=other), must_raise=True)
    check(lambda: net.fit(X, labels, X_val=X, y_val=other), must_raise=True)
    check(lambda: net.fit(X, labels[:1].repeat(900)), must_raise=True)
    check(lambda: net.explain(X, "saliency", target=other), must_raise=True)
    check(
        lambda: net.set_params(class_weight=dict.fromkeys(other, 1.0)).fit(X, labels),
        must_raise=True,
    )


def test_many_layers_with_long_names():
    deep = [layers.ReLU(name=f"{'long' * 15}{i}") for i in range(300)]
    net = ConvNetClassifier(deep, max_iter=1).fit(X, Y)
    for call in (net.feature_maps, net.maximal_patches):
        check(lambda call=call: call(X, "x" * N), must_raise=True)
    check(lambda: net.layers_up_to("x" * N), must_raise=True)
    check(lambda: net.explain(X, layer="x" * N), must_raise=True)
    check(lambda: net.trace(X[0]).at("x" * N, 0), must_raise=True)
    check(lambda: ConvNetTransformer(net, "x").fit(X, Y), must_raise=True)
    for transfer in ({"freeze": "x" * 999}, {"layer_learning_rates": {"x" * 999: 1}}):
        check(
            lambda transfer=transfer: ConvNetClassifier(deep, **transfer).fit(X, Y), must_raise=True
        )
    weights = {f"{'other' * 20}{i}/weights": np.zeros(1) for i in range(300)}
    check(lambda: ConvNetClassifier(deep, init_weights=weights).fit(X, Y), must_raise=True)


@pytest.mark.parametrize("name", HUGE)
def test_arguments_of_fitted_nets(fitted, regressor, name):
    huge = HUGE[name]
    for net in (fitted, regressor):
        for method in ("predict", "explain", "trace", "preview_augment"):
            check(lambda net=net, method=method: getattr(net, method)(huge), must_raise=True)
        for method in ("feature_maps", "maximal_patches", "explain"):
            check(lambda net=net, method=method: getattr(net, method)(X, huge), must_raise=True)
        check(lambda net=net: net.score(X, huge), must_raise=True)
        check(lambda net=net: net.score(X, Y, huge), must_raise=True)
        check(lambda net=net: net.layers_up_to(huge), must_raise=True)
        check(lambda net=net: net.save(huge), must_raise=True)
        for option in ("target", "layer", "baseline", "steps", "patch", "stride", "value"):
            for method in ("gradcam", "saliency", "integrated_gradients", "occlusion"):
                check(lambda net=net, o=option, m=method: net.explain(X, m, **{o: huge}))
    check(lambda: fitted.explain_confusion(X, huge), must_raise=True)
    check(lambda: fitted.explain_confusion(X, Y, huge), must_raise=True)
    check(lambda: ConvNetTransformer(huge).fit(X, Y), must_raise=True)
    check(lambda: ConvNetTransformer(fitted, huge).fit(X, Y), must_raise=True)
    for setting in (
        "weights_",
        "layers_",
        "classes_",
        "history_",
        "n_features_in_",
        "input_shape_",
        "_input_format",
    ):
        broken = ConvNetClassifier().fit(X, Y) if False else fitted.__class__.__new__(type(fitted))
        broken.__dict__ = {**vars(fitted), setting: huge}
        check(lambda broken=broken: broken.predict(X))


@pytest.mark.parametrize("name", HUGE)
def test_values(name):
    huge = HUGE[name]
    for module in (layers, augment, schedules, callbacks):
        for thing in (getattr(module, name) for name in module.__all__):
            parameters = list(inspect.signature(thing).parameters)
            for parameter in parameters:
                if parameter not in ("args", "kwargs", "self"):
                    check(lambda thing=thing, parameter=parameter: thing(**{parameter: huge}))
            check(lambda thing=thing: thing(huge))
            check(lambda thing=thing: thing([huge]))
            check(lambda thing=thing: thing([{"type": huge}]))
            check(lambda thing=thing: thing([{"type": "Dense", "units": huge, "x" * N: 1}]))
            check(lambda thing=thing: thing(**{"x" * N: huge}))
    for callback in (callbacks.Checkpoint, callbacks.HistoryCSV):
        net = ConvNetClassifier([layers.Dense(2)], max_iter=1, callbacks=[callback(huge)])
        check(lambda net=net: net.fit(X, Y))


@pytest.mark.parametrize("name", HUGE)
def test_files(name, tmp_path):
    pytest.importorskip("PIL")
    huge = HUGE[name]
    for read in (load_images, ImageFolder):
        check(lambda read=read: read(huge), must_raise=True)
        for parameter in ("size", "channels", "fit", "on_error"):
            check(
                lambda read=read, parameter=parameter: read(tmp_path, **{parameter: huge}),
                must_raise=True,
            )
    for parameter in ("cache_bytes", "cache_dir"):
        check(
            lambda parameter=parameter: ImageFolder(tmp_path, **{parameter: huge}), must_raise=True
        )
    for parameter in ("size", "channels", "fit_mode"):
        check(
            lambda parameter=parameter: ImageReader(**{parameter: huge}).fit(None), must_raise=True
        )
    check(lambda: ImageReader(8).set_output(transform=huge), must_raise=True)
    check(lambda: ImageReader(8).transform(huge), must_raise=True)
    check(lambda: ImageReader(8).transform([huge]), must_raise=True)
    check(lambda: convnet.load(huge), must_raise=True)
    check(lambda: convnet.load_pretrained(huge), must_raise=True)


@pytest.mark.parametrize("name", HUGE)
def test_displays(fitted, name):
    plt = pytest.importorskip("matplotlib.pyplot")
    huge = HUGE[name]
    for display in (
        getattr(inspection, one) for one in inspection.__all__ if one.endswith("Display")
    ):
        check(lambda display=display: display.from_estimator(huge), must_raise=True)
        check(lambda display=display: display.from_estimator(huge, X, Y), must_raise=True)
    for display in (
        inspection.MistakesDisplay,
        inspection.ConfusionDisplay,
        inspection.ExplanationDisplay,
    ):
        check(lambda display=display: display.from_estimator(fitted, huge, Y), must_raise=True)
        check(lambda display=display: display.from_estimator(fitted, X, huge), must_raise=True)
        check(lambda display=display: display.from_estimator(fitted, X, Y, n=huge))
        check(lambda display=display: display.from_estimator(fitted, X, Y, method=huge))
    check(lambda: inspection.FilterDisplay.from_estimator(fitted, huge), must_raise=True)
    check(lambda: inspection.FeatureMapDisplay.from_estimator(fitted, huge), must_raise=True)
    check(lambda: inspection.FeatureMapDisplay.from_estimator(fitted, X[0], huge), must_raise=True)
    trace = fitted.trace(X[0])
    check(lambda: trace.at(huge, 0, 0, 0), must_raise=True)
    check(lambda: trace.feature_map(huge), must_raise=True)
    plt.close("all")
