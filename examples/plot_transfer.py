"""
Transfer learning
=================

A net trained on 60,000 digits helps to recognize other digits, of which only a few have labels. For the complete
comparison, with five seeds and fine-tuning, see [transfer_digits.py](../../examples/transfer_digits.py).
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import zoom
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import train_test_split

from convnet import ConvNetClassifier, load_pretrained
from convnet.inspection import ExplanationDisplay

# %%
# We enlarge scikit-learn's digits, so that they look like those that "mnist-small" was trained on.

digits = load_digits()
ink = np.clip(digits.images - 3, 0, 13) / 13
X = np.pad(zoom(ink, (1, 2.5, 2.5), order=1), ((0, 0), (4, 4), (4, 4)))
y = digits.target

# %%
# The layers up to "flatten" are the body of the new net. With `init_weights` they start with the trained weights, and
# with `freeze` they keep them. The head is new.

base = load_pretrained("mnist-small")
layers = base.layers_up_to("flatten")
body = {"init_weights": FrozenEstimator(base), "freeze": "until:pool3"}
sizes = [20, 50, 100, 200]
scores = {"from scratch": [], "frozen body": []}
for n in sizes:
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, train_size=n, stratify=y, random_state=0
    )
    for name, settings in zip(scores, ({}, body), strict=True):
        net = ConvNetClassifier(
            layers, max_iter=40, learning_rate_init=3e-3, random_state=0, **settings
        )
        net.fit(X_train, y_train)
        scores[name].append(net.score(X_test, y_test))
        print(f"{n:4} images, {name:13} {scores[name][-1]:.3f}")
print(net.init_report_)

# %%
# The fewer labels there are, the more transfer learning helps.

figure, ax = plt.subplots(figsize=(5, 3.2), layout="constrained")
for (name, values), color in zip(scores.items(), ("#0072B2", "#D55E00"), strict=True):
    ax.plot(sizes, values, marker="o", label=name, color=color)
ax.set(xscale="log", xticks=sizes, xticklabels=sizes, xlabel="labeled images")
ax.set(ylabel="test accuracy", title="40 epochs on few labels")
ax.minorticks_off()
ax.legend()

# %%
# Which pixels do the predictions of the new net depend on?
# ---------------------------------------------------------

ExplanationDisplay.from_estimator(
    net, X_test[:3], y_test[:3], method=["saliency", "occlusion"], value=0
)
plt.show()
