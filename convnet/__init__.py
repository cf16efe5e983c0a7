"""Convolutional nets for scikit-learn: estimators and the layers to declare it with.

    cli  →  estimators  →  training  →  graph  →  engine  →  csrc (C)
                 ↓                        ↑
    inspection, persistence        layers, augment

`estimators` is the only folder that knows scikit-learn's estimator API, `layers` and `augment` hold plain values,
`graph` turns them into a plan and a network, `engine` owns threads and memory.
"""

from convnet import augment, callbacks, data, inspection, layers, schedules
from convnet._config import show_config
from convnet._version import __version__
from convnet.estimators.classifier import ConvNetClassifier
from convnet.estimators.learning_rate_finder import LearningRateSearch, find_learning_rate
from convnet.estimators.regressor import ConvNetRegressor
from convnet.estimators.transformer import ConvNetTransformer
from convnet.model_io.files import load, load_pretrained
from convnet.persistence.model_file import ModelFileError

__all__ = [
    "ConvNetClassifier",
    "ConvNetRegressor",
    "ConvNetTransformer",
    "LearningRateSearch",
    "ModelFileError",
    "__version__",
    "augment",
    "callbacks",
    "data",
    "find_learning_rate",
    "inspection",
    "layers",
    "load",
    "load_pretrained",
    "schedules",
    "show_config",
]
