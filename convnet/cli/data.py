"""Arrays for the commands: read from files, split, and checked before training."""

from __future__ import annotations

import os
import warnings
import zipfile
import zlib
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet.cli.errors import UsageError
from convnet.data.images.pillow import EXTENSIONS
from convnet.values.messages import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable


Arrays = dict[str, np.ndarray]
Split = tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None]  # X, y, X_val, y_val

SHARE = 0.2  # default share of each class in the test set
KIND = "ConvNetClassifier"  # as messages name it
ORDER = "channels_last"


def training_data(source: str, share: float | None, seed: int, val: str | None = None) -> Split:
    """Return X, y, X_val, y_val; the last two are None without a test set.

    Parameters
    ----------
    source : str
        "digits" or the path of an .npz file.
    share : float or None
        Share of the rows for the test set. None is the file's own test set, else 0.2.
    seed : int
        Seed of the split.
    val : str or None
        The path of an .npz file with the test set.
    """
    arrays = _digits() if source == "digits" else _load(source)
    if val is not None:
        names = ("X_train", "y_train") if "X_train" in arrays else ("X", "y")
        to_train = _labeled(arrays, source, *names)
        return (*to_train, *_checked_val((source, names), to_train, *_val_arrays(val)))
    if "X_train" in arrays:
        return _own_split(arrays, source, share)
    X, y = _labeled(arrays, source, "X", "y")
    if share == 0:
        return X, y, None, None
    train, test = split(y, share, seed, "row")
    return X[train], y[train], X[test], y[test]


def split(y: np.ndarray, share: float | None, seed: int, noun: str) -> list[np.ndarray]:
    """Return the indices of the training set and of the test set, which has a share of each class.

    None as `share` is `SHARE`, or more if there are too few rows for one of each class.
    """
    from sklearn.model_selection import train_test_split

    classes, counts = np.unique(y, return_counts=True)
    n, k = len(y), len(classes)
    if counts.min() < 2:
        raise UsageError(
            f"the class {classes[counts.argmin()]} has one {noun}, but testing needs at least two of each class: one "
            f"to train on and one to test on. Add {noun}s, or pass --val-fraction 0 to train on all without a test."
        )
    size: float = max(ceil(SHARE * n), k) if share is None else share
    n_test = ceil(share * n) if share is not None else int(size)
    if not k <= n_test <= n - k:
        raise UsageError(
            f"--val-fraction {share:g} of {n} {noun}s is {n_test}, but both the test set and the training set need at "
            f"least one of each of the {k} classes. Pass another value, or --val-fraction 0 to train on all."
        )
    return train_test_split(np.arange(n), test_size=size, stratify=y, random_state=seed)


def new_data(path: str) -> np.ndarray:
    """Return the X to predict for."""
    if path == "digits" and not os.path.exists(path):
        raise UsageError(
            "predict takes image files, folders or a file of arrays. To try the model on scikit-learn's digits, whose "
            "labels are known, use: convnet evaluate MODEL digits"
        )
    arrays = _load(path)
    (X,) = _take(arrays, path, "X_test" if "X" not in arrays and "X_test" in arrays else "X")
    return X


