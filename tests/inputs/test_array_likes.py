"""X, y and weights of other libraries, and objects that are not arrays."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone

import convnet
from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer, inspection
from convnet.layers import Conv1D, Conv2D, Dense

N = 30
CODES = np.arange(N) % 3
TEXTS = np.array([f"class {code}" for code in CODES])
SHUFFLED = np.random.default_rng(0).permutation(
    np.linspace(0, 1, N)
)  # positions that are not labels of each other
X = np.random.default_rng(0).random((N, 6, 6)) + CODES[:, None, None]


class Column:
    """A column of another library: what they have in common is ``__array__``.

    Indexing it, or calling a method of the name that another library has, fails.
    """

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)

    def __len__(self):
        return len(self.values)

    def __getitem__(self, key):
        raise AssertionError("indexed before it is an array")

    def to_numpy(self):
        return np.asarray(self.values)


def targets(values):
    """Return y in the types of other libraries, by name."""
    found = {
        "list": values.tolist(),
        "tuple": tuple(values.tolist()),
        "column": Column(values),
        "series": pd.Series(values, index=SHUFFLED),
        "nullable": pd.Series(values, index=SHUFFLED).convert_dtypes(),
        "categorical": pd.Series(pd.Categorical(values), index=SHUFFLED),
        "index": pd.Index(values),
        "extension array": pd.array(values),
    }
    try:
        import polars as pl

        found |= {"polars": pl.Series(values)}
    except ImportError:
        pass
    try:
        import pyarrow as pa

        found |= {
            "pyarrow": pa.array(values),
            "chunked": pa.chunked_array([values[:7], values[7:]]),
        }
    except ImportError:
        pass
    return found


def model():
    return ConvNetClassifier([Conv2D(2, 3)], max_iter=1, random_state=0)


@pytest.mark.parametrize("values", [CODES, TEXTS], ids=["codes", "texts"])
@pytest.mark.parametrize("kind", targets(CODES))
def test_y_of_any_library(kind, values):
    y = targets(values)[kind]
    plain = model().fit(X, values)
    want = plain.predict_proba(X)
    net = model().fit(X, y)
    np.testing.assert_array_equal(net.predict_proba(X), want)
    assert net.predict(X).tolist() == plain.predict(X).tolist()
    assert net.score(X, y) == plain.score(X, values)
    validated = model().set_params(scoring="accuracy").fit(X, y, X_val=X, y_val=y)
    assert validated.validation_scores_ == [net.score(X, values)]
    split = [model().set_params(early_stopping=True).fit(X, one) for one in (y, values)]
    assert split[0].validation_scores_ == split[1].validation_scores_
    partial = [model().partial_fit(X, one, classes=one) for one in (y, values)]
    np.testing.assert_array_equal(partial[0].predict_proba(X), partial[1].predict_proba(X))
    assert net.summary(X, y).n_parameters == clone(net).summary(X, y).n_parameters
    assert ConvNetTransformer(model()).fit(X, y).transform(X).shape == (N, 32)
    whole = model().set_params(batch_size=len(y))
    assert convnet.find_learning_rate(whole, X, y, steps=5).losses.shape == (5,)
    np.testing.assert_array_equal(
        net.explain_confusion(X, y, "saliency").counts,
        plain.explain_confusion(X, values, "saliency").counts,
    )
    np.testing.assert_array_equal(
        net.explain(X, "saliency", target=y), plain.explain(X, "saliency", target=values)
    )


@pytest.mark.parametrize("kind", sorted({*targets(CODES.astype(float))} - {"categorical"}))
def test_numbers_and_weights_of_any_library(kind):
    numbers = np.linspace(1, 2, N)
    weights = np.linspace(0, 1, N)
    y, w = targets(numbers)[kind], targets(weights)[kind]
    net = ConvNetRegressor([Dense(2)], max_iter=1, random_state=0)
    want = clone(net).fit(X, numbers, weights)
    net.fit(X, y, w, X_val=X, y_val=y, sample_weight_val=w)
    np.testing.assert_array_equal(net.predict(X), want.predict(X))
    assert net.score(X, y, w) == want.score(X, numbers, weights)


def test_frames_with_a_shuffled_index_in_displays():
    import matplotlib.pyplot as plt

    frame = pd.DataFrame(X.reshape(N, 36), index=SHUFFLED).rename(columns=str)
    net = model().set_params(input_shape=(6, 6)).fit(frame, CODES)
    labels = pd.Series(CODES, index=SHUFFLED)
    for display in (
        inspection.ExplanationDisplay,
        inspection.MistakesDisplay,
        inspection.ConfusionDisplay,
    ):
        display.from_estimator(net, frame, labels)
    plt.close("all")


def not_arrays(name):
    """Return objects that can only be iterated over, and what a message says of them."""
    return [
        ((i for i in range(N)), rf"{name} is a generator, .* such as list\({name}\)"),
        (map(int, CODES), rf"{name} is a map, "),
        (set(range(N)), rf"{name} is a set, which has no order"),
        (dict.fromkeys(range(N)), rf"{name} is a dict\. .* such as list\({name}\.values\(\)\)"),
        (dict.fromkeys(range(N)).values(), rf"{name} is a dict_values, .* such as list\({name}\)"),
    ]


@pytest.mark.parametrize("i", range(5))
def test_what_can_only_be_iterated_over(i):
    def refused(name, call, about=""):
        value, message = not_arrays(name)[i]
        with pytest.raises(TypeError, match=about + message):
            call(value)

    net, fitted = model(), model().fit(X, CODES)
    refused("X", lambda value: net.fit(value, CODES))
    refused("X", fitted.predict)
    refused("y", lambda value: net.fit(X, value))
    refused("y", lambda value: net.partial_fit(X, value))
    refused("y", lambda value: fitted.score(X, value))
    refused("y", lambda value: net.summary(X, value))
    refused("y", lambda value: ConvNetRegressor().fit(X, value))
    refused("classes", lambda value: net.partial_fit(X, CODES, value))
    refused("x", fitted.trace)
    refused("baseline", lambda value: fitted.explain(X, "integrated_gradients", baseline=value))
    refused("sample_weight", lambda value: net.fit(X, CODES, value))
    refused("X", lambda value: net.fit(X, CODES, X_val=value, y_val=CODES), "X_val: ")
    refused("y", lambda value: net.fit(X, CODES, X_val=X, y_val=value), "y_val: ")


def test_a_sparse_indicator_and_lists_of_labels():
    indicator = sp.csr_matrix(np.eye(3, dtype=int)[CODES] | [1, 0, 0])
    assert model().fit(X, indicator).score(X, indicator) <= 1
    lists = [["a"] * (1 + i % 2) for i in range(N)]
    objects = np.empty(N, object)
    objects[:] = lists
    for y in (lists, tuple(lists), objects, pd.Series(lists, index=SHUFFLED), [set("ab")] * N):
        for call in (model().fit, model().partial_fit, model().summary):
            with pytest.raises(
                ValueError, match=r"a list or a set of labels .*MultiLabelBinarizer"
            ):
                call(X, y)


def cells(values):
    """Return the values as the elements of an object array."""
    objects = np.empty(len(values), object)
    for i, value in enumerate(values):
        objects[i] = value
    return objects


def refused(value, *texts, error=ValueError):
    for call in (
        lambda: model().fit(value, CODES),
        lambda: model().fit(X, CODES).predict(value),
    ):
        with pytest.raises(error) as caught:
            call()
        for text in texts:
            assert text in str(caught.value)


def test_columns_of_images():
    images = list(X)
    text = "X is a column of 30 objects of shape (6, 6), not an array. Make it one: np.stack(X"
    for column in (cells(images), cells(images)[:, None], pd.Series(images, index=SHUFFLED)):
        refused(column, text + ").")
    refused(pd.DataFrame({"image": images}), text + "['image']).")
    frame = pd.DataFrame({"image": images, "n": CODES})
    refused(frame, "X has shape (30, 2), and some of its elements are lists or arrays.")
    stacked = np.stack(pd.DataFrame({"image": images})["image"])
    np.testing.assert_array_equal(
        model().fit(stacked, CODES).predict(X), model().fit(X, CODES).predict(X)
    )


def test_images_of_different_sizes():
    Image = pytest.importorskip("PIL.Image")
    sizes = [(6, 6 + i % 3, 3) for i in range(N)]
    found = "(6, 6, 3) (10 of them), (6, 7, 3) (10 of them), (6, 8, 3) (10 of them). A net takes samples of one shape."
    arrays = [np.zeros(size, np.uint8) for size in sizes]
    pictures = [Image.fromarray(array) for array in arrays]
    for images in (
        arrays,
        cells(arrays),
        pictures,
        pd.Series(pictures),
        pd.DataFrame({"x": arrays}),
    ):
        refused(
            images,
            found,
            "Resize images to one size, such as 64×64: convnet.data.ImageReader(size=(64, 64)).transform(",
        )
    read = convnet.data.ImageReader(6).transform([Image.fromarray(array) for array in arrays])
    assert read.shape == (N, 6, 6, 3)
    many = [np.zeros((i + 1, 4, 3)) for i in range(N)]
    refused(
        many,
        "(1, 4, 3) (1 of them), (2, 4, 3) (1 of them), (3, 4, 3) (1 of them) and 27 more shapes.",
    )


@pytest.mark.parametrize("channels", [None, 2])
def test_signals_of_different_lengths(channels):
    rest = () if channels is None else (channels,)
    signals = [np.ones((10 + i % 3, *rest)) for i in range(N)]
    pad = "np.stack([np.pad(x, (0, 12 - len(x))) for x in X])"
    if channels:
        pad = "np.stack([np.pad(x, ((0, 12 - len(x)), (0, 0))) for x in X])"
    for given in (
        signals,
        tuple(signals),
        [x.tolist() for x in signals],
        cells(signals),
        pd.Series(signals),
    ):
        refused(
            given, "X has samples of different shapes: (10", f"Pad signals to one length: {pad}."
        )
    padded = eval(pad, {"np": np, "X": signals}).reshape(N, 12, -1)  # the remedy works
    assert ConvNetClassifier([Conv1D(2, 3)], max_iter=1).fit(padded, CODES).predict(
        padded
    ).shape == (N,)


def test_samples_that_are_missing():
    refused([X[0], None] * 15, "15 of the samples of X are None. Leave them out, and their labels.")
    refused(pd.Series([None, *X[1:]]), "1 of the samples of X are None.")


def test_ragged_lists_inside():
    net = model().fit(X, CODES)
    with pytest.raises(ValueError, match="x has lists of different lengths"):
        net.trace([[1], [1, 2]])
    with pytest.raises(ValueError, match="baseline has lists of different lengths"):
        net.explain(X, "integrated_gradients", baseline=[[1], [1, 2]])
    refused([[[1, 2], [3]]] * N, "X has samples of different shapes: ragged (30 of them)")


def test_paths_and_files_in_place_of_images():
    for paths in (
        ["a.jpg"] * N,
        pd.Series(["a.jpg"] * N),
        np.array(["a.jpg"] * N),
        Column(np.array(["a.jpg"] * N)),
    ):
        refused(paths, "X has paths, not pixels: ", "convnet.data.ImageReader", error=TypeError)
    refused(pd.DataFrame({"file": ["a.JPG"] * N}), "X has paths, not pixels: ", error=TypeError)
    refused(pd.DataFrame({"color": ["red"] * N}), "could not convert string to float: 'red'")
    for files in ([b"\xff\xd8"] * N, pd.Series([b"\xff\xd8"] * N), b"\xff\xd8"):
        refused(files, "X has the bytes of files, not pixels. Decode images with", error=TypeError)
    refused(None, "X is None. Pass an array or a list.")
