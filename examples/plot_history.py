"""
How training went, and which epoch was best
===========================================

With a validation set, `fit` keeps the weights of the best epoch. `HistoryDisplay` shows which one that was, and
compares several fits.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from convnet import ConvNetClassifier
from convnet.inspection import HistoryDisplay
from convnet.layers import Conv2D, Dense, Dropout, MaxPool2D

# %%
# A net soon memorizes 300 digits. `early_stopping` uses a fifth of them as the validation set and stops when its score
# has not improved for `n_iter_no_change` epochs.

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X.reshape(-1, 8, 8) / 16, y, train_size=300, stratify=y, random_state=0
)
layers = [Conv2D(16, 3, activation="relu"), MaxPool2D(2), Dense(128, activation="relu")]
settings = {
    "max_iter": 100,
    "learning_rate_init": 3e-3,
    "early_stopping": True,
    "validation_fraction": 0.2,
    "n_iter_no_change": 20,
    "random_state": 0,
}
clf = ConvNetClassifier(layers, **settings).fit(X_train, y_train)
HistoryDisplay.from_estimator(clf)

# %%
# The training loss keeps falling, the validation loss does not. The dotted line marks the best epoch; `fit` discards
# the weights of later epochs.

print(f"{clf.n_iter_} epochs, best epoch {clf.best_iter_}")
print(f"test accuracy {clf.score(X_test, y_test):.3f}")

# %%
# With dropout
# ------------
# Dropout sets half of the inputs of the dense layer to zero in each step. To compare the two fits, draw the second one
# on the axes of the first. With dropout, the net learns more slowly, but its best validation score is higher.

dropped = ConvNetClassifier([*layers[:2], Dropout(0.5), layers[2], Dropout(0.5)], **settings)
dropped.fit(X_train, y_train)
display = HistoryDisplay.from_estimator(clf, name="no dropout")
HistoryDisplay.from_estimator(dropped, ax=display.axes_, name="dropout")

# %%
# `history_` holds the curves as lists of numbers.

print(f"best epoch {dropped.best_iter_}")
print(f"test accuracy {dropped.score(X_test, y_test):.3f}")
for name, values in dropped.history_.items():
    print(f"{name:18}", np.round(values[:4], 3), "...")
plt.show()
