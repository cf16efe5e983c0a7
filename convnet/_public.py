"""The public names of convnet and the modules that define them."""

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
