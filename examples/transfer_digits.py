"""Transfer: a net of MNIST reads other digits, of which 100 have labels.

scikit-learn's digits are 8×8 images. Enlarged to look like MNIST's they suit the net "mnist-small", which comes with
convnet. Its layers up to "flatten" are the body of a new net whose output layer, the head, begins at random, although
the classes are the same ones: so it goes for classes that the old net has never heard of. Two ways to train it:

- frozen body: the head alone learns; the body's outputs are computed once and kept.
- fine-tuning: the later convolutions learn as well, at a tenth of the learning rate; the first stays as it is.

Both are compared with the same net from scratch. All have the default settings and train until their loss falls no
more, which takes the net from scratch about a hundred epochs.
"""

import numpy as np
from scipy.ndimage import zoom
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import train_test_split

from convnet import ConvNetClassifier, load_pretrained

SEEDS = range(5)  # of the choice of the 100 images as well as of the net


def like_mnist(images):
    """Return 8×8 images of 0 to 16 as 20×20 ones in the middle of 28×28, uint8."""
    ink = np.clip((images - 3) / 13, 0, 1)  # strokes as thin as those of a pen
    large = zoom(ink, (1, 2.5, 2.5), order=1, mode="nearest", grid_mode=True)  # bilinear
    return np.pad(255 * large, ((0, 0), (4, 4), (4, 4))).round().astype(np.uint8)


digits = load_digits()
X, y = like_mnist(digits.images), digits.target

base = load_pretrained("mnist-small")
layers = base.layers_up_to("flatten")  # with the names by which weights find their layers
body = {"init_weights": FrozenEstimator(base)}
strategies = {
    "from scratch": {},
    "frozen body": {**body, "freeze": "until:pool3"},
    "fine-tuning": {
        **body,
        "freeze": "until:pool1",
        "layer_learning_rates": {"until:pool3": 0.1},
    },
}

print(f"{len(layers)} layers up to flatten, 100 labelled images, {len(X) - 100} to test on")
print(f"{'':14}epochs  test accuracy of each seed, in %   mean")
means = {}
for name, settings in strategies.items():
    scores = []
    for seed in SEEDS:
        X_train, X_test, y_train, y_test = train_test_split(
            X, y, train_size=100, stratify=y, random_state=seed
        )
        net = ConvNetClassifier(layers, max_iter=300, random_state=seed, **settings)
        net.fit(X_train, y_train)
        if settings:
            assert net.init_report_["missing"] == ["output"], "the head begins at random"
        scores.append(100 * net.score(X_test, y_test))
    means[name] = np.mean(scores)
    each = " ".join(f"{score:.1f}" for score in scores)
    print(f"{name:14}{net.n_iter_:6}  {each:32}  {means[name]:.1f}")

for name in ("frozen body", "fine-tuning"):
    gain = means[name] - means["from scratch"]
    print(f"{name}: {gain:+.1f} points")
    assert gain >= 5
