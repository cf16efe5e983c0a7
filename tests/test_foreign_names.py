"""Names of Keras, PyTorch and scikit-learn that are imported, or stand in specs: each error says what to write here."""

import inspect
import re

import numpy as np
import pytest
from error_messages import message

import convnet
from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer, layers
from convnet.callbacks import Progress
from convnet.layers import (
    Activation,
    BatchNorm,
    Conv1D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    MaxPool2D,
    ReLU,
    Resize,
    as_layers,
)
from convnet.values import foreign_estimator_tables, foreign_tables


class LeakyReLU:
    """Stands for a layer of another library."""


class EarlyStopping:
    """Stands for a callback of another library."""


@pytest.mark.parametrize(
    ("module", "name", "text"),
    [
        ("layers", "MaxPooling2D", "Write MaxPool2D(2)."),
        ("layers", "BatchNormalization", "Write BatchNorm()."),
        ("layers", "LeakyReLU", 'Write Activation("leaky_relu").'),
        ("layers", "Hardswish", 'Write Activation("hard_swish").'),
        ("layers", "ReLU6", 'Write Activation("relu6").'),
        ("layers", "GlobalAveragePooling2D", "Write GlobalAvgPool2D()."),
        ("layers", "Conv2d", "Write Conv2D(16, 3), without the number of input channels."),
        ("layers", "Linear", "Write Dense(64), without the number of inputs."),
        ("layers", "AdaptiveAvgPool2d", "Write GlobalAvgPool2D()."),
        ("layers", "MaxPool2d", "Write MaxPool2D."),
        ("layers", "Input", "Leave it out: fit reads the shape from X."),
        (
            "layers",
            "LogSoftmax",
            "Leave it out: the output layer and its activation follow from y.",
        ),
        ("layers", "Softmax", 'Write Activation("softmax"). As the last layer, leave it out'),
        ("layers", "RandomFlip", "ConvNetClassifier(layers, augment=[RandomFlip()])."),
        ("augment", "RandomHorizontalFlip", "Write RandomFlip()."),
        ("callbacks", "EarlyStopping", "early_stopping=True, n_iter_no_change=5)."),
        ("callbacks", "ModelCheckpoint", 'Checkpoint("fit.npz")'),
        ("schedules", "CosineAnnealingLR", "Write Cosine()."),
        ("data", "DataLoader", 'load_images("photos")'),
        ("", "Sequential", "Pass a list of layers: ConvNetClassifier(["),
        ("", "Conv2D", "Write: from convnet.layers import Conv2D"),
        ("", "load_model", "Write net = convnet.load(path)."),
    ],
)
def test_imports(module, name, text):
    full = f"convnet.{module}".rstrip(".")
    found = message(lambda: exec(f"from {full} import {name}"), ImportError)
    assert found.startswith(f"{full} has no {name!r}.") and text in found


