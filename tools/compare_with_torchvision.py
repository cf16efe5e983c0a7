"""Compares the presets of published nets with torchvision and timm: logits and numbers of parameters.

    python tools/compare_with_torchvision.py write FOLDER            # needs torchvision, timm and safetensors
    python tools/compare_with_torchvision.py check FOLDER [--order]  # needs convnet

The two can run in different environments. "write" makes each net with random weights and running statistics, and saves
its state_dict as NET.pth and NET.safetensors, and images with the logits that it computes for them as NET.npz. "check"
starts the preset from each of the files and compares; --order ignores the name maps, without which sorted files of some
nets are refused. It fails if logits differ by more than 1e-4 of their range, or if a layer is left over.

Two nets are changed to what the presets are. SqueezeNet's ReLU before the last pooling is left out, because the output
layer of convnet has none. timm's MobileNetV3 gets torchvision's epsilon, which weight files do not contain either.
timm's efficientnet_lite0 is not compared: it has another padding than the preset, which tf_efficientnet_lite0 has.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

PRESETS = {
    "torchvision": {
        **{name: name for name in ("resnet18", "resnet34", "resnet50", "vgg16", "densenet121")},
        **{"mobilenet_v2": "mobilenet-v2", "mobilenet_v3_small": "mobilenet-v3-small"},
        **{"efficientnet_b0": "efficientnet-b0", "squeezenet1_1": "squeezenet1-1"},
    },
    "timm": {
        **{name: name for name in ("resnet18", "resnet34", "resnet50", "vgg16", "densenet121")},
        **{"mobilenetv2_100": "mobilenet-v2", "mobilenetv3_small_100": "mobilenet-v3-small"},
        **{"efficientnet_b0": "efficientnet-b0", "tf_efficientnet_lite0": "efficientnet-lite0"},
    },
}
SIZE, CLASSES, TOLERANCE = 224, 1000, 1e-4


def write(folder: Path) -> None:
    """Save weights, images and logits of each net."""
    import safetensors.torch
    import timm
    import torch
    import torchvision

    make = {
        "torchvision": lambda name: getattr(torchvision.models, name)(weights=None),
        "timm": lambda name: timm.create_model(name, pretrained=False),
    }
    images = np.random.default_rng(0).normal(size=(3, SIZE, SIZE, 3)).astype(np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    for source, names in PRESETS.items():
        for name in names:
            torch.manual_seed(0)
            module = make[source](name).eval()
            if name == "squeezenet1_1":
                module.classifier[2] = torch.nn.Identity()
            for norm in module.modules():
                if not isinstance(norm, torch.nn.BatchNorm2d):
                    continue
                norm.eps = 1e-3 if name == "mobilenetv3_small_100" else norm.eps
                torch.nn.init.uniform_(norm.weight, 0.8, 1.2)
                torch.nn.init.normal_(norm.bias, std=0.1)
                norm.running_mean.normal_(std=0.1)
                norm.running_var.uniform_(0.8, 1.2)
            with torch.no_grad():
                logits = module(torch.from_numpy(images.transpose(0, 3, 1, 2).copy())).numpy()
            path = folder / f"{source}.{name}"
            state = module.state_dict()
            torch.save(state, f"{path}.pth")
            safetensors.torch.save_file(state, f"{path}.safetensors")
            n_parameters = sum(tensor.numel() for tensor in module.parameters())
            np.savez(f"{path}.npz", images=images, logits=logits, n_parameters=n_parameters)
            print(f"{source} {name}: {n_parameters:,} parameters")


def check(folder: Path, by_order: bool) -> int:
    """Compare each preset with the nets, and return the number of files that differ."""
    from convnet import ConvNetClassifier
    from convnet.layers import as_layers

    y = np.repeat(np.arange(CLASSES), 2)
    failures = 0
    for source, names in PRESETS.items():
        for name, preset in names.items():
            path = folder / f"{source}.{name}"
            known = np.load(f"{path}.npz")
            X = np.broadcast_to(known["images"][:1], (len(y), SIZE, SIZE, 3))
            for ending in ("pth", "safetensors"):
                layers = as_layers(preset) if by_order else preset
                clf = ConvNetClassifier(layers, init_weights=f"{path}.{ending}", rescale=None)
                what = f"{source} {name} .{ending}"
                try:
                    clf.initialize(X, y)
                except ValueError as error:
                    print(f"FAILS  {what}: {error}")
                    failures += 1
                    continue
                statistics = sum(
                    array.size for key, array in clf.weights_.items() if "/moving_" in key
                )
                learned = clf.n_parameters_ - statistics
                logits = clf._outputs(known["images"])
                error = np.abs(logits - known["logits"]).max() / np.ptp(known["logits"])
                report = clf.init_report_
                same = (
                    error <= TOLERANCE
                    and learned == known["n_parameters"]
                    and not report["missing"]
                    and not report["unexpected"]
                )
                failures += not same
                print(
                    f"{'agrees' if same else 'FAILS '} {what}: largest difference {error:.1e}, {learned:,} parameters "
                    f"(there {int(known['n_parameters']):,}), missing {report['missing']}, "
                    f"unexpected {report['unexpected']}"
                )
    return failures


def main() -> None:
    """Run one of the two commands."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=("write", "check"))
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--order", action="store_true", help="match by order and shape, without name maps"
    )
    arguments = parser.parse_args()
    if arguments.command == "write":
        write(arguments.folder)
    else:
        sys.exit(bool(check(arguments.folder, arguments.order)))


if __name__ == "__main__":
    main()
