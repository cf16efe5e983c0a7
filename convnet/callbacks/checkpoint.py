"""Checkpoint."""

import json
import os
from typing import Any

import numpy as np

from convnet.callbacks.callback import Callback
from convnet.callbacks.run import Run, State
from convnet.persistence import npz
from convnet.persistence.files import atomic_write, check_path

FORMAT = 1  # of the file
NUMBERS = "numbers.json"  # the entry that is no array of the training


class Checkpoint(Callback):
    """Writes the state of training to a file after each epoch; a later ``fit`` goes on from there.

    The result is, to the bit, that of a fit that was never stopped. The file is a NumPy archive (.npz) of arrays
    and JSON, without pickles, and is replaced as a whole. It goes with its data and parameters: ``fit`` refuses it,
    saying what differs, for others. Only `n_jobs`, `verbose`, `callbacks` and `max_time` may change, and `max_iter`
    too where `learning_rate` is no schedule. With ``random_state=None`` the seed of the file is taken.

    Put it last in the list, so that it sees whether another callback ends training. It is not meant for searches,
    whose fits would share one file.

    Parameters
    ----------
    path : str or path
        The file; its folder has to exist.
    resume : bool, default=True
        Whether to go on from the file if there is one. False begins anew and replaces it.

    Raises
    ------
    ValueError
        In ``fit``, if no file can be written there, or the file is no checkpoint or one of other data or parameters.
    TypeError
        In ``fit``, if `path` is neither text nor a path.

    References
    ----------
    .. [1] Keras's ``BackupAndRestore``.

    Examples
    --------
    >>> from convnet import ConvNetClassifier
    >>> from convnet.callbacks import Checkpoint
    >>> clf = ConvNetClassifier(max_iter=100, callbacks=[Checkpoint("digits.npz")])
    """

    def __init__(self, path: str | os.PathLike[str], resume: bool = True) -> None:
        self.path = path
        self.resumes = resume

    def __repr__(self) -> str:
        return f"Checkpoint({self.path!r}{'' if self.resumes else ', resume=False'})"

    def resume(self, run: Run) -> State | None:
        path = check_path("Checkpoint", self.path)
        if not self.resumes or not os.path.exists(path):
            return None
        numbers, arrays = _read(path)
        then, now = numbers.pop("identity"), run.identity
        for name in now | then:
            if now.get(name) != then.get(name):
                raise ValueError(
                    f"{self!r}: the file is of a fit with {_said(name, then)}, this one has {_said(name, now)}. "
                    "Use another path, or resume=False to begin anew."
                )
        return numbers, arrays

    def on_epoch_end(self, run: Run) -> None:
        if run.is_whole:
            numbers, arrays = run.state()
            numbers = {"format": FORMAT, "identity": run.identity} | numbers
            text = np.frombuffer(json.dumps(numbers).encode(), dtype=np.uint8)
            with atomic_write(self.path) as file:
                entries: dict[str, Any] = {NUMBERS: text, **arrays}
                np.savez(file, **entries)


def _read(path: str) -> State:
    """Return numbers and arrays; ValueError if they cannot be had."""
    try:
        with npz.Reader(path) as archive:
            names = archive.names() - {NUMBERS}
            numbers = json.loads(archive.array(NUMBERS, np.uint8).tobytes())
            found = numbers["format"]
            identity = numbers["identity"]
            if not all(isinstance(text, str) for text in (*identity, *identity.values())):
                raise ValueError("its identity is no dict of texts")
            arrays = {name: archive.array(name, np.float32) for name in names}
    except Exception as error:  # a file can be wrong in as many ways as there are exceptions
        raise ValueError(f"Checkpoint: {path!r} is no checkpoint of convnet: {error}") from error
    if found != FORMAT:
        raise ValueError(
            f"Checkpoint: {path!r} has format {found}; this convnet reads format {FORMAT}."
        )
    return numbers, arrays


def _said(name: str, identity: dict[str, str]) -> str:
    value = identity.get(name, "none")
    return f"{name}={value if len(value) <= 60 else value[:57] + '...'}"
