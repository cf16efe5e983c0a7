"""HistoryCSV: the metrics of each epoch as a CSV file."""

import csv
import math
import os

from convnet.callbacks.callback import Callback
from convnet.callbacks.fit_run import FitRun
from convnet.persistence.files import atomic_write, check_path


class HistoryCSV(Callback):
    """Writes a CSV file with the metrics of all epochs, and replaces it after each epoch.

    The first column is "epoch", from 1; the others are the keys of ``history_``. If an epoch lacks a metric, the field
    is empty.

    Parameters
    ----------
    path : str or path
        The file. Its folder must exist.

    Raises
    ------
    ValueError
        In ``fit``, if the folder does not exist or cannot be written to.
    TypeError
        In ``fit``, if `path` is neither a string nor a path.

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

    def on_fit_begin(self, run: FitRun) -> None:
        check_path("HistoryCSV", self.path)

    def on_epoch_end(self, run: FitRun) -> None:
        columns = run.history.values()
        with atomic_write(self.path, text=True) as file:
            writer = csv.writer(file)
            writer.writerow(["epoch", *run.history])
            for i, metrics in enumerate(zip(*columns, strict=True), 1):
                writer.writerow(
                    [i, *("" if math.isnan(value) else repr(float(value)) for value in metrics)]
                )
