"""What a convolution does: a kernel that finds vertical edges, set by hand.

`convnet.graph.Network` is the net below the estimator: its weights can be set and every map looked at.
"""

import numpy as np

from convnet.graph import Network
from convnet.layers import Activation, Conv2D, MaxPool2D

image = np.zeros((6, 6), np.float32)
image[:, :3] = 10  # bright on the left, dark on the right: one vertical edge
kernel = np.array([[1, 0, -1]] * 3, np.float32)  # left column minus right column


def show(title, maps):
    """Print the first channel of the first map."""
    print(f"{title}\n{maps[0, :, :, 0].astype(int)}\n")


show("image", image[None, :, :, None])
for padding in ("valid", "same"):
    network = Network(
        [
            Conv2D(1, 3, padding=padding, name="edges"),
            Activation("relu", name="bright_to_dark"),
            MaxPool2D(2, name="coarse"),
        ],
        input_shape=(6, 6, 1),
    )
    network.set_weights(
        {"edges/weights": kernel[:, :, None, None], "edges/bias": np.zeros(1, np.float32)}
    )
    X = image[None, :, :, None]
    edges = network.features(X, "edges")
    show(f"edges, padding={padding!r}", edges)
    show("after ReLU", network.features(X, "bright_to_dark"))
    show("after max-pooling", network.forward(X))
    if padding == "valid":
        assert (edges[0, :, :, 0] == [0, 30, 30, 0]).all()

    shifted = np.roll(X, -1, axis=2)
    shifted[:, :, -1] = 0
    moved = network.features(shifted, "edges")
    show("the edge one pixel further left: the map moves with it", moved)

    mirrored = network.features(X[:, :, ::-1], "bright_to_dark")
    assert padding == "same" or (mirrored == 0).all(), "dark to bright is another kernel's edge"
