"""When training stops."""

from convnet.training.stopping import Stopping


def test_gains_below_tol_do_not_count():
    stopping = Stopping(tol=0.1, patience=2)
    for figure in (1.0, 1.05, 1.09):
        stopping.update(figure)
        assert not stopping.exhausted()
    stopping.update(1.12)  # the best, but no progress on 1.09
    assert stopping.exhausted()
    assert not stopping.exhausted()  # patience starts anew


def test_progress_renews_patience():
    stopping = Stopping(tol=0.1, patience=1)
    for figure in (1, 1, 2, 2, 3, 3):
        stopping.update(figure)
        assert not stopping.exhausted()