@pytest.mark.parametrize("module", ["layers", "augment", "callbacks", "schedules", "data"])
def test_names_without_a_counterpart(module):
    """Python's own errors, so that ``hasattr`` works."""
    assert not hasattr(getattr(convnet, module), "Nonsense")
    with pytest.raises(ImportError, match="cannot import name 'Nonsense' from"):
        exec(f"from convnet.{module} import Nonsense")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: Conv2D(1, 16, 3),
            "Conv2D takes only filters and kernel_size by position; got 3 values. If these are PyTorch's (input "
            "channels, output channels, kernel size), write Conv2D(16, 3). If 3 is a stride, write "
            "Conv2D(1, 16, stride=3).",
        ),
        (lambda: Conv1D(1, 16, 3), "write Conv1D(16, 3)"),
        (lambda: Conv2D(16, 3, "relu"), "by position; got 3 values. Give the others by name."),
        (lambda: DepthwiseConv2D(3, 2), "DepthwiseConv2D takes only kernel_size by position"),
        (lambda: Conv2D(16, 3, strides=2), "Conv2D has no parameter 'strides'. Write stride=2."),
        (lambda: Conv2D(16, kernel=3), "Write kernel_size=3."),
        (lambda: Conv2D(16, 3, input_shape=(8, 8, 1)), "Leave it out: fit reads the shape from X."),
        (
            lambda: Conv2D(in_channels=1, out_channels=16, kernel_size=3),
            "Conv2D has no parameter 'out_channels'. Write filters=16.",
        ),
        (lambda: Conv2D(16, 3, kernel_regularizer="l2"), "Write l2=1e-4, the strength for this"),
        (lambda: Conv2D(16, 3, padding="SAME"), "Did you mean 'same'?"),
        (lambda: Conv1D(16, 3, padding="causal"), "padding=(dilation * (kernel_size - 1), 0)"),
        (lambda: Conv2D(16, 3, activation=ReLU()), "Did you mean 'relu'?"),
        (lambda: Conv2D(16, 3, activation=Activation("tanh")), "Did you mean 'tanh'?"),
        (lambda: Conv2D(16, 3, activation=LeakyReLU()), "Did you mean 'leaky_relu'?"),
        (lambda: Conv2D(16, 3, activation="Hardswish"), "Did you mean 'hard_swish'?"),
        (lambda: Conv2D(16, 3, activation="ReLU6"), "Did you mean 'relu6'?"),
        (lambda: Conv2D(16, 3, activation="Hardsigmoid"), "Did you mean 'hard_sigmoid'?"),
        (lambda: Conv2D(16, 3, activation=np.tanh), "Did you mean 'tanh'?"),
        (lambda: Conv2D(16, 3, kernel_initializer="xavier"), "Did you mean 'glorot_uniform'?"),
        (lambda: Conv2D(16, 3, dilation_rate=2), "Write dilation=2."),
        (lambda: Conv2D(16, 3, bias=False), "Write use_bias=False."),
        (lambda: Dense(10, 5), "PyTorch's Linear(n, 5) is Dense(5)."),
        (lambda: Dense(in_features=3, out_features=4), "Write units=4."),
        (lambda: BatchNorm(32), "follows from the layer before: write BatchNorm()."),
        (lambda: BatchNorm(axis=-1), "Leave it out: the last axis holds the channels."),
        (lambda: MaxPool2D(kernel_size=2), "Write pool_size=2."),
        (lambda: Dropout(p=0.5), "Write rate=0.5."),
        (lambda: ReLU(inplace=True), "Leave it out."),
        (lambda: ReLU(True), "ReLU takes no value by position; got True. Write ReLU()."),
        (lambda: Flatten(input_shape=(28, 28)), "For flat X, pass input_shape to the estimator."),
        (lambda: Resize(150, 150), "Write Resize((height, width))."),
    ],
)  # fmt: skip
def test_layers(call, text):
    assert text in message(call)


def test_the_signature_of_a_convolution_says_what_is_given_by_name():
    parameters = inspect.signature(Conv2D).parameters.values()
    assert [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY] == [
        "filters",
        "kernel_size",
    ]


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ([{"type": "MaxPooling2D"}], "unknown layer type 'MaxPooling2D'. Write MaxPool2D(2)."),
        ([{"type": "conv2d"}], "unknown layer type 'conv2d'. Did you mean 'Conv2D'?"),
        (
            [{"type": "Conv2D", "filters": 2, "kernel_size": 3, "strides": 2}],
            "layers[0]: Conv2D has no parameter 'strides'. Write stride=2.",
        ),
        ([{"class_name": "Conv2D", "config": {}}], 'Write the fields of Keras\'s "config" beside it.'),
        ([LeakyReLU()], 'Write Activation("leaky_relu").'),
        ([LeakyReLU], 'Write Activation("leaky_relu").'),
        (["Conv2D"], "Write Conv2D(...)."),
        ([("stem", Conv2D(4, 3))], "Write Conv2D(..., name='stem')."),
        ((100, 50), 'Write Dense(100, activation="relu").'),
        (100, 'Write Dense(100, activation="relu").'),
        (type("Sequential", (), {})(), "Pass a list of layers: ConvNetClassifier(["),
    ],
)  # fmt: skip
def test_specs(spec, text):
    assert text in message(lambda: as_layers(spec))


