"""
One prediction, step by step
============================

`trace` works out one prediction with its numbers, so that it can be followed with a pencil.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from convnet import ConvNetClassifier
from convnet.inspection import FeatureMapDisplay
from convnet.layers import Conv2D, MaxPool2D

# %%
# A net that is small enough to write down: two kernels of 3×3, pooling, and the output layer.

digits = load_digits()
X, y = digits.images, digits.target
clf = ConvNetClassifier(
    [Conv2D(2, 3, activation="relu"), MaxPool2D(2)],
    max_iter=40,
    learning_rate_init=0.01,
    random_state=0,
)
clf.fit(X[:1500], y[:1500])
print(clf.summary())

# %%
# This is the image, and what the layers make of it.

FeatureMapDisplay.from_estimator(clf, X[1600])

# %%
# The numbers
# -----------
# From the prediction back to the image: the pixel shown of each layer is the one that adds most to what comes next.

trace = clf.trace(X[1600])
print(trace)

# %%
# Any pixel
# ---------
# `at` shows the same for any output value of any layer. Here it is the brightest pixel, whose patch, kernel and
# products are drawn: the sum of these, plus the bias, is its value.

maps = trace.feature_map("conv1")
step = trace.at("conv1", *np.unravel_index(maps.argmax(), maps.shape))
patch, kernel, products = step.patch[..., 0], step.kernel[..., 0], step.products[..., 0]
figure, axes = plt.subplots(1, 3, figsize=(6.5, 2.4), layout="constrained")
for ax, values, title in zip(
    axes, (patch, kernel, products), ("patch", "× kernel", "= products"), strict=True
):
    limit = abs(values).max()
    ax.imshow(values, cmap="RdBu_r", vmin=-1.4 * limit, vmax=1.4 * limit)
    for (i, j), value in np.ndenumerate(values):
        ax.text(j, i, f"{value:.3g}", ha="center", va="center")
    ax.set(xticks=[], yticks=[], title=title)
figure.suptitle(f"their sum {step.sum:.3f}, bias {step.bias:.3f}, after ReLU {step.value:.3f}")
assert np.isclose(max(step.sum + step.bias, 0), step.value, rtol=1e-5)
plt.show()
