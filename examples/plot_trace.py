"""
One prediction, step by step
============================

`trace` shows the calculation of one prediction with all its numbers, so that you can follow it with a pencil.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from convnet import ConvNetClassifier
from convnet.inspection import FeatureMapDisplay
from convnet.layers import Conv2D, MaxPool2D

# %%
# This net is small enough to write down: two kernels of 3×3, pooling, and the output layer.

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
# This is an image, and the outputs of the layers.

FeatureMapDisplay.from_estimator(clf, X[1600])

# %%
# The numbers
# -----------
# For each layer, the trace shows the value that contributes most to the next value shown, from the image to the
# prediction.

trace = clf.trace(X[1600])
print(trace)

# %%
# Any pixel
# ---------
# `at` returns the same calculation for any output value of any layer. Here we draw the patch, the kernel and the
# products of the brightest pixel. Its value is the sum of the products plus the bias.

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
figure.suptitle(f"sum {step.sum:.3f}, bias {step.bias:.3f}, after ReLU {step.value:.3f}")
assert np.isclose(max(step.sum + step.bias, 0), step.value, rtol=1e-5)
plt.show()
