"""The weights that are kept."""

from convnet.training.best import Best


def test_the_best_is_the_first_of_equals():
    best = Best()
    kept = []
    for epoch, score in enumerate((1, 0.5, 1, 2, 2), 1):
        best.offer(score, epoch, f"weights {epoch}")
        kept.append(best.epoch)
    assert kept == [1, 1, 1, 4, 4] and best.weights == "weights 4" and best.score == 2
