"""
Filters, before and after training
==================================

A convolution applies a small kernel of weights at every position of the image. `FilterDisplay` draws the kernels: red
weights are positive, blue ones negative.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from convnet import ConvNetClassifier
from convnet.inspection import FeatureMapDisplay, FilterDisplay, MaximalPatchesDisplay
from convnet.layers import Conv2D, GlobalMaxPool2D

# %%
# A net with a single convolution learns to recognize digits. These are its kernels before training.

digits = load_digits()
X, y = digits.images / 16, digits.target
layers = [Conv2D(12, 5, activation="relu", name="strokes"), GlobalMaxPool2D()]
clf = ConvNetClassifier(layers, max_iter=80, learning_rate_init=5e-3, random_state=0)
clf.initialize(X, y)
FilterDisplay.from_estimator(clf)

# %%
# They are random. After eighty epochs the kernels look like slopes, bars and corners, and the largest weight is six
# times as large.

clf.fit(X, y)
print(f"accuracy {clf.score(X, y):.3f}")
FilterDisplay.from_estimator(clf)

# %%
# What the filters find
# ---------------------
# The map of a filter is bright where the image contains its stroke. The output layer sees only the largest value of
# each map.

FeatureMapDisplay.from_estimator(clf, X[4], "strokes")

# %%
# Which parts of the images activate the filters most?

MaximalPatchesDisplay.from_estimator(clf, X, "strokes", n=8, n_channels=4)

# %%
# `weights_` holds the numbers, with shape (height, width, input channels, filters).

kernels = clf.weights_["strokes/weights"]
print(kernels.shape)
strongest = int(np.square(kernels).sum(axis=(0, 1, 2)).argmax())
print(f"filter {strongest}, the strongest:")
print(np.round(kernels[:, :, 0, strongest], 1))
plt.show()
