"""
Which part of a time series does a prediction depend on?
========================================================

InceptionTime learns to tell apart events in noisy series. Explanations show that it finds them.
"""

import matplotlib.pyplot as plt
import numpy as np

from convnet import ConvNetClassifier

# %%
# Each series has one event, at a random time: a jump that fades away, a slow rise that ends in a fall, or a bump. All
# have the same height and lie on a baseline that drifts, so only the shape gives the class.

LENGTH, WIDTH = 64, 12
KINDS = ["jump", "fall", "bump"]
ramp = np.linspace(0, 1, WIDTH)
EVENTS = np.stack([1 - ramp, ramp, 1 - abs(2 * ramp - 1)])


def make_series(n, rng):
    """Return X of shape (n, length, 1), the classes, and the step at which each event begins."""
    y, start = rng.integers(3, size=n), rng.integers(LENGTH - WIDTH, size=n)
    X = rng.normal(size=(n, LENGTH)).cumsum(axis=1) / 10 + rng.normal(size=(n, LENGTH)) / 10
    for series, kind, first in zip(X, y, start, strict=True):
        series[first : first + WIDTH] += EVENTS[kind]
    X = (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
    return X[:, :, None], np.take(KINDS, y), start


rng = np.random.default_rng(0)
X, y, start = make_series(200, rng)
X_test, y_test, start_test = make_series(300, rng)

_, axes = plt.subplots(1, 3, figsize=(9, 2), sharey=True, layout="constrained")
for ax, kind in zip(axes, KINDS, strict=True):
    i = np.flatnonzero(y == kind)[0]
    ax.axvspan(start[i], start[i] + WIDTH - 1, color="0.9")
    ax.plot(X[i], color="black", linewidth=1)
    ax.set(title=kind, xlabel="step")

# %%
# 1-D layers take series of shape (n, length, channels). Training takes a few seconds.

clf = ConvNetClassifier("inceptiontime", max_iter=12, random_state=0).fit(X, y)
print(f"test accuracy {clf.score(X_test, y_test):.3f}")

# %%
# What the net looks at
# ---------------------
# `explain` returns a number for each step. Integrated gradients say how much the step contributes to the prediction,
# compared with a series of zeros: red is evidence for the class, blue evidence against it. Grad-CAM combines the maps
# of the last convolution. It goes from yellow to red, the strongest effect. InceptionTime never shortens the series, so
# these maps are as fine as the series. Gray marks the event, whose place the net was never told.

shown = [np.flatnonzero(y_test == kind)[0] for kind in KINDS]
maps = {
    "integrated gradients": clf.explain(X_test[shown], "integrated_gradients", steps=128),
    "Grad-CAM": clf.explain(X_test[shown], "gradcam"),
}
print({method: values.shape for method, values in maps.items()})

_, axes = plt.subplots(2, 3, figsize=(9, 4), sharex=True, sharey=True, layout="constrained")
for row, (method, explained) in zip(axes, maps.items(), strict=True):
    row[0].set_ylabel(method)
    for ax, i, values in zip(row, shown, explained, strict=True):
        size = abs(values).max()
        signed = {"cmap": "coolwarm", "vmin": -size, "vmax": size}
        colors = signed if values.min() < 0 else {"cmap": "YlOrRd", "vmin": 0}
        ax.axvspan(start_test[i], start_test[i] + WIDTH - 1, color="0.9")
        ax.scatter(range(LENGTH), X_test[i], 14, values, **colors)
        ax.plot(X_test[i], color="0.4", linewidth=0.7)
for top, bottom, kind in zip(*axes, KINDS, strict=True):
    top.set_title(kind)
    bottom.set_xlabel("step")

# %%
# Does this hold for all series?
# ------------------------------
# How much of Grad-CAM lies within the event? If the net looked everywhere, it would be 12 of 64 steps, or 0.19.

magnitude = clf.explain(X_test, "gradcam")
steps = np.arange(LENGTH) - start_test[:, None]
inside = (steps >= 0) & (steps < WIDTH)
share = (magnitude * inside).sum(axis=1) / magnitude.sum(axis=1)
print(f"median share within the event {np.median(share):.2f}")
plt.show()
