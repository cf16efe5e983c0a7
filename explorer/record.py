"""Record what convnet computes, for the tests of the page's forward pass: python explorer/record.py.

Writes ``explorer/recorded/placements.json``: how photographs of several sizes fit into an input; and
``explorer/recorded/layers.json``: for each row of tests/layer_table.py, each activation and some whole nets, the
operations, the weights, an input, the output of each layer, some values as `trace` computes them, and the gradient of
a function of the outputs by the input and by each layer.
"""

import json
import sys
from base64 import b64encode
from pathlib import Path

import numpy as np

from convnet.data.images.form import FITS, ImageForm
from convnet.engine import ACTIVATIONS
from convnet.graph import Network
from convnet.inspection.explorer.net import describe_net
from convnet.inspection.trace import Trace
from convnet.layers import (
    Activation,
    BatchNorm,
    Conv2D,
    Dense,
    GlobalAvgPool2D,
    Parallel,
    Residual,
    SeparableConv2D,
)

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "tests"))
from layer_table import TABLE  # noqa: E402

VALUES = 20  # per layer, as trace computes them
NETS = {
    "residual": (
        [
            Residual(
                [Conv2D(4, 3, stride=2, padding="same"), BatchNorm()],
                activation="relu",
                drop_path=0.1,
            ),
            Residual([Conv2D(4, 3, padding="same", activation="tanh")]),
            GlobalAvgPool2D(),
            Dense(3, activation="softmax"),
        ],
        (8, 7, 2),
    ),
    "squeeze and excitation": (
        [
            SeparableConv2D(6, 3, padding="same", activation="silu"),
            Parallel([[], [GlobalAvgPool2D(), Dense(6, activation="sigmoid")]], merge="multiply"),
            Parallel([[Conv2D(2, 1)], [Conv2D(3, 3, padding="same")], []], merge="concat"),
            Parallel([[Conv2D(2, 1)], [Conv2D(2, 3, padding="same")], [Conv2D(2, 1)]], merge="mean"),
            Parallel([[Conv2D(2, 1)], [Conv2D(2, 3, padding="same")]], merge="max"),
        ],
        (6, 5, 3),
    ),
}  # fmt: skip


def encoded(values):
    """Return values as base64 of float32."""
    return b64encode(np.asarray(values, "<f4").tobytes()).decode("ascii")


def record(name, layers, input_shape):
    """Return what is recorded of a net with random weights, statistics included."""
    rng = np.random.default_rng(0)
    network = Network(layers, input_shape)
    plan = network.plan
    weights = {p.name: rng.normal(0, 0.5, p.shape).astype(np.float32) for p in plan.parameters}
    weights = {
        key: np.abs(array) + 0.5 if key.endswith(("variance", "deviation")) else array
        for key, array in weights.items()
    }
    network.set_weights(weights)
    image = rng.normal(size=(1, *input_shape)).astype(np.float32)
    trace = Trace(network, image)
    described = describe_net(plan, weights, 10**9)
    values = []
    for layer in trace.layers:
        shape = trace.feature_map(layer).shape
        for flat in rng.choice(
            int(np.prod(shape)), min(VALUES, int(np.prod(shape))), replace=False
        ):
            index = tuple(map(int, np.unravel_index(flat, shape)))
            computed = trace.at(layer, *index).computed
            values.append({"layer": layer, "index": index, "computed": computed})
    seed = rng.normal(size=(1, *plan.output_shape)).astype(np.float32)
    gradients = {layer: network.gradient(image, seed, layer) for layer in trace.layers}
    return {
        "name": name,
        "net": described.net,
        "weights": encoded(described.weights),
        "input": encoded(image),
        "outputs": {layer: encoded(trace.feature_map(layer)) for layer in trace.layers},
        "values": values,
        "seed": encoded(seed),
        "gradients": {
            "": encoded(network.gradient(image, seed)),
            **{layer: encoded(gradient) for layer, gradient in gradients.items()},
        },
    }


def main():
    cases = [(row.repr, [row.layer], row.input_shape) for row in TABLE]
    cases += [(f"activation {name}", [Activation(name)], (3, 4, 5)) for name in ACTIVATIONS]
    cases += [(name, layers, shape) for name, (layers, shape) in NETS.items()]
    folder = HERE / "recorded"
    folder.mkdir(exist_ok=True)
    path = folder / "layers.json"
    path.write_text(json.dumps([record(*case) for case in cases]), encoding="utf-8")
    print(f"{path}: {len(cases)} nets, {path.stat().st_size:,} bytes")
    (folder / "placements.json").write_text(json.dumps(placements()), encoding="utf-8")


def placements():
    """Return where images of several sizes are read and written for each fit."""
    found = []
    shapes = (8, 8, 3), (7, 5, 1), (1, 1, 3), (150, 100, 3)
    images = (24, 40), (40, 24), (8, 8), (3, 3), (5, 200), (101, 33)
    for fit in FITS:
        for shape in shapes:
            form = ImageForm(*shape, fit)
            for image in images:
                (y0, y1), (x0, x1) = form.source_region(*image)
                rows, columns = form.target_region(*image)
                found.append(
                    {
                        "fit": fit,
                        "shape": shape,
                        "image": image,
                        "source": [y0, x0, y1 - y0, x1 - x0],
                        "target": [
                            *(rows.start, columns.start),
                            *(rows.stop - rows.start, columns.stop - columns.start),
                        ],
                    }
                )
    return found


if __name__ == "__main__":
    main()
