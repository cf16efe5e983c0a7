"""Uses of the package for mypy, which must report the marked lines and nothing else."""

from typing import assert_type

import numpy as np
from numpy.typing import NDArray

from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer, load
from convnet.augment import Cutout, RandomCrop, RandomFlip
from convnet.callbacks import Callback, Checkpoint
from convnet.callbacks.fit_run import FitRun
from convnet.data import ImageFolder
from convnet.inspection import MistakesDisplay, Trace
from convnet.layers import Conv2D, Dropout, Layer, MaxPool2D, ReLU, Residual, as_layers, register
from convnet.layers.base import Builder
from convnet.schedules import Cosine, Schedule, Warmup
from convnet.values.constraints import integer, parameter


@register
class Twice(Layer):
    """A layer as a user writes it."""

    stem = "twice"

    first: int = parameter(integer(1))
    second: int = parameter(integer(1), default=2)

    def lower(self, builder: Builder) -> None:
        builder.emit("AffineOp", scale=self.first, offset=self.second)


class Small(ConvNetClassifier):
    """An estimator as a user writes it."""

    def __init__(self, filters: int = 8, max_iter: int = 5) -> None:
        super().__init__([Conv2D(filters, 3)], max_iter=max_iter)
        self.filters = filters


class Halfway(Callback):
    """A callback as a user writes it."""

    def on_epoch_end(self, run: FitRun) -> bool:
        assert_type(run.metrics["loss"], float)
        return run.epoch >= run.last_epoch / 2


def layers_have_the_parameters_of_their_fields() -> None:
    assert_type(Conv2D(16, 3, name="stem").kernel_size, int | tuple[int, int])
    assert_type(Conv2D(16, (3, 5), padding="same").replace(filters=8), Conv2D)
    assert_type(Twice(1, name="a"), Twice)
    MaxPool2D()
    Conv2D(16)  # type: ignore[call-arg]
    Conv2D(16, 3, strides=2)  # type: ignore[call-arg]
    MaxPool2D("2")  # type: ignore[arg-type]
    Twice()  # type: ignore[call-arg]
    Dropout(0.5).rate = 0.1  # type: ignore[misc]


def lists_of_layers() -> None:
    block = Residual([Conv2D(8, 3, padding="same"), {"type": "ReLU"}], activation="relu")
    assert_type(block.layers, tuple[Layer, ...])
    assert_type(as_layers([block, ReLU()]), tuple[Layer, ...])
    as_layers("auto", (28, 28, 1))
    as_layers(3)  # type: ignore[arg-type]


def augmentations() -> None:
    assert_type(RandomCrop(4, fill_mode="constant").padding, int | tuple[int, int])
    RandomFlip("both")
    Cutout(4, fill_mode="wrap")  # type: ignore[call-arg]


def schedules_and_callbacks() -> None:
    assert_type(Warmup(2, then=Cosine()).then, Schedule | None)
    assert_type(Cosine().replace(final=0.1), Cosine)
    Cosine(finl=0.1)  # type: ignore[call-arg]
    Checkpoint(3)  # type: ignore[arg-type]


def estimators(X: NDArray[np.uint8], y: list[str]) -> None:
    clf = ConvNetClassifier([Conv2D(8, 3), {"type": "ReLU"}], learning_rate=Cosine()).fit(X, y)
    assert_type(clf, ConvNetClassifier)
    assert_type(clf.predict_proba(X), NDArray[np.float64])
    assert_type(clf.weights_["conv1/bias"], NDArray[np.float32])
    assert_type(clf.set_params(max_iter=3).best_iter_, int)
    assert_type(clf.trace(X[0]), Trace)
    assert_type(ConvNetTransformer(clf, "conv1").fit(X, y).transform(X), NDArray[np.float32])
    assert_type(MistakesDisplay.from_estimator(clf, X, y), MistakesDisplay)
    assert_type(clf.alpha, float)
    ConvNetClassifier(filters=3)  # type: ignore[call-arg]
    ConvNetClassifier([], 3)  # type: ignore[call-arg]
    ConvNetRegressor(solver=3)  # type: ignore[arg-type]
    ConvNetRegressor(class_weight=None)  # type: ignore[call-arg]
    ConvNetTransformer()  # type: ignore[call-arg]
    Small(8).fit(X, y)
    Small(batch_size=3)  # type: ignore[call-arg]
    load(3)  # type: ignore[arg-type]


def images() -> None:
    folder = ImageFolder("photographs", size=100, cache_dir=None)
    assert_type(folder.target_names, list[str])
    assert_type(folder.verify(), ImageFolder)
    ImageFolder("photographs", size=(100, 100, 3))  # type: ignore[arg-type]
