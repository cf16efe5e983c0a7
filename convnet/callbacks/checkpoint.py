"""Checkpoint: a file from which a later fit resumes."""

import json
import os
import re
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convnet.callbacks.callback import Callback
from convnet.callbacks.fit_run import FitRun, ResumeState
from convnet.persistence import npz
from convnet.persistence.files import atomic_write, check_path
from convnet.values.messages import quoted

FORMAT = 1
EPOCH = "{epoch}"  # stands for the number of epochs in a path
NUMBERS = "numbers.json"  # the entry of the file that is not an array of the training state


class Checkpoint(Callback):
    """Writes the training state to a file after each epoch, from which a later ``fit`` resumes.

    The result has the same bits as that of a fit without interruption. The file is a NumPy archive (.npz) of arrays and
    JSON, without pickles. Each epoch replaces it as a whole. ``fit`` resumes with the same data and parameters only,
    and otherwise raises an error that says what differs. `n_jobs`, `verbose`, `callbacks` and `max_time` may change,
    and so may `max_iter` if `learning_rate` is not a schedule. With ``random_state=None`` the seed in the file is used.

    Put Checkpoint last in the list of callbacks, so that it records whether another callback stops training. Do not use
    it in a search, whose fits would share one file.

    Parameters
    ----------
    path : str or path
        The file. Its folder must exist. If the name of the file has ``{epoch}``, each epoch writes a file of its own,
        with the number of epochs in this place; ``fit`` resumes from the last one. ``explore(checkpoints=...)`` shows
        these files as a slider through the training.
    resume : bool, default=True
        Whether to resume from the file if it exists. False starts from the beginning and replaces the file.

    Raises
    ------
    ValueError
        In ``fit``, if the file cannot be written, is not a checkpoint, or has other data or parameters.
    TypeError
        In ``fit``, if `path` is neither a string nor a path.

    References
    ----------
    .. [1] Keras's ``BackupAndRestore``.

    Examples
    --------
    >>> from convnet import ConvNetClassifier
    >>> from convnet.callbacks import Checkpoint
    >>> clf = ConvNetClassifier(max_iter=100, callbacks=[Checkpoint("digits.npz")])
    """

    REMEDY = "Use another path, or resume=False to start again."

    def __init__(self, path: str | os.PathLike[str], resume: bool = True) -> None:
        self.path = path
        self.resumes = resume

    def __repr__(self) -> str:
        return f"Checkpoint({self.path!r}{'' if self.resumes else ', resume=False'})"

    def resume(self, run: FitRun) -> ResumeState | None:
        path = check_path("Checkpoint", self.path)
        files = _files(path)
        path = files[max(files)] if files else path
        if not self.resumes or not os.path.exists(path):
            return None
        numbers, arrays = _read(path)
        then, now = numbers.pop("fingerprint"), run.fingerprint
        for name in now | then:
            if now.get(name) != then.get(name):
                raise ValueError(
                    f"{self!r}: the file was written by a fit with {_shown(name, then)}; this fit has "
                    f"{_shown(name, now)}. {self.REMEDY}"
                )
        return numbers, arrays

    def on_epoch_end(self, run: FitRun) -> None:
        if run.epoch_is_complete:
            numbers, arrays = run.state()
            numbers = {"format": FORMAT, "fingerprint": run.fingerprint} | numbers
            text = np.frombuffer(json.dumps(numbers).encode(), dtype=np.uint8)
            path = check_path("Checkpoint", self.path)
            folder, name = os.path.split(path)
            name = name.replace(EPOCH, str(run.epoch), 1)
            with atomic_write(os.path.join(folder, name)) as file:
                entries: dict[str, Any] = {NUMBERS: text, **arrays}
                np.savez(file, **entries)
            for epoch, other in _files(path).items():
                if epoch > run.epoch and _is_checkpoint(other):
                    os.unlink(other)  # of an earlier fit, which this one replaces


def _is_checkpoint(path: str) -> bool:
    try:
        _read(path)
    except ValueError:
        return False
    return True


def _files(pattern: str) -> dict[int, str]:
    """Return the files of a path whose name has `EPOCH`, by epoch; none for other paths."""
    folder, name = os.path.split(pattern)
    before, has_epoch, after = name.partition(EPOCH)
    found: dict[int, str] = {}
    if not has_epoch:
        return found
    for other in os.listdir(folder or "."):
        number = other[len(before) : len(other) - len(after)]
        if other == f"{before}{number}{after}" and re.fullmatch("[1-9][0-9]*", number):
            found[int(number)] = os.path.join(folder, other)
    return found


class SavedWeights(NamedTuple):
    """The weights in a checkpoint.

    Parameters
    ----------
    epoch : int
        Number of epochs done, including those of earlier fits.
    weights : dict of str to ndarray
        Parameters by name, as the last epoch left them.
    fingerprint : dict of str to str
        What identifies the fit.
    """

    epoch: int
    weights: dict[str, NDArray[np.float32]]
    fingerprint: dict[str, str]


def read_weights(path: str) -> SavedWeights:
    """Return the weights in a file of `Checkpoint`. Raise ValueError if it is not a checkpoint."""
    numbers, arrays = _read(path)
    fingerprint = numbers["fingerprint"]
    try:
        epoch = int(fingerprint["epochs done before"]) + len(numbers["history"]["loss"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"Checkpoint: {quoted(path)} does not say after which epoch it was written: {error!r}"
        ) from error
    prefix = "weights/"
    weights = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
    return SavedWeights(epoch, weights, fingerprint)


def _read(path: str) -> ResumeState:
    """Return the state in a file. Raise ValueError if it is not a checkpoint."""
    try:
        with npz.open_file(path) as archive:
            names = archive.names() - {NUMBERS}
            numbers = json.loads(archive.array(NUMBERS, np.uint8).tobytes())
            found = numbers["format"]
            fingerprint = numbers["fingerprint"]
            if not all(isinstance(text, str) for text in (*fingerprint, *fingerprint.values())):
                raise ValueError("its fingerprint is not a dict of strings")
            arrays = {name: archive.array(name, np.float32) for name in names}
    except Exception as error:  # a damaged file can raise any exception
        raise ValueError(
            f"Checkpoint: {quoted(path)} is not a checkpoint of convnet: {error}"
        ) from error
    if found != FORMAT:
        raise ValueError(
            f"Checkpoint: {quoted(path)} has format {found}; this convnet reads format {FORMAT}."
        )
    return numbers, arrays


def _shown(name: str, fingerprint: dict[str, str]) -> str:
    value = fingerprint.get(name, "none")
    return f"{name}={value if len(value) <= 60 else value[:57] + '...'}"
