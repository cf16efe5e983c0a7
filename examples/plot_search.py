"""
A search over architectures
===========================

Layers are plain values, so a search can compare whole architectures like any other parameter.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split

from convnet import ConvNetClassifier
from convnet.inspection import ArchitectureDisplay
from convnet.layers import BatchNorm, Conv2D, Dense, MaxPool2D, ReLU, Residual

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X.reshape(-1, 8, 8) / 16, y, train_size=900, stratify=y, random_state=0
)

# %%
# We compare four nets, from a single dense layer to a residual block.

architectures = {
    "dense": [Dense(64, activation="relu")],
    "one convolution": [Conv2D(16, 3, activation="relu"), MaxPool2D(2)],
    "two convolutions": [
        Conv2D(16, 3, padding="same", activation="relu"),
        MaxPool2D(2),
        Conv2D(32, 3, activation="relu"),
    ],
    "residual": [
        Conv2D(16, 3, padding="same", use_bias=False),
        BatchNorm(),
        ReLU(),
        Residual([Conv2D(16, 3, padding="same", use_bias=False), BatchNorm()], activation="relu"),
        MaxPool2D(2),
        Dense(32, activation="relu"),
    ],
}
search = GridSearchCV(
    ConvNetClassifier(max_iter=12, learning_rate_init=3e-3, random_state=0),
    {"layers": list(architectures.values())},
    cv=3,
).fit(X_train, y_train)
means, spreads = search.cv_results_["mean_test_score"], search.cv_results_["std_test_score"]
for name, mean, spread in zip(architectures, means, spreads, strict=True):
    print(f"{name:17} {mean:.3f} ± {spread:.3f}")

# %%
# Here are their scores and sizes. What the weights are used for matters more than how many there are.

sizes = []
for layers in architectures.values():
    net = ConvNetClassifier(layers, max_iter=1).fit(X_train, y_train)
    sizes.append(net.n_parameters_)
figure, ax = plt.subplots(figsize=(6, 2.6), layout="constrained")
places = range(len(means))
ax.errorbar(means, places, xerr=spreads, fmt="o", color="#0072B2", capsize=3)
names = [f"{name}\n{size:,} weights" for name, size in zip(architectures, sizes, strict=True)]
ax.set(yticks=places, yticklabels=names, ylim=(len(means) - 0.5, -0.5))
ax.set(xlabel="accuracy in three folds", title="Architectures in a search")

# %%
# The best architecture, with its shapes:

best = search.best_estimator_
print(f"test accuracy {best.score(X_test, y_test):.3f}")
ArchitectureDisplay.from_estimator(best)
plt.show()
