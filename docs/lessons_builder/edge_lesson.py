"""The edge image: one kernel on an image of 6×6 pixels, with numbers that can be changed."""

import numpy as np
from lesson_text import fill, read

import convnet
from convnet.graph import Network
from convnet.inspection.explorer import (
    Explanations,
    FinalFunction,
    Samples,
    make_document,
    write_page,
)
from convnet.layers import Activation, Conv2D, MaxPool2D

PANELS = ("images", "lab", "detail", "costs")
EDGE = np.repeat([[10, 10, 10, 0, 0, 0]], 6, axis=0)
IMAGES = np.array([EDGE, np.roll(EDGE, -1, axis=1) * (np.arange(6) < 3), EDGE[:, ::-1], EDGE.T])
VERTICAL = np.repeat([[1, 0, -1]], 3, axis=0)
KERNELS = {
    "vertical": VERTICAL,
    "horizontal": VERTICAL.T,
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "sum": np.ones((3, 3)),
    "identity": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
}


def build(path, *, language="en"):
    """Write the page in a language and return it as an `ExplorerPage`."""
    content = read("edge", language)
    net = Network([Conv2D(1, 3, use_bias=False), Activation("relu"), MaxPool2D(2)], (6, 6, 1))
    net.set_weights({"conv1/weights": VERTICAL.reshape(3, 3, 1, 1)})
    images = IMAGES[..., None].astype(np.float32)
    outputs = net.forward(images).reshape(len(images), -1)
    names = content["images"]
    samples = Samples(
        images=images,
        scale=1.0,
        largest=10.0,
        names=names,
        predictions=[""] * len(names),
        labels=[None] * len(names),
        correct=[None] * len(names),
        losses=[None] * len(names),
        outputs=outputs,
        values=outputs.astype(np.float64),
    )
    weights = EDGE.size * net.plan.named["conv1"].output_shape[0] ** 2
    text = fill(
        content,
        {"n_dense": weights, "n_weights": VERTICAL.size},
        PANELS,
        {content["kernels"][name]: values for name, values in KERNELS.items()},
    )
    document = make_document(
        net.plan,
        net.get_weights(),
        samples,
        FinalFunction("identity", [str(i) for i in range(outputs.shape[1])]),
        Explanations(None, [0] * len(images), {}, {}, {}),  # the page does not show any
        title=text.title,
        estimator="Network",
        version=convnet.__version__,
        lesson=text.lesson,
    )
    return write_page(document, str(path))
