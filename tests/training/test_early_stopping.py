"""Which weights are kept, and when training stops."""

from convnet.training.loop import BestWeights
from convnet.training.optimization import EarlyStopping


def test_the_best_is_the_first_of_equals():
    best = BestWeights()
    kept = []
    for epoch, score in enumerate((1, 0.5, 1, 2, 2), 1):
        best.offer(score, epoch, f"weights {epoch}")
        kept.append(best.epoch)
    assert kept == [1, 1, 1, 4, 4] and best.weights == "weights 4" and best.score == 2


def test_gains_below_tol_do_not_count():
    stopping = EarlyStopping(tol=0.1, patience=2)
    for figure in (1.0, 1.05, 1.09):
        stopping.update(figure)
        assert not stopping.exhausted()
    stopping.update(1.12)  # the best, but no progress on 1.09
    assert stopping.exhausted()
    assert not stopping.exhausted()  # patience starts again


def test_progress_renews_patience():
    stopping = EarlyStopping(tol=0.1, patience=1)
    for figure in (1, 1, 2, 2, 3, 3):
        stopping.update(figure)
        assert not stopping.exhausted()
