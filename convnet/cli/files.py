"""Model files: checks of paths that are written, writing and loading."""

from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING, Any, TypeVar

import joblib

import convnet
from convnet.cli.errors import UsageError
from convnet.data.images.pillow import EXTENSIONS
from convnet.persistence import model_file
from convnet.persistence.files import atomic_write, check_path

if TYPE_CHECKING:
    from convnet.estimators.base import BaseConvNet
    from convnet.estimators.transformer import ConvNetTransformer

    N = TypeVar("N", bound=BaseConvNet | ConvNetTransformer)


PICKLES = (".pkl", ".pickle", ".joblib")
MODELS = (*model_file.ENDINGS, *PICKLES)
READABLE = (*MODELS, ".onnx")  # from_onnx reads those of other libraries too
LISTED = f"{', '.join(MODELS[:-1])} or {MODELS[-1]}"


def check_output(option: str, path: str, *inputs: str | None, force: bool) -> None:
    """Raise an error unless a file can be written there that replaces nothing.

    Parameters
    ----------
    option : str
        Names the path in errors.
    path : str
        The path.
    *inputs : str or None
        The files that the command reads, which are never replaced.
    force : bool
        Whether another file may be replaced.
    """
    _check_writable(option, path, *inputs)
    check_new(option, path, force=force)


def _check_writable(option: str, path: str, *inputs: str | None) -> None:
    """Raise an error unless a file can be written there, which is not one of `inputs`."""
    check_path(option, path)
    for other in inputs:
        if (
            other
            and os.path.exists(other)
            and os.path.exists(path)
            and os.path.samefile(other, path)
        ):
            raise UsageError(
                f"{option}: this command reads {path}, so it cannot write it. Pass another path."
            )


def check_new(option: str, path: str, *, force: bool) -> None:
    """Raise UsageError if there is a file already, unless `force` is set."""
    if not force and os.path.lexists(path):
        raise UsageError(
            f"{option}: {path} exists already. Pass --force to replace it, or another {option}."
        )


def check_model_path(path: str, *inputs: str | None, force: bool) -> None:
    """Raise an error unless a model can be written there: before a net is trained for it."""
    _check_writable("--out", path, *inputs)
    if _ending(path) not in MODELS:
        raise UsageError(
            f"--out: the name of a model file ends in {LISTED}, which decides the format; got {path}."
        )
    check_new("--out", path, force=force)
    if _ending(path) in model_file.ENDINGS:
        model_file.ENDINGS[_ending(path)].check_installed()


def write_model(model: Any, path: str) -> None:
    """Write a fitted estimator in the format that the ending of the path stands for."""
    if _ending(path) in model_file.ENDINGS:
        model.save(path)
        return
    with atomic_write(path) as file:
        if _ending(path) == ".joblib":
            joblib.dump(model, file)
        else:
            pickle.dump(model, file, protocol=pickle.HIGHEST_PROTOCOL)


def load_model(path: str, *kinds: type[N], jobs: int | None = None) -> N:
    """Return the fitted estimator in a file of any format; UsageError unless it is of one of these classes.

    `jobs` is its number of threads, if it is not None.
    """
    if _ending(path).lower() in EXTENSIONS or os.path.isdir(path):
        raise UsageError(f"{path} is not a model. Write the model first and the images after it.")
    if not os.path.exists(path):
        raise UsageError(
            f"there is no file {path}. Train a model first: convnet train FOLDER --out {path}"
        )
    if _ending(path) not in READABLE:
        raise UsageError(
            f"{path} is not a model: the name of a model file ends in {LISTED}, or in .onnx. Rename it, if it is one."
        )
    model = _read(path)
    if not isinstance(model, kinds):
        wanted = " or ".join(kind.__name__ for kind in kinds)
        raise UsageError(
            f"{path} holds a {type(model).__name__}, not a {wanted}. "
            "Pass a file that convnet train or save wrote."
        )
    if not (hasattr(model, "weights_") or hasattr(model, "estimator_")):
        raise UsageError(
            f"{path} holds a {type(model).__name__} that is not fitted yet. Fit it first."
        )
    if jobs is not None:
        model.set_params(n_jobs=jobs)
    return model


def _read(path: str) -> Any:
    if _ending(path) in PICKLES:
        return _unpickled(path)
    return convnet.load(path) if _ending(path) in model_file.ENDINGS else convnet.from_onnx(path)


def _unpickled(path: str) -> Any:
    try:
        if _ending(path) == ".joblib":
            return joblib.load(path)
        with open(path, "rb") as file:
            return pickle.load(file)
    except (MemoryError, OSError):
        raise
    except Exception as error:  # a file that is not a pickle can raise anything
        raise UsageError(
            f"{path} is not a model: {error}. Pass a file that convnet train or save wrote."
        ) from None


def _ending(path: str) -> str:
    return os.path.splitext(path)[1]
