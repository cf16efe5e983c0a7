"""ImageReader: a transformer as scikit-learn wants it."""

import io
import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from images import picture
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import SkipTestWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from convnet import ConvNetClassifier, ConvNetTransformer
from convnet.data import ImageError, ImageReader, load_images
from convnet.layers import Dense

# The checks of scikit-learn's that do not need tables of numbers to be pictures.
CHECKS = {
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_fit_returns_self",
    "check_estimators_overwrite_params",
    "check_fit_check_is_fitted",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_positive_only_tag_during_fit",
    "check_readonly_memmap_input",
    "check_set_params",
    "check_transformer_n_iter",
    "check_valid_tag_types",
}


@pytest.fixture
def paths(photographs):
    return sorted(photographs.glob("*/*"))


class AnyTable(ImageReader):
    """Its tags have scikit-learn run the checks that it leaves out for what takes no tables."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags


def test_check_estimator():
    with pytest.warns(SkipTestWarning, match="one_d_array=True"):
        check_estimator(ImageReader())
    found = check_estimator(AnyTable(), on_fail=None, on_skip=None)
    others = {one["check_name"] for one in found if one["status"] != "passed"}
    assert {one["check_name"] for one in found} - others >= CHECKS


def test_what_it_takes(photographs, paths):
    wanted = load_images(photographs, 15).data
    reader = ImageReader(15)
    opened = [open(path, "rb") for path in paths]  # noqa: SIM115
    images = [Image.open(path) for path in paths]
    sizes = [image.size for image in images]
    memory = [io.BytesIO(path.read_bytes()) for path in paths]
    texts = list(map(str, paths))
    mixed = [paths[0], texts[1], opened[2], images[3], memory[4], *paths[5:]]
    for X in (paths, texts, tuple(texts), opened, images, memory, mixed):
        for file in opened:
            file.seek(0)
        assert np.array_equal(reader.fit_transform(X), wanted)
    for X in (
        np.array(texts),
        np.array(paths, object),
        np.array(texts, object)[:, None],
        pd.Series(texts),
        pd.DataFrame({"file": texts}),
    ):
        assert np.array_equal(reader.transform(X), wanted)
    assert not any(file.closed for file in [*opened, *memory])  # they are not ours
    assert sizes == [image.size for image in images]
    for file in [*opened, *images]:
        file.close()
    assert reader.transform([]).shape == (0, 15, 15, 3)


def test_images_of_a_users_own_stay_as_they_are():
    """A large JPEG file would be decoded at a reduced size, were it not the user's."""
    file = io.BytesIO()
    Image.fromarray(picture(0, 200, 300)).save(file, "JPEG")
    image = Image.open(file)
    ImageReader(10, channels=1).transform([image])
    assert image.size == (300, 200) and image.mode == "RGB"


@pytest.mark.parametrize("opened", [Image.open, lambda file: file], ids=["image", "file"])
def test_what_is_there_several_times(opened):
    """As a bootstrap sample has it: threads must not read one file at once."""
    data = io.BytesIO()
    Image.fromarray(picture(0, 600, 800)).save(data, "JPEG")
    once = ImageReader(10).transform([opened(io.BytesIO(data.getvalue()))])
    other = Image.new("RGB", (10, 10), (1, 2, 3))
    for _ in range(3):
        file = opened(io.BytesIO(data.getvalue()))
        images = ImageReader(10, n_jobs=4).transform([file, file, other, file, file, other])
        for i in (0, 1, 3, 4):
            np.testing.assert_array_equal(images[i], once[0])
        assert (images[[2, 5]] == (1, 2, 3)).all()


def columns(values):
    """Return values in the containers of other libraries, by name."""
    found = {
        "list": values,
        "objects": np.array([*values, None], object)[:-1],
        "series": pd.Series(values, index=np.linspace(1, 0, len(values))),
        "frame": pd.DataFrame({"x": values}),
    }
    try:
        import polars as pl

        found |= {"polars": pl.Series(values), "polars frame": pl.DataFrame({"x": values})}
    except ImportError:
        pass
    try:
        import pyarrow as pa

        found |= {
            "arrow": pa.array(values),
            "chunked": pa.chunked_array([values[:1], values[1:]]),
            "table": pa.table({"x": values}),
        }
    except ImportError:
        pass
    return found


