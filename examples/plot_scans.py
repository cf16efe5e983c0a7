"""
Gray scans: a rare finding, and where it is
===========================================

Medical images are gray, few, and most of them show nothing. This example makes such images up, trains a net on them,
and shows where it looks.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.metrics import confusion_matrix, roc_auc_score
from sklearn.model_selection import train_test_split

from convnet import ConvNetClassifier
from convnet.augment import RandomFlip, RandomTranslation
from convnet.inspection import ExplanationDisplay
from convnet.layers import BatchNorm, Conv2D, GlobalMaxPool2D, MaxPool2D, ReLU

# %%
# The images have 64×64 gray pixels of one byte: soft tissue, bright streaks, and noise. One in five has a nodule, a
# small blurred spot that is hardly brighter than what surrounds it.

SIDE, N = 64, 800
rng = np.random.default_rng(0)
rows, columns = np.mgrid[:SIDE, :SIDE]


def scan(has_nodule):
    """Return an image, uint8 (64, 64, 1), and the place of the nodule."""
    tissue = gaussian_filter(rng.normal(size=(SIDE, SIDE)), 8) * 300
    streaks = gaussian_filter(rng.normal(size=(SIDE, SIDE)), (1, 6)) * 40
    place = rng.uniform(10, SIDE - 10, size=2)
    distance = np.hypot(rows - place[0], columns - place[1])
    nodule = 28 * np.exp(-((distance / 3.5) ** 2)) * has_nodule
    image = 110 + tissue + streaks + nodule + rng.normal(scale=8, size=(SIDE, SIDE))
    return np.clip(image, 0, 255).astype(np.uint8)[..., None], place


y = np.where(rng.random(N) < 0.2, "nodule", "clear")
images, places = zip(*(scan(label == "nodule") for label in y), strict=True)
X, places = np.array(images), np.array(places)
X_train, X_test, y_train, y_test, _, places_test = train_test_split(
    X, y, places, test_size=0.3, stratify=y, random_state=0
)
print(X_train.shape, X_train.dtype, (y_train == "nodule").sum(), "with a nodule")

# %%
# A net that calls everything clear would be right in four of five images. `class_weight="balanced"` makes the rare
# class count as much as the other one. A scan may be mirrored and moved, so `augment` makes more of the few images.

clf = ConvNetClassifier(
    [
        *(Conv2D(8, 5, padding="same"), BatchNorm(), ReLU(), MaxPool2D(2)),
        *(Conv2D(16, 3, padding="same"), BatchNorm(), ReLU(), MaxPool2D(2)),
        *(Conv2D(32, 3, padding="same"), BatchNorm(), ReLU(), GlobalMaxPool2D()),
    ],
    augment=[RandomFlip("both"), RandomTranslation(0.1)],
    class_weight="balanced",
    max_iter=20,
    random_state=0,
)
clf.fit(X_train, y_train)
print(f"accuracy {clf.score(X_test, y_test):.3f}")
print(confusion_matrix(y_test, clf.predict(X_test)))
print(f"area under the ROC curve {roc_auc_score(y_test, clf.predict_proba(X_test)[:, 1]):.3f}")

# %%
# Where does it look?
# -------------------
# An occlusion map covers each part of an image in turn and measures how much the net's answer depends on it. Here are
# two nodules that it found. Nobody told it where they are.

found = np.flatnonzero((y_test == "nodule") & (clf.predict(X_test) == "nodule"))
ExplanationDisplay.from_estimator(
    clf, X_test[found[:2]], y_test[found[:2]], method=["gradcam", "occlusion"]
)

# %%
# We know the places, so we can count how often the strongest value of the map is within 8 pixels of the nodule.

maps = clf.explain(X_test[found], method="occlusion", target="nodule")
peaks = [np.unravel_index(one.argmax(), one.shape) for one in maps]
near = np.hypot(*(np.array(peaks) - places_test[found]).T) < 8
print(f"{near.sum()} of {len(near)} maps point at the nodule")
plt.show()
