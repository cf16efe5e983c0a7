"""Callbacks, for the `callbacks` parameter: small hooks that ``fit`` calls.

callback.py    Callback, the base: hooks that do nothing
checkpoint.py  Checkpoint: a file to resume from
csvfile.py     HistoryCSV: the figures of each epoch as a table
progress.py    Progress: a line or a bar, which `verbose` uses
run.py         Run: a fit as callbacks see it, for type checkers
"""

from convnet.callbacks.callback import Callback
from convnet.callbacks.checkpoint import Checkpoint
from convnet.callbacks.csvfile import HistoryCSV
from convnet.callbacks.progress import Progress

__all__ = ["Callback", "Checkpoint", "HistoryCSV", "Progress"]
