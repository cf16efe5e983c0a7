"""Progress: the metrics of each epoch on the terminal."""

from typing import TYPE_CHECKING

from convnet._extras import missing_extra
from convnet.callbacks.callback import Callback
from convnet.callbacks.fit_run import FitRun

if TYPE_CHECKING:
    from rich.progress import Progress as Bar


class Progress(Callback):
    """Shows the metrics of each epoch, in a progress bar or in lines.

    Parameters
    ----------
    bar : bool, default=None
        True shows a bar, which needs rich. False prints lines. None shows a bar if rich is installed and the output is
        a terminal or a notebook.

    Raises
    ------
    ImportError
        In ``fit``, if `bar` is True and rich is not installed.

    References
    ----------
    .. [1] Keras's ``ProgbarLogger``.
    """

    def __init__(self, bar: bool | None = None) -> None:
        self.bar = bar

    def __repr__(self) -> str:
        return f"Progress({'' if self.bar is None else self.bar})"

    def on_fit_begin(self, run: FitRun) -> None:
        bar = None if self.bar is False else _rich_bar(must=self.bar is True)
        if bar:
            run.scratch[self] = bar, bar.add_task("", total=run.last_epoch, completed=run.epoch)
            bar.start()

    def on_epoch_end(self, run: FitRun) -> None:
        n, last = run.epoch, run.last_epoch
        words = [f"epoch {n:>{len(str(last))}}/{last}"]
        words += [f"{k.replace('_', ' ')} {_short(v)}" for k, v in run.metrics.items()]
        if self in run.scratch:
            bar, task = run.scratch[self]
            bar.update(task, completed=n, description="  ".join(words))
        else:
            print("  ".join(words), flush=True)

    def close(self, run: FitRun) -> None:
        if self in run.scratch:
            run.scratch.pop(self)[0].stop()


def _rich_bar(must: bool) -> "Bar | None":
    """Return a progress bar of rich, or None to print lines."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress as Bar, TextColumn, TimeRemainingColumn
    except ImportError:
        if must:
            message = missing_extra("Progress(bar=True)", "rich", "progress")
            raise ImportError(message) from None
        return None
    console = Console()
    if not must and not (console.is_terminal or console.is_jupyter):
        return None
    columns = BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn(compact=True)
    return Bar(*columns, console=console)


def _short(value: float) -> str:
    return f"{value:.4f}" if 0.001 <= abs(value) < 1e4 else f"{value:.3g}"
