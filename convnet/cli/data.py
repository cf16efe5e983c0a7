"""Arrays for the commands, checked before anything is trained: what is wrong with them is one line."""

import warnings
import zipfile

import numpy as np

from convnet.cli.errors import UsageError

KIND = "ConvNetClassifier"  # as messages name it
ORDER = "channels_last"


def training_data(source, test_size, seed):
    """Return X, y, X_test, y_test; the last two are None where nothing is held out.

    Parameters
    ----------
    source : str
        "digits" or the path of an .npz file.
    test_size : float or None
        Share of the rows to hold out; None is 0.2, or the file's own test set.
    seed : int
        Of the split.
    """
    arrays = _digits() if source == "digits" else _load(source)
    if "X_train" in arrays:
        return _own_split(arrays, source, test_size)
    X, y = _labelled(arrays, source, "X", "y")
    share = 0.2 if test_size is None else test_size
    if not 0 <= share < 1:
        raise UsageError(f"--test-size must be from 0 to below 1; got {share:g}.")
    return (X, y, None, None) if share == 0 else _held_out(X, y, share, seed)


def new_data(path):
    """Return the X to predict for."""
    arrays = _load(path)
    (X,) = _take(arrays, path, "X_test" if "X" not in arrays and "X_test" in arrays else "X")
    return X


def inspected_data(path):
    """Return X and y, or X_test and y_test where there is no X; y is None where it lacks. "digits" as for training."""
    arrays = _digits() if path == "digits" else _load(path)
    names = ("X", "y") if "X" in arrays or "X_test" not in arrays else ("X_test", "y_test")
    (X,) = _take(arrays, path, names[0])
    y = arrays.get(names[1])
    if X.ndim < 2 or not len(X):
        raise UsageError(
            f"{path}: {names[0]} has shape {X.shape}; expected (n, h, w, c) and so on."
        )
    if y is not None and y.shape[:1] != X.shape[:1]:
        raise UsageError(
            f"{path}: {names[0]} has {len(X)} rows and {names[1]} has shape {y.shape}. Make them equal."
        )
    return X, y[:, 0] if y is not None and y.ndim == 2 and y.shape[1] == 1 else y


def _own_split(arrays, path, test_size):
    if test_size is not None:
        raise UsageError(f"{path} has X_train: --test-size does not apply. Leave it out.")
    train = _labelled(arrays, path, "X_train", "y_train")
    if not {"X_test", "y_test"} & arrays.keys():
        return (*train, None, None)
    test = _labelled(arrays, path, "X_test", "y_test")
    _check_test(path, *train, *test)
    return (*train, *test)


def _held_out(X, y, share, seed):
    from sklearn.model_selection import train_test_split

    try:
        train, test = train_test_split(
            np.arange(len(y)), test_size=share, stratify=y, random_state=seed
        )
    except ValueError as error:
        raise UsageError(
            f"cannot hold out a test set: {error} Pass --test-size 0 to train on all rows."
        ) from None
    return X[train], y[train], X[test], y[test]


def _labelled(arrays, path, *names):
    """Return X and y of these names, as a fit can use them."""
    from convnet.estimators.inputs import check_rows
    from convnet.estimators.labels import as_labels

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


def _check_test(path, X, y, X_test, y_test):
    """Raise UsageError unless a net fitted on X and y can be scored on the others."""
    from convnet.estimators.inputs import as_images, fitted_format

    images = _checked(path, "X_train", as_images, X, None, ORDER, n_labels=len(y))
    given = _checked(path, "X_train", fitted_format, images, ORDER, "auto", KIND)
    shape = images.shape[1:]
    test = _checked(path, "X_test", as_images, X_test, shape, ORDER, n_labels=len(y_test))
    _checked(path, "X_test", given.scale_for, test, KIND)
    if _kind(y) != _kind(y_test):
        raise UsageError(
            f"{path}: y_train has {_kind(y)} ({y.dtype}) and y_test {_kind(y_test)} ({y_test.dtype}). "
            "Write both alike."
        )


def _checked(path, name, check, *args, **kwargs):
    """Return what a check returns; its complaint names the file and the array."""
    try:
        return check(*args, **kwargs)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{path}: {name}: {error}") from None


def _kind(labels):
    return {"U": "strings", "S": "bytes"}.get(labels.dtype.kind, "numbers")


def _digits():
    from sklearn.datasets import load_digits

    digits = load_digits()
    return {"X": (digits.images / 16).astype(np.float32), "y": digits.target}


def _load(path):
    """Return the arrays of an .npz file by name."""
    try:
        file = np.load(path, allow_pickle=False)
        if isinstance(file, np.ndarray):
            raise UsageError(f"{path} holds one array. Write np.savez(FILE, X=X, y=y).")
        with file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise UsageError(
            f'there is no file {path}. Pass "digits" or the path of an .npz file.'
        ) from None
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        remedy = 'Write it with np.savez, labels as integers or strings (y.astype("U")).'
        raise UsageError(f"cannot read {path}: {error}. {remedy}") from None


def _take(arrays, path, *names):
    missing = [name for name in names if name not in arrays]
    if missing:
        found = ", ".join(arrays) or "nothing"
        raise UsageError(
            f"{path} has no {' and no '.join(missing)}; it has {found}. Write np.savez(FILE, X=X, y=y)."
        )
    return [arrays[name] for name in names]
