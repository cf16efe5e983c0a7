"""matplotlib: only drawing imports it, errors say how to install it, its settings stay unchanged."""

import re
import subprocess
import sys

import matplotlib
import matplotlib.pyplot as plt
import pytest

from convnet._extras import missing_extra
from convnet.inspection import HistoryDisplay


@pytest.mark.slow
def test_import_leaves_matplotlib_alone():
    code = "import sys, convnet.inspection; convnet.ConvNetClassifier; print('matplotlib' in sys.modules)"
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "False\n"


def test_without_matplotlib(monkeypatch, clf):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    advice = missing_extra("HistoryDisplay.plot", "matplotlib", "plot")
    with pytest.raises(ImportError, match=re.escape(advice)):
        HistoryDisplay.from_estimator(clf)


def test_given_axes_leave_no_other_figure(clf):
    settings = dict(matplotlib.rcParams)
    own, mine = plt.subplots()
    other = plt.figure()
    HistoryDisplay.from_estimator(clf, ax=mine)
    assert plt.get_fignums() == [own.number, other.number]
    assert plt.gcf() is other and dict(matplotlib.rcParams) == settings
