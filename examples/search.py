"""Search over the layers of a net: single fields, then whole architectures.

The digits are flat, 64 features, so that a scaler can stand in front; `input_shape` makes them images again.
"""

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from convnet import ConvNetClassifier
from convnet.layers import BatchNorm, Conv2D, Dense, Dropout, MaxPool2D, ReLU

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)

small = [
    Conv2D(8, 3, activation="relu", name="stem"),
    MaxPool2D(2),
    Dropout(0.2),
    Dense(32, activation="relu"),
]
modern = [
    Conv2D(16, 3, padding="same", use_bias=False),
    BatchNorm(),
    ReLU(),
    MaxPool2D(2),
    Conv2D(32, 3, activation="relu"),
]

net = ConvNetClassifier(
    small, input_shape=(8, 8, 1), max_iter=10, learning_rate_init=3e-3, random_state=0
)
pipeline = make_pipeline(StandardScaler(), net)

grid = [
    {
        "convnetclassifier__layers__stem__filters": [8, 16],  # a layer by its name
        "convnetclassifier__layers__-1__units": [32, 64],  # or by its position
    },
    {"convnetclassifier__layers": [modern], "convnetclassifier__alpha": [1e-4, 1e-2]},
]
search = GridSearchCV(pipeline, grid, cv=3).fit(X_train, y_train)

results = search.cv_results_
for params, score in zip(results["params"], results["mean_test_score"], strict=True):
    print(f"{score:.3f}", ", ".join(f"{k.split('__', 1)[1]}={v}" for k, v in params.items()))
accuracy = search.score(X_test, y_test)
print(f"test accuracy of the best: {accuracy:.3f}")

assert accuracy > 0.95
assert net.layers is small, "a search never changes the layers it was given"
