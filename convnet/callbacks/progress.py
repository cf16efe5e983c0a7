"""Progress."""

from typing import TYPE_CHECKING

from convnet.callbacks.callback import Callback
from convnet.callbacks.run import Run

if TYPE_CHECKING:
    from rich.progress import Progress as Bar


class Progress(Callback):
    """Shows the figures of each epoch: a bar where rich is installed and the output is a terminal, else lines.

    Parameters
    ----------
    bar : bool, default=None
        True wants the bar, for which rich has to be installed; False wants lines. None is as said above.

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

    def on_fit_begin(self, run: Run) -> None:
        bar = None if self.bar is False else _rich_bar(must=self.bar is True)
        if bar:
            run.scratch[self] = bar, bar.add_task("", total=run.last_epoch, completed=run.epoch)
            bar.start()

    def on_epoch_end(self, run: Run) -> None:
        n, last = run.epoch, run.last_epoch
        words = [f"epoch {n:>{len(str(last))}}/{last}"]
        words += [f"{k.replace('_', ' ')} {_short(v)}" for k, v in run.figures.items()]
        if self in run.scratch:
            bar, task = run.scratch[self]
            bar.update(task, completed=n, description="  ".join(words))
        else:
            print("  ".join(words), flush=True)

    def close(self, run: Run) -> None:
        if self in run.scratch:
            run.scratch.pop(self)[0].stop()


def _rich_bar(must: bool) -> "Bar | None":
    """Return a bar of rich, or None where lines will do."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress as Bar, TextColumn, TimeRemainingColumn
    except ImportError:
        if must:
            message = 'Progress(bar=True) needs rich: pip install "convnet[progress]"'
            raise ImportError(message) from None
        return None
    console = Console()
    if not must and not (console.is_terminal or console.is_jupyter):
        return None
    columns = BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn(compact=True)
    return Bar(*columns, console=console)


def _short(value: float) -> str:
    return f"{value:.4f}" if 0.001 <= abs(value) < 1e4 else f"{value:.3g}"
