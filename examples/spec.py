"""An architecture as data: JSON, YAML and Python write the same net."""

import pickle

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from convnet import ConvNetClassifier
from convnet.layers import Conv2D, Dense, MaxPool2D, as_layers, to_json, to_yaml

FROM_JSON = """
[
  {"type": "Conv2D", "filters": 16, "kernel_size": 3, "activation": "relu"},
  {"type": "MaxPool2D"},
  {"type": "Dense", "units": 64, "activation": "relu"}
]
"""
layers = (Conv2D(16, 3, activation="relu"), MaxPool2D(2), Dense(64, activation="relu"))
assert as_layers(FROM_JSON) == layers
assert as_layers(to_json(layers)) == layers

try:
    print(to_yaml(layers))
    assert as_layers(to_yaml(layers)) == layers
except ImportError as error:  # PyYAML is optional
    print(error)

X, y = load_digits(return_X_y=True)
X = X.reshape(-1, 8, 8) / 16
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)

clf = ConvNetClassifier(FROM_JSON, max_iter=15, learning_rate_init=3e-3, random_state=0)
print(clf.summary(X_train))
clf.fit(X_train, y_train)
print(f"test accuracy: {clf.score(X_test, y_test):.3f}")

same = ConvNetClassifier(list(layers), max_iter=15, learning_rate_init=3e-3, random_state=0)
same.fit(X_train, y_train)
assert (same.predict_proba(X_test) == clf.predict_proba(X_test)).all()

restored = pickle.loads(pickle.dumps(clf))
assert (restored.predict_proba(X_test) == clf.predict_proba(X_test)).all()
assert clf.score(X_test, y_test) > 0.95