class Column:
    """A column of a library whose ``to_numpy`` takes no dtype, as that of polars."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)

    def to_numpy(self):
        return np.asarray(self.values)


@pytest.mark.parametrize("kind", ["paths", "bytes"])
def test_columns_of_paths_and_of_bytes(tmp_path, kind):
    paths = []
    for i in range(3):
        paths.append(str(tmp_path / f"{i}.png"))
        Image.fromarray(picture(i, 30, 20)).save(paths[-1])
    values = paths if kind == "paths" else [Path(path).read_bytes() for path in paths]
    want = ImageReader(10).transform(paths)
    for name, column in {**columns(values), "column": Column(values)}.items():
        np.testing.assert_array_equal(ImageReader(10).transform(column), want, err_msg=name)


def test_bytes_are_decoded(tmp_path):
    file = io.BytesIO()
    Image.fromarray(picture(0, 30, 20)).save(file, "PNG")
    data = file.getvalue()
    want = ImageReader(10).transform([file])
    for content in (data, bytearray(data), memoryview(data), np.bytes_(data)):
        np.testing.assert_array_equal(ImageReader(10).transform([content]), want)
    path = tmp_path / "a.png"
    path.write_bytes(data)
    for content, message in [
        (b"", r"X\[1\], 0 bytes, is empty\.$"),
        (b"x" * 70_000, r"X\[1\], 70000 bytes, is not an image that Pillow can read\.$"),
        (data[:-30], r"X\[1\], \d+ bytes, is damaged: "),
        (
            os.fsencode(path),
            r"is not an image .*: bytes are the content of a file; pass a path as text, os\.fsdecode",
        ),
    ]:
        with pytest.raises(ImageError, match=message):
            ImageReader(10).transform([data, content])


def test_set_output_of_a_pipeline(tmp_path):
    paths = [str(tmp_path / f"{i}.png") for i in range(4)]
    for i, path in enumerate(paths):
        Image.fromarray(picture(i, 30, 20)).save(path)
    net = ConvNetTransformer(ConvNetClassifier([Dense(2)], max_iter=1))
    pipe = make_pipeline(ImageReader(8), net).set_output(transform="pandas")
    assert pipe.fit_transform(paths, [0, 1, 0, 1]).columns.tolist() == ["dense1_0", "dense1_1"]
    reader = ImageReader(8)
    assert reader.set_output(transform="pandas") is reader
    assert isinstance(reader.transform(paths), np.ndarray)
    with pytest.raises(ValueError, match=r'transform must be "default", .* got \'excel\''):
        reader.set_output(transform="excel")


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ("a.png", TypeError, r"X must be a list of paths, .* got a single str\. Pass \[X\]"),
        (b"a.png", TypeError, "got a single bytes"),
        (io.BytesIO(), TypeError, "got a single BytesIO"),
        (Image.new("L", (2, 2)), TypeError, r"got a single Image\. Pass \[X\]"),
        (
            ["a.png", 3],
            TypeError,
            r"X\[1\] must be a path, .* or a Pillow image; got int",
        ),
        ([np.zeros((4, 4, 3))], TypeError, r"X\[0\] must be .* got ndarray"),
        (np.zeros((3, 2)), ValueError, r"X must have shape \(n,\) or \(n, 1\); got \(3, 2\)"),
        ((name for name in "ab"), TypeError, r"X is a generator, .* such as list\(X\)"),
        ({"a.png"}, TypeError, "X is a set"),
        ({"file": ["a.png"]}, TypeError, r"X is a dict\. .* list\(X\.values\(\)\)"),
        (None, ValueError, "X is None"),
        (
            [{"bytes": b"", "path": "a.png"}],
            TypeError,
            r'got dict\. Pass \[x\["bytes"\] for x in X\]',
        ),
        (np.array("a.png"), ValueError, r"shape \(n,\) or \(n, 1\); got \(\)"),
    ],
)
def test_what_it_refuses(X, error, message):
    with pytest.raises(error, match=message):
        ImageReader().transform(X)


def test_what_cannot_be_read(tmp_path, paths):
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(
        ImageError, match=r"^ImageReader: .*text\.png is not an image that Pillow can"
    ):
        ImageReader(n_jobs=1).transform([paths[0], str(tmp_path / "text.png"), "not there.png"])
    with pytest.raises(ImageError, match=r"ImageReader: not there\.png cannot be read: No such"):
        ImageReader().transform([paths[0], "not there.png"])
    with pytest.raises(ImageError, match=r"ImageReader: X\[1\] is empty"):
        ImageReader().transform([paths[0], io.BytesIO()])
    data = paths[0].read_bytes()
    image = Image.open(io.BytesIO(data[: len(data) // 2]))
    with pytest.raises(
        ImageError, match=r"ImageReader: X\[0\] is damaged: image file is truncated"
    ):
        ImageReader().transform([image])


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("size", 0, ValueError),
        ("size", "big", TypeError),
        ("channels", 2, ValueError),
        ("fit_mode", "cover", ValueError),
    ],
)
def test_parameters_are_checked_by_fit(paths, name, value, error):
    reader = ImageReader(**{name: value})
    for method in (reader.fit, reader.transform):
        with pytest.raises(error, match=f"ImageReader: {name} must "):
            method(paths)


def test_clone_pickle_and_no_fit(paths):
    reader = ImageReader((9, 8), channels=1, fit_mode="pad", n_jobs=1)
    wanted = reader.transform(paths)
    assert wanted.shape == (12, 9, 8, 1)
    for other in (clone(reader), pickle.loads(pickle.dumps(reader)), reader.fit(paths)):
        assert other.get_params() == reader.get_params()
        assert np.array_equal(other.transform(paths), wanted)
    assert list(vars(reader)) == ["size", "channels", "fit_mode", "n_jobs"]


def test_in_a_pipeline(paths):
    y = [path.parent.name for path in paths]
    pipe = make_pipeline(ImageReader(12), ConvNetClassifier(max_iter=1, random_state=0))
    grid = {"imagereader__size": [8, 12], "imagereader__fit_mode": ["crop", "pad"]}
    search = GridSearchCV(pipe, grid, cv=2, error_score="raise").fit(paths, y)
    assert set(search.predict(paths)) <= {"cat", "dog"}
    assert search.best_estimator_.predict_proba([str(paths[0])]).shape == (1, 2)
