"""
What the net sees at each layer
===============================

The outputs of all layers for one image, from strokes to the prediction.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import zoom
from sklearn.datasets import load_digits

import convnet
from convnet.inspection import ArchitectureDisplay, FeatureMapDisplay

# %%
# The net "mnist-small" comes with convnet and takes digits of 28×28 pixels. The digits of scikit-learn have 8×8 pixels,
# so we enlarge them. `ArchitectureDisplay` draws the layers with their output shapes.

net = convnet.load_pretrained("mnist-small")
digits = load_digits()
ink = np.clip(digits.images - 3, 0, 13) / 13
X = np.pad(zoom(ink, (1, 2.5, 2.5), order=1), ((0, 0), (4, 4), (4, 4)))
ArchitectureDisplay.from_estimator(net)

# %%
# All layers
# ----------
# Each row shows the eight strongest channels of a layer. The first convolution finds edges and strokes, the later ones
# find parts of digits. Pooling halves the size of the maps: it keeps what was found, and roughly where.

three = X[3]
print(net.predict(three[None]))
FeatureMapDisplay.from_estimator(net, three)

# %%
# One layer
# ---------
# These are all maps of the first ReLU. Some channels respond to edges in one direction, some to strokes, some to the
# empty background.

FeatureMapDisplay.from_estimator(net, three, "activation1")

# %%
# `feature_maps` returns the numbers behind the pictures; the display holds them as well.

maps = net.feature_maps(three[None], "activation1")
print(maps.shape, maps.dtype)
print("channels that are 0 everywhere:", int((maps.max(axis=(0, 1, 2)) == 0).sum()))
plt.show()
