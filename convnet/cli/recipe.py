"""Recipes: the layers and training parameters that ``convnet train`` uses by default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from convnet.augment import RandomFlip, RandomRotation, RandomTranslation, RandomZoom
from convnet.layers import as_layers
from convnet.layers.pretrained_wheels import WHEELS
from convnet.schedules import OneCycle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convnet.estimators.classifier import ConvNetClassifier
    from convnet.training.optimization import LearningRate
    from convnet.values.spec import Spec


DIGITS: list[dict[str, Any]] = [
    {"type": "Conv2D", "filters": 32, "kernel_size": 3, "padding": "same"},
    {"type": "BatchNorm"},
    {"type": "ReLU"},
    {"type": "MaxPool2D"},
    {"type": "Conv2D", "filters": 64, "kernel_size": 3, "padding": "same"},
    {"type": "BatchNorm"},
    {"type": "ReLU"},
    {"type": "Dropout", "rate": 0.25},
    {"type": "Dense", "units": 64, "activation": "relu"},
    {"type": "Dropout", "rate": 0.25},
]
PHOTOGRAPHS = "catdog"
MIN_HALVED = 80  # pixels of the shorter side, from which the first layer of that net, which halves images, is kept
MIN_POOLED = 16  # pixels, below which its three pools leave too little
AUGMENT = (RandomFlip(), RandomRotation(15), RandomTranslation(0.1), RandomZoom(0.2))
IMAGES_SHOWN = 40_000  # by a whole training, with repetitions
EPOCHS = (20, 200)  # limits
TUNING = 1 / 3  # learning rate of fine-tuning, relative to that of a training from the start

# Training from a pretrained net. Measured with photographs of cats and dogs, 20 to 1,000, and with handwritten digits.
PRETRAINED = WHEELS["efficientnet-lite0"]
# Photographs, above which a net learns as much from them, and their features take long.
MOST_PRETRAINED = 5_000
LAST_FEATURES = "globalpool1"  # the layer whose outputs the output layer learns from
LAST_KEPT = "residual9"  # the layer before the last block, which is trained afterwards
FEWEST_TO_TUNE = 100  # photographs, below which training more than the output layer gains nothing
HEAD_EPOCHS = 50
TUNED_IMAGES_SHOWN = 4_000
TUNING_EPOCHS = (2, 10)
VERSIONS = 4  # of each photograph, if --augment asks for random changes


class Recipe(NamedTuple):
    """Parameters of the classifier."""

    layers: Spec
    augment: Spec | None
    learning_rate: LearningRate
    learning_rate_init: float
    max_iter: int
    n_iter_no_change: int
    batch_size: int = 32
    alpha: float = 1e-4
    freeze: list[str] | None = None
    cache_augmented: int | None = None


def for_arrays(source: str) -> Recipe:
    """Return the recipe for arrays. Nothing is known about them, so they are not augmented."""
    layers: Spec = DIGITS if source == "digits" else "auto"
    return Recipe(layers, None, "cosine", 1e-3, 20, 10)


def for_photographs(n: int, size: Sequence[int]) -> Recipe:
    """Return the recipe for photographs.

    Parameters
    ----------
    n : int
        Number of photographs. If there are few, each is shown more often: 40 times for 1,000.
    size : (int, int)
        Height and width.
    """
    layers: Spec = PHOTOGRAPHS
    if min(size) < MIN_HALVED:
        layers = list(as_layers(PHOTOGRAPHS)[1:])
    if min(size) < MIN_POOLED:
        layers = "auto"
    epochs = min(max(IMAGES_SHOWN // n, EPOCHS[0]), EPOCHS[1])
    # the learning rate rises and falls in one cycle, which is run to its end
    return Recipe(layers, list(AUGMENT), OneCycle(), 3e-3, epochs, epochs)


def from_pretrained(start: ConvNetClassifier, n: int) -> list[Recipe]:
    """Return the recipes of the stages of a training that starts from the pretrained net.

    In the first stage, the output layer learns from the features of the net. In the second one, which needs
    `FEWEST_TO_TUNE` photographs, the last block is trained as well, at a lower learning rate. Batch normalization keeps
    its statistics, since the batches are few.

    Parameters
    ----------
    start : ConvNetClassifier
        The pretrained net.
    n : int
        Number of photographs.
    """
    names = [info.name for info in start.layers_ if info.name != "output"]
    layers = start.layers_up_to(names[-1])
    few = min(32, max(8, n // 16))  # a step needs some photographs, an epoch some steps
    head = Recipe(
        layers,
        None,
        "cosine",
        3e-3,
        HEAD_EPOCHS,
        HEAD_EPOCHS,
        batch_size=few,
        alpha=1.0,
        freeze=[f"until:{LAST_FEATURES}"],
        cache_augmented=VERSIONS,
    )
    if n < FEWEST_TO_TUNE:
        return [head]
    epochs = min(max(TUNED_IMAGES_SHOWN // n, TUNING_EPOCHS[0]), TUNING_EPOCHS[1])
    tuning = head._replace(
        learning_rate_init=1e-4,
        max_iter=epochs,
        n_iter_no_change=epochs,
        alpha=1e-4,
        freeze=[f"until:{LAST_KEPT}", "batchnorm*", "*/batchnorm*"],
    )
    return [head, tuning]


def knows_imagenet(start: ConvNetClassifier) -> bool:
    """Return whether a net of ``--from`` was itself trained from the pretrained net."""
    names = {info.name for info in start.layers_}
    return start.freeze is not None and {LAST_FEATURES, LAST_KEPT} <= names


def fine_tuning(found: Recipe, start: ConvNetClassifier) -> Recipe:
    """Return a recipe changed for a net that has the layers of a fitted net and starts from its weights."""
    names = [info.name for info in start.layers_ if info.name != "output"]
    layers = start.layers_up_to(names[-1]) if names else []
    return found._replace(layers=layers, learning_rate_init=TUNING * found.learning_rate_init)
