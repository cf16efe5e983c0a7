"""The lines of Progress, in a file, on a terminal and in a notebook."""

import io
import re
import sys
import types

import numpy as np
import pytest

from convnet import ConvNetClassifier
from convnet.callbacks import Callback, Progress, progress
from convnet.layers import Dense

X, Y = np.eye(4, dtype=np.float32).repeat(5, axis=0), np.arange(4).repeat(5)


class Clock:
    """Time that passes by a second for each batch."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now


class Seconds(Callback):
    def __init__(self, clock):
        self.clock = clock

    def on_batch_end(self, run):
        self.clock.now += 1


class Terminal(io.StringIO):
    """Keeps what a terminal shows: each text that a line had, and the lines that stay."""

    def isatty(self):
        return True

    def screen(self):
        """Return the lines that stay and all the texts of the moving line."""
        moving, lines, current = [], [], ""
        for part in re.split("(\r\x1b\\[K|\n)", self.getvalue()):
            if part == "\n":
                lines.append(current)
                current = ""
            elif part == "\r\x1b[K":
                current = ""
            elif part:
                current = part
                moving.append(part)
        return lines, [text for text in moving if "[" in text], current


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def fit(clock, bar=None, **params):
    """Fit for two epochs of four batches, of a second each."""
    callbacks = [Seconds(clock), Progress(bar)]
    params = {"max_iter": 2, "batch_size": 5, "random_state": 0} | params
    return ConvNetClassifier([Dense(4)], callbacks=callbacks, **params).fit(X, Y)


def test_lines_where_the_output_is_no_terminal(clock, capsys):
    fit(clock)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert re.fullmatch(
        r"epoch 2/2  loss [\d.]+  score [\d.]+  learning rate \S+  seconds \S+", lines[1]
    )


def test_the_line_of_a_terminal_moves_within_an_epoch(clock, monkeypatch):
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    fit(clock)
    lines, moving, rest = terminal.screen()
    assert [line[:9] for line in lines] == ["epoch 1/2", "epoch 2/2"] and not rest
    empty, quarter, half = "[" + " " * 20 + "]", "[#####" + " " * 15 + "]", "[" + "#" * 10
    assert moving[0] == f"epoch 1/2  {empty}    0%"
    assert moving[1] == f"epoch 1/2  {quarter}   25%  0:07 left"
    assert half in moving[2] and moving[2].endswith("50%  0:06 left")
    assert moving[5] == f"epoch 2/2  {empty}    0%  0:04 left"
    assert moving[-1] == f"epoch 2/2  [{'#' * 20}]  100%  0:00 left"


def test_max_time_limits_the_time_left(clock, monkeypatch):
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    fit(clock, max_iter=1000, max_time=3000)
    assert re.search(r" (50:00|4\d:\d\d) left$", terminal.screen()[1][1])


def test_partial_fit_has_no_limit(clock, monkeypatch):
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    clf = ConvNetClassifier([Dense(4)], max_time=1e-6, verbose=True, batch_size=5, random_state=0)
    clf.partial_fit(X, Y, classes=range(4))
    moving = terminal.screen()[1]
    assert moving and not any("left" in text for text in moving)


def test_a_fit_that_continues_counts_its_own_epochs(clock, monkeypatch):
    clf = fit(clock, bar=False, warm_start=True)
    clf.set_params(callbacks=[Seconds(clock), Progress()])
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    clf.fit(X, Y)
    moving = terminal.screen()[1]
    assert moving[1].startswith("epoch 3/4") and moving[1].endswith("0:07 left")


@pytest.mark.parametrize("stream", [None, types.SimpleNamespace(write=len, flush=lambda: None)])
def test_an_output_that_is_no_file(clock, monkeypatch, stream):
    monkeypatch.setattr(sys, "stdout", stream)
    assert fit(clock).n_iter_ == 2


def test_a_quick_step_does_not_refresh(clock, monkeypatch):
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    callbacks = [Progress()]
    ConvNetClassifier([Dense(4)], callbacks=callbacks, max_iter=2, batch_size=5).fit(X, Y)
    assert len(terminal.screen()[1]) == 2  # once per epoch; the clock stands still


def test_a_narrow_terminal(clock, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    fit(clock)
    assert max(map(len, terminal.screen()[1])) == 29


def test_an_error_leaves_no_moving_line(clock, monkeypatch):
    class Fails(Callback):
        def on_batch_end(self, run):
            raise RuntimeError

    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    with pytest.raises(RuntimeError):
        ConvNetClassifier([Dense(4)], callbacks=[Progress(), Fails()]).fit(X, Y)
    assert terminal.screen()[2] == ""


def test_no_bar_on_a_terminal(clock, monkeypatch):
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    fit(clock, bar=False)
    lines, moving, _ = terminal.screen()
    assert len(lines) == 2 and not moving


def test_a_notebook_updates_one_output_and_keeps_the_lines(clock, monkeypatch, capsys):
    shown = []

    class Handle:
        def update(self, data, raw):
            shown.append(data["text/plain"])

    def display(data, raw, display_id):
        shown.append(data["text/plain"])
        return Handle()

    ipython = types.SimpleNamespace(
        get_ipython=lambda: types.SimpleNamespace(kernel=None),
        display=types.SimpleNamespace(display=display),
    )
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    fit(clock)
    assert shown[1].endswith(" 25%  0:07 left") and shown[-1] == ""
    out = capsys.readouterr().out
    assert [line[:9] for line in out.splitlines()] == ["epoch 1/2", "epoch 2/2"]


@pytest.mark.parametrize(
    "seconds, text", [(0, "0:00"), (59.6, "1:00"), (3599, "59:59"), (7325, "2:02:05")]
)
def test_clock(seconds, text):
    assert progress._clock(seconds) == text
