"""Callbacks for the parameter `callbacks`: hooks that ``fit`` calls.

callback.py     Callback, the base class, whose hooks do nothing
checkpoint.py   Checkpoint: a file to resume training from
history_csv.py  HistoryCSV: the metrics of each epoch as a table
progress.py     Progress: a progress bar or lines, as with `verbose`
fit_run.py      FitRun: the argument of the hooks, for type checkers
"""

from typing import TYPE_CHECKING

from convnet.callbacks.callback import Callback
from convnet.callbacks.checkpoint import Checkpoint
from convnet.callbacks.history_csv import HistoryCSV
from convnet.callbacks.progress import Progress
from convnet.values import foreign_tables
from convnet.values.foreign_names import missing_name

__all__ = ["Callback", "Checkpoint", "HistoryCSV", "Progress"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> None:
        raise missing_name(__name__, name, __all__, foreign_tables.CALLBACKS)
