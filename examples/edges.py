"""What a convolution does: a filter for vertical edges, set by hand, with stride, padding, ReLU and pooling.

python examples/edges.py              draw in a window
python examples/edges.py edges.png    write the picture to a file
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

from convnet import ConvNetClassifier
from convnet.layers import Activation, Conv2D, MaxPool2D

image = np.zeros((6, 6))
image[:, :3] = 10  # the left half is bright, the right half is dark
X = np.stack([image, image[:, ::-1]])  # and the mirror image
y = ["bright to dark", "dark to bright"]
kernel = np.array([[1, 0, -1], [1, 0, -1], [1, 0, -1]])  # left column minus right column

NETS = {
    "stride 1": [Conv2D(1, 3, name="edges")],
    "stride 2": [Conv2D(1, 3, stride=2, name="edges")],
    'padding "same"': [Conv2D(1, 3, padding="same", name="edges")],
    "ReLU": [Conv2D(1, 3, name="edges"), Activation("relu")],
    "ReLU, max pooling": [Conv2D(1, 3, name="edges"), Activation("relu"), MaxPool2D(2)],
}


def edge_net(layers):
    """Return a net that is not trained: its filter is the kernel."""
    net = ConvNetClassifier(layers, random_state=0).initialize(X, y)
    return net.set_weights({"edges/weights": kernel.reshape(3, 3, 1, 1)})


def draw(ax, values, title, cmap, limit):
    """Draw a matrix with its numbers."""
    ax.imshow(values, cmap=cmap, vmin=-limit, vmax=limit)
    for (row, column), value in np.ndenumerate(values):
        ax.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=8)
    ax.set(xticks=[], yticks=[], title=title)


maps = {}
for title, layers in NETS.items():
    net = edge_net(layers)
    maps[title] = net.feature_maps(X, net.layers_[len(layers) - 1].name)[..., 0]
    print(f"{title}\n{maps[title][0].astype(int)}\n")

print("One value, step by step:")
print(edge_net(NETS["stride 1"]).trace(image).at("edges", 0, 1, 0))

figure, axes = plt.subplots(2, 2 + len(maps), figsize=(12, 4), layout="constrained")
for i, row in enumerate(axes):
    draw(row[0], X[i], y[i], "gray", 20)  # from -20, so that black numbers can be read on 0
    draw(row[1], kernel, "filter", "RdBu_r", 2)
    for ax, (title, both) in zip(row[2:], maps.items(), strict=True):
        draw(ax, both[i], title, "RdBu_r", 45)
if len(sys.argv) > 1:
    figure.savefig(sys.argv[1])
else:
    plt.show()
