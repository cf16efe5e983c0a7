"""HistoryCSV."""

import csv
import math
import os

from convnet.callbacks.callback import Callback
from convnet.callbacks.run import Run
from convnet.persistence.files import atomic_write, check_path


class HistoryCSV(Callback):
    """Writes the figures of all epochs to a CSV file, after each one.

    The first column is "epoch", from 1; the others are those of ``history_``. A figure that an epoch lacks is empty.
    The file is replaced as a whole.

    Parameters
    ----------
    path : str or path
        The file; its folder has to exist.

    Raises
    ------
    ValueError
        In ``fit``, if no file can be written there.
    TypeError
        In ``fit``, if `path` is neither text nor a path.

    References
    ----------
    .. [1] Keras's ``CSVLogger``.

    Examples
    --------
    >>> from convnet import ConvNetClassifier
    >>> from convnet.callbacks import HistoryCSV
    >>> clf = ConvNetClassifier(callbacks=[HistoryCSV("history.csv")])
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"HistoryCSV({self.path!r})"

    def on_fit_begin(self, run: Run) -> None:
        check_path("HistoryCSV", self.path)

    def on_epoch_end(self, run: Run) -> None:
        columns = run.history.values()
        with atomic_write(self.path, text=True) as file:
            writer = csv.writer(file)
            writer.writerow(["epoch", *run.history])
            for i, figures in enumerate(zip(*columns, strict=True), 1):
                writer.writerow([i, *("" if math.isnan(f) else repr(float(f)) for f in figures)])
