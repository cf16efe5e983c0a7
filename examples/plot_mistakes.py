"""
What a net gets wrong
=====================

The mistakes that a net is surest of, and what the images of each confusion have in common.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import zoom
from sklearn.datasets import load_digits

import convnet
from convnet.inspection import ConfusionDisplay, MistakesDisplay

# %%
# "mnist-small" has learnt the digits of MNIST. Those of scikit-learn come from other writers and a coarser scan: of
# ten of them it gets about one wrong.

net = convnet.load_pretrained("mnist-small")
digits = load_digits()
ink = np.clip(digits.images - 3, 0, 13) / 13
X = np.pad(zoom(ink, (1, 2.5, 2.5), order=1), ((0, 0), (4, 4), (4, 4)))
y = digits.target
print(f"accuracy {net.score(X, y):.3f}")

# %%
# The worst ones
# --------------
# Above each image what it is, what it was taken for, and the probability that the net gave to that. Some of them a
# person would get wrong as well.

display = MistakesDisplay.from_estimator(net, X, y)
print("rows of X:", *display.rows)

# %%
# What they have in common
# ------------------------
# A row is a true digit, a column what it was taken for. Each cell has the mean image and, in red, what spoke for this
# answer on average; in blue what spoke against it. On the diagonal are the right answers. Drawn are
# the five digits that are most often confused.

display = ConfusionDisplay.from_estimator(net, X, y, method="occlusion", n=5)

# %%
# The same as numbers: the most frequent confusions.

confused = display.counts.copy()
confused[range(10), range(10)] = 0
for cell in confused.ravel().argsort()[:-6:-1]:
    true, predicted = divmod(cell, 10)
    print(f"{true} taken for {predicted}: {confused[true, predicted]} times")
plt.show()
