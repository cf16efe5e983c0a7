"""Write the missing model files of the current format, and what they predict. Commit the files.

    python tests/model_io/write_models.py

Existing files are never written again: they test that later releases load them. `format-<n>-defaults.json` has the
default of each field of each layer and augmentation, because a file leaves out fields that have their default.
"""

import json
import sys
import warnings
from dataclasses import MISSING, fields
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.augment import RandomFlip, RandomTranslation
from convnet.augment.spec import augmentation_types
from convnet.data import ImageFolder
from convnet.layers import (
    LRN,
    Activation,
    AvgPool1D,
    AvgPool2D,
    BatchNorm,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GroupNorm,
    MaxPool1D,
    MaxPool2D,
    Normalize,
    Parallel,
    PReLU,
    ReLU,
    Rescale,
    Residual,
    Resize,
    SeparableConv2D,
    SpatialDropout2D,
    UpSample1D,
    UpSample2D,
    ZeroPad2D,
    layer_types,
)
from convnet.persistence.model_file import FORMAT
from convnet.schedules import Cosine, Warmup

FOLDER = Path(__file__).parent / "files"
sys.path.insert(0, str(Path(__file__).parents[1]))
from photographs import write_photographs  # noqa: E402

MAP_LAYERS = [
    *(Resize((10, 8)), Rescale(1 / 127.5, offset=-1), Normalize(), ZeroPad2D((1, 0))),
    *(Conv2D(4, 3, padding="same", groups=2), GroupNorm(2), PReLU(), DepthwiseConv2D(3)),
    *(Conv2DTranspose(4, 2, stride=2, activation="relu6"), LRN(3), SpatialDropout2D(0.1)),
    *(AvgPool2D(3, stride=2, padding=1), UpSample2D(interpolation="bilinear"), MaxPool2D(3)),
    Parallel([[], [GlobalAvgPool2D(), Dense(4, activation="sigmoid")]], "multiply", name="squeeze"),
    Residual([Conv2D(6, 1)], activation="mish", drop_path=0.1),
    *(Activation("softplus"), Parallel([[GlobalMaxPool2D()], [Flatten(), Dense(3)]])),
]
SIGNAL_LAYERS = [
    *(Conv1D(4, 3, padding=(2, 0)), MaxPool1D(2), UpSample1D(2, interpolation="linear")),
    *(Conv1DTranspose(4, 3, stride=2, padding="same"), AvgPool1D(3, padding=1)),
    Parallel([[GlobalMaxPool1D()], [GlobalAvgPool1D()]]),
]


def models():
    """Return {name: (fitted estimator, name of its method, X)}."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (30, 8, 6, 2), dtype=np.uint8)
    signals = rng.normal(size=(30, 12, 2))
    numbers = np.resize([0, 1, 2], 30)
    block = [Conv2D(4, 3, padding="same", use_bias=False), BatchNorm(), ReLU()]
    layers = [
        *(Conv2D(4, (3, 1), padding="same", activation="elu", name="stem"), MaxPool2D(2)),
        *(Residual(block, activation="relu"), SeparableConv2D(6, 3, padding="same"), AvgPool2D(2)),
        *(Dropout(0.2), Dense(5, activation="tanh", l2=1e-3)),
    ]
    classifier = ConvNetClassifier(
        layers,
        augment=[RandomFlip(), RandomTranslation((0.1, 0.2), fill_mode="wrap")],
        learning_rate=Warmup(1, Cosine(final=0.1)),
        class_weight={"cat": 1.0, "dog": 2.5, "eel": 1},
        early_stopping=True,
        validation_fraction=0.2,
        max_iter=3,
        random_state=0,
    ).fit(images, np.array(["cat", "dog", "eel"])[numbers])
    several = ConvNetClassifier([Dense(4)], max_iter=2, random_state=0)
    several.fit(images, rng.integers(0, 2, (30, 3)))
    regressor = ConvNetRegressor(
        [Conv1D(4, 3, activation="gelu"), GlobalAvgPool1D()],
        loss="huber",
        n_iter_no_change=np.inf,
        max_iter=2,
        random_state=0,
    ).fit(signals, rng.normal(size=(30, 2)))
    transformer = ConvNetTransformer(ConvNetClassifier([Dense(4, activation="silu")], max_iter=1))
    transformer.fit(images, numbers)
    photographs = ConvNetClassifier([Conv2D(2, 3), MaxPool2D(2)], max_iter=2, random_state=0)
    with TemporaryDirectory() as folder:
        write_photographs(folder, 5)
        rows = ImageFolder(folder, (8, 12), channels=1, fit="pad")
        photographs.fit(rows, np.array(rows.target_names)[rows.target])
        rows = np.asarray(rows)
    options = dict(max_iter=2, batch_size=30, random_state=0)
    maps = ConvNetClassifier(MAP_LAYERS, **options).fit(images, numbers)
    steps = ConvNetClassifier(SIGNAL_LAYERS, **options).fit(signals, numbers)
    return {
        "maps": (maps, "predict_proba", images),
        "signals": (steps, "predict_proba", signals),
        "photographs": (photographs, "predict_proba", rows[::2]),
        "classifier": (classifier, "predict_proba", images),
        "multilabel": (several, "predict_proba", images),
        "regressor": (regressor, "predict", signals),
        "transformer": (transformer, "transform", images),
    }


def defaults():
    """Return {type: {field: default}} of all layers and augmentations of convnet."""
    kinds = [*layer_types().values(), *augmentation_types().values()]
    return {
        kind.__name__: {f.name: f.default for f in fields(kind) if f.default is not MISSING}
        for kind in sorted(kinds, key=lambda kind: kind.__name__)
        if kind.__module__.startswith("convnet.")
    }


def main():
    """Write each model in both formats, and one file of inputs, outputs and parameters."""
    path = FOLDER / f"format-{FORMAT}-expected.npz"
    expected = {}
    if path.exists():
        with np.load(path) as archive:
            expected = dict(archive)
    for name, (model, method, X) in models().items():
        if f"{name}/facts" in expected:  # written before
            continue
        for ending in ("npz", "safetensors"):
            model.save(FOLDER / f"format-{FORMAT}-{name}.{ending}")
        expected |= {f"{name}/X": X[:5], f"{name}/{method}": getattr(model, method)(X[:5])}
        params = {k: repr(v) for k, v in model.get_params(deep=False).items() if k != "estimator"}
        facts = {"params": params, "classes": getattr(model, "classes_", np.arange(0)).tolist()}
        facts["image_form"] = repr(getattr(model, "image_form_", None))
        expected[f"{name}/facts"] = np.array(json.dumps(facts))
    np.savez_compressed(path, **expected)
    path = FOLDER / f"format-{FORMAT}-defaults.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    recorded = {kind: own | known.get(kind, {}) for kind, own in defaults().items()}
    path.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", ConvergenceWarning)  # a few steps on noise
    main()
