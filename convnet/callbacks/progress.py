"""Progress: a line for each epoch, and below it how far training has come."""

import shutil
import sys
import time
from math import inf
from typing import Any, Protocol

from convnet.callbacks.callback import Callback
from convnet.callbacks.fit_run import FitRun

REFRESH = 0.1  # seconds from one update of the moving line to the next, at least
BAR = 20  # characters
ERASE = "\r\x1b[K"  # to the beginning of the line, and erase it


class Progress(Callback):
    """Prints the metrics of each epoch, and shows the progress within an epoch and the time left.

    Each epoch leaves one line. On a terminal and in a notebook, a line below the last epoch moves during training. It
    shows the position in the current epoch, and the time left until the last epoch ends, or until `max_time` is over.
    Early stopping may end training earlier.

    Parameters
    ----------
    bar : bool, default=None
        Whether to show the moving line. None shows it if the output is a terminal or a notebook.

    References
    ----------
    .. [1] Keras's ``ProgbarLogger``.

    Examples
    --------
    >>> import numpy as np
    >>> from convnet import ConvNetRegressor
    >>> from convnet.callbacks import Progress
    >>> X, y = np.eye(4, dtype=np.float32), np.arange(4)
    >>> reg = ConvNetRegressor(max_iter=2, random_state=0, callbacks=[Progress()]).fit(X, y)  # doctest: +ELLIPSIS
    epoch 1/2  loss ...  score ...  learning rate ...  seconds ...
    epoch 2/2  loss ...  score ...  learning rate ...  seconds ...
    """

    def __init__(self, bar: bool | None = None) -> None:
        self.bar = bar

    def __repr__(self) -> str:
        return f"Progress({'' if self.bar is None else self.bar})"

    def on_fit_begin(self, run: FitRun) -> None:
        line = _moving_line(self.bar)
        if line:
            run.scratch[self] = _Clock(line, run)

    def on_epoch_begin(self, run: FitRun) -> None:
        if self in run.scratch:
            run.scratch[self].show(run, 0.0)

    def on_batch_end(self, run: FitRun) -> None:
        if self in run.scratch:
            run.scratch[self].show(run, run.batch / run.n_batches)

    def on_epoch_end(self, run: FitRun) -> None:
        if self in run.scratch:
            run.scratch[self].clear()
        words = [_epoch(run.epoch, run)]
        words += [f"{k.replace('_', ' ')} {_short(v)}" for k, v in run.metrics.items()]
        print("  ".join(words), flush=True)

    def close(self, run: FitRun) -> None:
        if self in run.scratch:
            run.scratch.pop(self).clear()


class MovingLine(Protocol):
    """A line of text that changes in place."""

    def write(self, text: str) -> None:
        """Show this text in place of the last one. An empty text leaves no line."""


class _TerminalLine:
    def __init__(self) -> None:
        self._stream = sys.stdout  # of the beginning, should the user's code replace it

    def write(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1  # a full line would wrap
        self._stream.write(ERASE + text[:width])
        self._stream.flush()


class _NotebookLine:
    """An output of its own in a notebook, above what the cell prints after the first update."""

    def __init__(self, display: Any) -> None:
        self._display = display
        self._handle: Any = None

    def write(self, text: str) -> None:
        data = {"text/plain": text}
        if self._handle is None:
            self._handle = self._display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)


class _Clock:
    """Writes position and remaining time of a fit to a moving line."""

    def __init__(self, line: MovingLine, run: FitRun) -> None:
        self._line, self._first = line, run.epoch
        self._start, self._shown = time.monotonic(), -inf

    def show(self, run: FitRun, share: float) -> None:
        """Show the share of the current epoch that is done, unless the line was written just now."""
        now = time.monotonic()
        if now - self._shown < REFRESH:
            return
        self._shown = now
        filled = round(BAR * share)
        parts = [_epoch(run.epoch + 1, run), f"[{'#' * filled:<{BAR}}]", f"{share:4.0%}"]
        left = self._left(now - self._start, run.epoch - self._first + share, run)
        self._line.write("  ".join(parts if left is None else [*parts, f"{_clock(left)} left"]))

    def clear(self) -> None:
        """Erase the line."""
        self._line.write("")
        self._shown = -inf

    def _left(self, seconds: float, done: float, run: FitRun) -> float | None:
        """Return the remaining seconds, given those since the beginning and the epochs done, or None if unknown."""
        left = seconds * (run.last_epoch - self._first - done) / done if done else inf
        left = min(left, run.seconds_left)
        return left if left < inf else None


def _moving_line(bar: bool | None) -> MovingLine | None:
    """Return the moving line of the output; None if there is to be none."""
    if bar is False:
        return None
    ipython = sys.modules.get("IPython")
    if ipython is not None and hasattr(ipython.get_ipython(), "kernel"):
        return _NotebookLine(ipython.display.display)
    is_terminal = getattr(
        sys.stdout, "isatty", bool
    )  # of a replaced stdout, or of none, it may be missing
    if sys.stdout is not None and (bar or is_terminal()):
        return _TerminalLine()
    return None


def _epoch(n: int, run: FitRun) -> str:
    return f"epoch {n:>{len(str(run.last_epoch))}}/{run.last_epoch}"


def _clock(seconds: float) -> str:
    """Return "m:ss" or "h:mm:ss"."""
    minutes, second = divmod(round(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"


def _short(value: float) -> str:
    return f"{value:.4f}" if 0.001 <= abs(value) < 1e4 else f"{value:.3g}"
