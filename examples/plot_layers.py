"""
What the net sees at each layer
===============================

An image on its way through a net: what each layer makes of it, from strokes to the answer.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import zoom
from sklearn.datasets import load_digits

import convnet
from convnet.inspection import ArchitectureDisplay, FeatureMapDisplay

# %%
# The net "mnist-small" comes with convnet and reads digits of 28×28 pixels. Those of scikit-learn have 8×8: they are
# enlarged.
# `ArchitectureDisplay` draws the layers with the shapes of what they put out.

net = convnet.load_pretrained("mnist-small")
digits = load_digits()
ink = np.clip(digits.images - 3, 0, 13) / 13
X = np.pad(zoom(ink, (1, 2.5, 2.5), order=1), ((0, 0), (4, 4), (4, 4)))
ArchitectureDisplay.from_estimator(net)

# %%
# The whole way
# -------------
# A row is a layer, with the eight channels that answer most. The first convolution finds edges and strokes,
# the later ones find parts of digits; pooling halves the maps, so that what stays is what was found and roughly where.

three = X[3]
print(net.predict(three[None]))
FeatureMapDisplay.from_estimator(net, three)

# %%
# One layer
# ---------
# All maps of the first ReLU: some channels answer to edges in one direction, some to strokes, some to the empty paper.

FeatureMapDisplay.from_estimator(net, three, "activation1")

# %%
# The numbers behind a picture are arrays, of `feature_maps` or of the display.

maps = net.feature_maps(three[None], "activation1")
print(maps.shape, maps.dtype)
print("channels that answer nowhere:", int((maps.max(axis=(0, 1, 2)) == 0).sum()))
plt.show()
