"""
What a net gets wrong
=====================

The worst mistakes of a net, and what the images of each confusion have in common.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import zoom
from sklearn.datasets import load_digits

import convnet
from convnet.inspection import ConfusionDisplay, MistakesDisplay

# %%
# "mnist-small" was trained on the digits of MNIST. Other people wrote the digits of scikit-learn, and a coarser scanner
# read them: the net gets about one in ten wrong.

net = convnet.load_pretrained("mnist-small")
digits = load_digits()
ink = np.clip(digits.images - 3, 0, 13) / 13
X = np.pad(zoom(ink, (1, 2.5, 2.5), order=1), ((0, 0), (4, 4), (4, 4)))
y = digits.target
print(f"accuracy {net.score(X, y):.3f}")

# %%
# The worst mistakes
# ------------------
# The titles show the true digit, the predicted digit, and its probability. A person would get some of them wrong, too.

display = MistakesDisplay.from_estimator(net, X, y)
print("rows of X:", *display.rows)

# %%
# What they have in common
# ------------------------
# Rows are true digits, columns predicted ones. Each cell shows the mean image and the mean explanation: red is evidence
# for the predicted digit, blue evidence against it. The diagonal holds the correct predictions. The figure shows the
# five digits that are confused most often. Images in color and large images are not aligned like digits, so their cells
# show examples instead of means.

display = ConfusionDisplay.from_estimator(net, X, y, method="occlusion", value=0, n=5)

# %%
# The most frequent confusions as numbers:

confused = display.counts.copy()
confused[range(10), range(10)] = 0
for cell in confused.ravel().argsort()[:-6:-1]:
    true, predicted = divmod(cell, 10)
    print(f"{true} predicted as {predicted}: {confused[true, predicted]} times")
plt.show()
