"""
Filters, before and after training
==================================

A convolution lays a small kernel of weights on every place of the image. `FilterDisplay` draws the kernels: red weights
add, blue ones subtract.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from convnet import ConvNetClassifier
from convnet.inspection import FeatureMapDisplay, FilterDisplay
from convnet.layers import Conv2D, GlobalMaxPool2D

# %%
# A net of one convolution with large kernels learns to tell the digits. These are its kernels at the beginning.

digits = load_digits()
X, y = digits.images / 16, digits.target
layers = [Conv2D(12, 5, activation="relu", name="strokes"), GlobalMaxPool2D()]
fresh = ConvNetClassifier(layers, max_iter=1, learning_rate_init=1e-6, random_state=0).fit(X, y)
FilterDisplay.from_estimator(fresh)

# %%
# They are random: one epoch at next to no learning rate left them as they were. After eighty epochs they have grown
# shapes, slopes and bars and corners, and their weights are five times as large.

clf = ConvNetClassifier(layers, max_iter=80, learning_rate_init=5e-3, random_state=0).fit(X, y)
print(f"accuracy {clf.score(X, y):.3f}")
FilterDisplay.from_estimator(clf)

# %%
# What they find
# --------------
# Where a filter's stroke is in the image, its map is bright. The largest value of each map is all that the output layer
# gets to see of it.

FeatureMapDisplay.from_estimator(clf, X[4], "strokes")

# %%
# `weights_` has the numbers: (height, width, channels of the input, filters).

kernels = clf.weights_["strokes/weights"]
print(kernels.shape)
strongest = int(np.square(kernels).sum(axis=(0, 1, 2)).argmax())
print(f"filter {strongest}, the strongest:")
print(np.round(kernels[:, :, 0, strongest], 1))
plt.show()