@pytest.mark.parametrize(
    ("params", "text"),
    [
        (dict(learning_rate=0.01), "got 0.01. Write learning_rate_init=0.01."),
        (dict(learning_rate="invscaling"), "Did you mean 'exponential'?"),
        (dict(learning_rate="plateau"), "Did you mean 'reduce_on_plateau'?"),
        (
            dict(callbacks=[type("ReduceLROnPlateau", (), {})()]),
            "learning_rate=ReduceOnPlateau()).",
        ),
        (dict(learning_rate=type("ReduceLROnPlateau", (), {})()), "Write ReduceOnPlateau()."),
        (dict(learning_rate=type("StepLR", (), {})()), "Write Step(10, 0.1)."),
        (dict(solver="lbfgs"), "Did you mean 'adam'?"),
        (dict(solver=type("AdamW", (), {})()), "Did you mean 'adamw'?"),
        (dict(scoring="acc", early_stopping=True), "Did you mean 'accuracy'?"),
        (dict(scoring="auc", early_stopping=True), "Did you mean 'roc_auc'?"),
        (dict(scoring="mse", early_stopping=True), "Did you mean 'neg_mean_squared_error'?"),
        (dict(scoring=["accuracy"]), "Write scoring='accuracy'."),
        (dict(callbacks=Progress()), "Write [Progress()]."),
        (dict(callbacks=[EarlyStopping()]), "early_stopping=True, n_iter_no_change=5)."),
        (dict(data_format="NHWC"), "Did you mean 'channels_last'?"),
        (dict(input_shape=(None, 8, 8, 1)), "Leave out the number of samples."),
    ],
)
def test_values_of_parameters(params, text):
    net = ConvNetClassifier([Conv2D(4, 3)], **params)
    X, y = np.zeros((30, 8, 8, 1)), np.arange(30) % 3
    assert text in message(lambda: net.fit(X, y))


def names_in(table):
    return [text for entry in table.entries.values() for text in np.atleast_1d(entry).tolist()]


def is_code(text):
    return not text.endswith(".") and not re.match(r"(a|an|\[|from) ?", text)


def test_layers_in_the_table_exist():
    for text in filter(is_code, names_in(foreign_tables.LAYERS)):
        assert eval(text.partition(", without")[0], vars(layers)), text


def test_foreign_names_are_not_ours():
    """An entry for a name that exists would never be read, and one that comes to exist has to go."""
    modules = {
        "layers": foreign_tables.LAYERS,
        "augment": foreign_tables.AUGMENTATIONS,
        "callbacks": foreign_tables.CALLBACKS,
        "data": foreign_tables.DATA,
        "schedules": foreign_tables.SCHEDULES,
    }
    for name, table in modules.items():
        own = set(getattr(convnet, name).__all__)
        assert not {key for key in own if key.lower() in table.entries} - {"Conv1D", "Conv2D"}
    assert not {key for key in convnet.__all__ if key.lower() in foreign_tables.TOP.entries}
    own = {*ConvNetClassifier._get_param_names(), *ConvNetTransformer._get_param_names()}
    assert not own & foreign_estimator_tables.ESTIMATOR_PARAMETERS.entries.keys()


def test_parameters_in_the_tables_exist():
    estimators = (ConvNetClassifier, ConvNetRegressor, ConvNetTransformer)
    known = {name for cls in estimators for name in cls._get_param_names()}
    for text in filter(is_code, names_in(foreign_estimator_tables.ESTIMATOR_PARAMETERS)):
        assert text.partition("=")[0] in known, text
    fields = {name for cls in layers.layer_types().values() for name in cls.parameter_names()}
    for text in filter(is_code, names_in(foreign_tables.LAYER_PARAMETERS)):
        assert text.partition("=")[0] in fields, text
    fit = inspect.signature(ConvNetClassifier.fit).parameters
    for text in filter(is_code, names_in(foreign_estimator_tables.FIT_PARAMETERS)):
        assert text.partition("=")[0] in fit, text


def test_hasattr_getattr_and_pickle_of_foreign_names():
    """Only `from module import name` raises ImportError: hasattr and pickle expect AttributeError."""
    import convnet.layers
    import convnet.schedules

    for module, name in (
        (convnet, "Sequential"),
        (convnet.layers, "Linear"),
        (convnet.schedules, "CosineAnnealingLR"),
    ):
        assert not hasattr(module, name) and getattr(module, name, None) is None
        with pytest.raises(AttributeError, match="has no"):
            getattr(module, name)