def inspected_data(path: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Return X and y of "digits" or a file, or X_test and y_test if it has no X. y is None if the file has none."""
    arrays = _digits() if path == "digits" else _load(path)
    names = _names(arrays)
    (X,) = _take(arrays, path, names[0])
    y = arrays.get(names[1])
    if X.ndim < 2 or not len(X):
        raise UsageError(
            f"{path}: {names[0]} has shape {X.shape}. Expected (n, height, width, channels), or rows of numbers."
        )
    if y is not None and y.shape[:1] != X.shape[:1]:
        raise UsageError(
            f"{path}: {names[0]} has {len(X)} rows and {names[1]} has shape {y.shape}. Make them equal."
        )
    return X, y[:, 0] if y is not None and y.ndim == 2 and y.shape[1] == 1 else y


def labeled_data(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Return X and y of "digits" or a file, or X_test and y_test if it has no X, to evaluate on."""
    arrays = _digits() if path == "digits" else _load(path)
    return _labeled(arrays, path, *_names(arrays))


def _names(arrays: Arrays) -> tuple[str, str]:
    return ("X_test", "y_test") if "X" not in arrays and "X_test" in arrays else ("X", "y")


def _own_split(arrays: Arrays, path: str, share: float | None) -> Split:
    if share is not None:
        raise UsageError(f"{path} has its own split, X_train. Leave out --val-fraction.")
    names = ("X_train", "y_train")
    train = _labeled(arrays, path, *names)
    if not {"X_test", "y_test"} & arrays.keys():
        return (*train, None, None)
    return (*train, *_checked_val((path, names), train, arrays, path, ("X_test", "y_test")))


def _val_arrays(path: str) -> tuple[Arrays, str, tuple[str, str]]:
    arrays = _load(path)
    return arrays, path, _names(arrays)


def _checked_val(
    where: tuple[str, tuple[str, str]],
    train: tuple[np.ndarray, np.ndarray],
    arrays: Arrays,
    path: str,
    names: tuple[str, str],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the test set X, y. UsageError unless a net fitted on `train` can be scored on it."""
    from convnet.inputs.images import as_images
    from convnet.inputs.scaling import fitted_format

    (X, y), (source, (name, of_y)) = train, where
    X_val, y_val = _labeled(arrays, path, *names)
    images = _checked(source, name, as_images, X, None, ORDER, n_labels=len(y))
    given = _checked(source, name, fitted_format, images, ORDER, "auto", KIND)
    shape = images.shape[1:]
    rows = _checked(path, names[0], as_images, X_val, shape, ORDER, n_labels=len(y_val))
    _checked(path, names[0], given.scale_for, rows, KIND)
    if _kind(y) != _kind(y_val):
        raise UsageError(
            f"{path}: {of_y} has {_kind(y)} ({y.dtype}) and {names[1]} has {_kind(y_val)} ({y_val.dtype}). "
            "Use the same type for both."
        )
    return X_val, y_val


def _labeled(arrays: Arrays, path: str, *names: str) -> tuple[np.ndarray, np.ndarray]:
    """Return X and y of these names, as a fit can use them."""
    from convnet.inputs.images import check_rows
    from convnet.inputs.targets import as_labels

    X, y = _take(arrays, path, *names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fit will say it
        X = _checked(path, names[0], check_rows, X, KIND)
        y = _checked(path, names[1], as_labels, y)
    if len(X) != len(y):
        raise UsageError(
            f"{path}: {names[0]} has {len(X)} rows and {names[1]} has {len(y)}. Make them equal."
        )
    return X, y


def _checked(path: str, name: str, check: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return what a check returns. Its errors name the file and the array."""
    try:
        return check(*args, **kwargs)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{path}: {name}: {error}") from None


def _kind(labels: np.ndarray) -> str:
    return {"U": "strings", "S": "bytes"}.get(labels.dtype.kind, "numbers")


def _digits() -> Arrays:
    from sklearn.datasets import load_digits

    digits = load_digits()
    return {"X": (digits.images / 16).astype(np.float32), "y": digits.target}


def _load(path: str) -> Arrays:
    """Return the arrays of an .npz file by name."""
    if os.path.splitext(path)[1].lower() in EXTENSIONS:
        raise UsageError(
            f"{path} is one image. Pass a folder that has a folder of images for each class."
        )
    if os.path.splitext(path)[1].lower() == ".csv":
        raise UsageError(
            f"{path} is a table. Pass the folder of its images and the table, as in: photos/ --labels {path}"
        )
    if os.path.isdir(path):
        raise UsageError(f"{path} is a folder. Pass a file of arrays, FILE.npz.")
    try:
        file = np.load(path, allow_pickle=False)
        if isinstance(file, np.ndarray):
            raise UsageError(
                f"{path} holds a single array, but X and y are needed. Write the file with np.savez(FILE, X=X, y=y)."
            )
        with file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        parent, name = os.path.split(os.path.abspath(path))
        similar = (
            did_you_mean(name, os.listdir(parent), similarity=0.7) if os.path.isdir(parent) else ""
        )
        raise UsageError(
            f"there is no file or folder {path}.{similar} Pass a folder of photographs, an .npz file of arrays, or "
            '"digits".'
        ) from None
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        remedy = 'Write it with np.savez, with labels as integers or strings (y.astype("U")).'
        raise UsageError(f"cannot read {path}: {error}. {remedy}") from None


def _take(arrays: Arrays, path: str, *names: str) -> list[np.ndarray]:
    missing = [name for name in names if name not in arrays]
    if missing:
        found = ", ".join(arrays) or "nothing"
        raise UsageError(
            f"{path} has no {' and no '.join(missing)}; it has {found}. Write the file with np.savez(FILE, X=X, y=y)."
        )
    return [arrays[name] for name in names]
