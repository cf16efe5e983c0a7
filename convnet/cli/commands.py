"""What train and predict do."""

import csv
import sys

import numpy as np

from convnet import ConvNetClassifier
from convnet.cli.data import new_data, training_data
from convnet.cli.files import check_model_path, load_model, write_model
from convnet.persistence.files import check_path, replaced

DIGITS = [
    {"type": "Conv2D", "filters": 32, "kernel_size": 3, "padding": "same"},
    {"type": "BatchNorm"},
    {"type": "ReLU"},
    {"type": "MaxPool2D"},
    {"type": "Conv2D", "filters": 64, "kernel_size": 3, "padding": "same"},
    {"type": "BatchNorm"},
    {"type": "ReLU"},
    {"type": "Dropout", "rate": 0.25},
    {"type": "Dense", "units": 64, "activation": "relu"},
    {"type": "Dropout", "rate": 0.25},
]


def train(args):
    """Train, write the model, print its accuracy; `args.written` is set once there is a model to keep."""
    check_model_path(args.out)
    layers = args.layers or (DIGITS if args.data == "digits" else "auto")
    X, y, X_test, y_test = training_data(args.data, args.test_size, args.seed)
    clf = ConvNetClassifier(
        layers,
        batch_size=args.batch_size,
        learning_rate="cosine",
        learning_rate_init=args.learning_rate,
        max_iter=args.epochs,
        random_state=args.seed,
        verbose=not args.quiet,
        n_jobs=args.jobs,
    )
    clf.fit(X, y)
    write_model(clf, args.out)
    args.written = f"the model was written to {args.out}"
    if not args.quiet:
        print(f"\n{clf.summary()}\n")
    if X_test is not None:
        _print_test(clf, X_test, y_test)
    print(f"model written to {args.out}")


def _print_test(clf, X, y):
    from sklearn.metrics import confusion_matrix

    predicted = clf.predict(X)
    print(f"test accuracy: {np.mean(predicted == y):.4f} on {len(y)} rows\n")
    labels = np.union1d(clf.classes_, y)
    table = confusion_matrix(y, predicted, labels=labels)
    names = [str(label) for label in labels]
    width = max(map(len, [*names, str(table.max())])) + 2
    print("confusion: a row is a true label, a column a predicted one")
    print(" " * width + "".join(name.rjust(width) for name in names))
    for name, row in zip(names, table, strict=True):
        print(name.rjust(width) + "".join(str(n).rjust(width) for n in row))
    print()


def predict(args):
    """Write labels and probabilities."""
    if args.csv is not None:
        check_path("--csv", args.csv)
    clf = load_model(args.model, ConvNetClassifier)
    if args.jobs is not None:
        clf.set_params(n_jobs=args.jobs)
    X = new_data(args.data)
    p = clf.predict_proba(X)
    labels = _labels(clf, p, several=clf.predict(X[:1]).ndim == 2)
    if args.csv is None:
        args.written = "the rows are not complete"
        _write_csv(sys.stdout, clf.classes_, labels, p)
        return
    with replaced(args.csv, text=True) as file:
        _write_csv(file, clf.classes_, labels, p)
    args.written = f"{args.csv} was written"


def _labels(clf, p, *, several):
    """Return the likeliest label of each row, or the numbers of `several` that are likelier than not."""
    if several:
        return [" ".join(map(str, clf.classes_[row > 0.5])) for row in p]
    return clf.classes_[p.argmax(axis=1)]


def _write_csv(file, classes, labels, p):
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["label", *(f"p_{name}" for name in classes)])
    writer.writerows(
        [label, *(f"{value:.6g}" for value in row)] for label, row in zip(labels, p, strict=True)
    )
