"""
Photographs, from augmentation to explanation
=============================================

How `augment` changes the training images, what the channels of a net respond to, and where it looks.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_images
from sklearn.model_selection import train_test_split

from convnet import ConvNetClassifier
from convnet.augment import RandomBrightness, RandomFlip, RandomRotation, RandomZoom
from convnet.inspection import AugmentDisplay, ExplanationDisplay, MaximalPatchesDisplay
from convnet.layers import Conv2D, GlobalMaxPool2D, MaxPool2D

# %%
# scikit-learn comes with two photographs, of a temple and of a flower. We cut each one into squares of 64×64 pixels,
# which the net learns to tell apart.

SIDE = 64
X, y = [], []
for name, photograph in zip(("temple", "flower"), load_sample_images().images, strict=True):
    height, width, _ = photograph.shape
    for top in range(0, height - SIDE + 1, SIDE):
        for left in range(0, width - SIDE + 1, SIDE):
            X.append(photograph[top : top + SIDE, left : left + SIDE])
            y.append(name)
X_train, X_test, y_train, y_test = train_test_split(
    np.array(X), np.array(y), test_size=0.3, stratify=y, random_state=0
)
print(X_train.shape, X_test.shape)

# %%
# Augmented images
# ----------------
# `augment` changes each training image at random, in another way in each epoch. `AugmentDisplay` needs no fitted net:
# look at the images before you train. Here are those with the largest contrasts.

layers = [
    *(Conv2D(16, 3, activation="relu"), MaxPool2D(2)),
    *(Conv2D(16, 3, activation="relu"), MaxPool2D(2)),
    *(Conv2D(32, 3, activation="relu"), GlobalMaxPool2D()),
]
augment = [RandomFlip(), RandomRotation(15), RandomZoom(0.2), RandomBrightness(0.2)]
clf = ConvNetClassifier(layers, augment=augment, max_iter=30, random_state=0)
varied = np.argsort(-X_train.std(axis=(1, 2, 3)))
AugmentDisplay.from_estimator(clf, X_train[varied], n=2, n_copies=4)

# %%
# What the channels respond to
# ----------------------------
# For each channel, `MaximalPatchesDisplay` shows the patches that activate it most, each from another image. Parts
# beyond the border of the image are light gray. Several channels respond to the plain green background of the flower:
# its color is enough to tell the photographs apart.

clf.fit(X_train, y_train)
print(f"test accuracy {clf.score(X_test, y_test):.3f}")
MaximalPatchesDisplay.from_estimator(clf, X_train, "conv3", n=8, n_channels=6)

# %%
# Where the net looks
# -------------------
# The photograph stays visible under the maps. Grad-CAM and saliency go from red to yellow, the strongest effect.
# Occlusion has a sign: red is evidence for the prediction, blue evidence against it.

rows = np.argsort(-X_test.std(axis=(1, 2, 3)))[:3]
methods = ["gradcam", "saliency", "occlusion"]
ExplanationDisplay.from_estimator(clf, X_test[rows], y_test[rows], method=methods)
plt.show()
