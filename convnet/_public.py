"""The public names of convnet and the modules that define them."""

from convnet import augment, callbacks, data, distributed, inspection, layers, onnx, schedules
from convnet._config import show_config
from convnet._version import __version__
from convnet.estimators.classifier import ConvNetClassifier
from convnet.estimators.learning_rate_finder import LearningRateSearch, find_learning_rate
from convnet.estimators.regressor import ConvNetRegressor
from convnet.estimators.transformer import ConvNetTransformer
from convnet.model_io.files import load, load_pretrained
from convnet.model_io.onnx.importing import from_onnx
from convnet.persistence.model_file import ModelFileError
from convnet.values import foreign_tables
from convnet.values.foreign_names import missing_name

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
    "distributed",
    "find_learning_rate",
    "from_onnx",
    "inspection",
    "layers",
    "load",
    "load_pretrained",
    "onnx",
    "schedules",
    "show_config",
]


def missing_public_name(name: str) -> AttributeError | ImportError:
    """Return the error for a name that is not in the top-level package.

    If a module of convnet has the name, the error says how to import it.
    """
    for module in (layers, augment, callbacks, data, distributed, inspection, schedules):
        if name in module.__all__:
            return ImportError(
                f"convnet has no {name!r}. Write: from {module.__name__} import {name}"
            )
    return missing_name("convnet", name, __all__, foreign_tables.TOP)
