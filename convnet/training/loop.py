"""One fit: epochs of shuffled batches, with the best weights and a history kept."""

import math
import time

import numpy as np

from convnet.training.examples import permutation


class Loop:
    """Epochs over some examples.

    Parameters
    ----------
    network, trainer : Network, Trainer
        What is trained.
    examples : Examples
        What it is trained on.
    batch_size : int
        Rows of a step; the last one of an epoch may have fewer.
    rates : Rates
        Learning rate of each step.
    stopping : Stopping
        Fed with the validation score, or minus the training loss where there is none.
    seed : int
        With the number of an epoch it gives the order of the rows.
    shuffle : bool
        False keeps the order of the rows.
    first_epoch : int
        Number of the first epoch, above 0 where an earlier fit goes on.
    best_iter : int, default=0
        Epochs done when the network's weights were reached, where those stand until an epoch betters their score
        on the held-out rows; 0 where the first epoch is to replace them.
    validate : callable, default=None
        Returns loss and score on held-out rows.
    report : callable, default=None
        Called with the number of epochs done and the figures of the last one.

    Attributes
    ----------
    history : dict of list
        "loss", "learning_rate", "seconds" and, with `validate`, "validation_loss" and "validation_score".
    best_iter : int
        Epochs done (the first one is 1) when the kept weights were reached; 0 before.
    weights : dict of ndarray
        The kept weights: of the best epoch with `validate`, else of the last.
    """

    def __init__(
        self,
        network,
        trainer,
        examples,
        *,
        batch_size,
        rates,
        stopping,
        seed,
        shuffle,
        first_epoch,
        best_iter=0,
        validate=None,
        report=None,
    ):
        self.network, self.trainer, self.examples = network, trainer, examples
        self.batch_size, self.rates, self.stopping = batch_size, rates, stopping
        self.seed, self.shuffle, self.first_epoch = seed, shuffle, first_epoch
        self.validate, self.report = validate, report
        self.history = {"loss": [], "learning_rate": [], "seconds": []}
        if validate:
            self.history |= {"validation_loss": [], "validation_score": []}
        self.best_iter, self.weights = best_iter, None

    def run(self, max_iter):
        """Train for `max_iter` epochs or until progress ends; leave the kept weights in the network."""
        if self.validate and self.best_iter:
            self.stopping.update(self.validate()[1])
            self.weights = self.network.get_weights()
        for epoch in range(self.first_epoch, self.first_epoch + max_iter):
            self._epoch(epoch)
            if self.stopping.exhausted() and not self.rates.lower():
                break
        if self.validate:
            self.network.set_weights(self.weights)

    def _epoch(self, epoch):
        start = time.perf_counter()
        rates = self.rates.epoch(epoch, -(-len(self.examples.rows) // self.batch_size))
        figures = {"loss": self._train(epoch, rates), "learning_rate": rates[-1]}
        weights = self.network.get_weights()
        self._check_weights(weights, epoch, rates[-1])
        if self.validate:
            figures["validation_loss"], figures["validation_score"] = self.validate()
        figures["seconds"] = time.perf_counter() - start
        is_best = self.stopping.update(
            figures["validation_score"] if self.validate else -figures["loss"]
        )
        for name, figure in figures.items():
            self.history[name].append(figure)
        if is_best or not self.validate:
            self.weights, self.best_iter = weights, epoch + 1
        if self.report:
            self.report(epoch + 1, figures)

    def _train(self, epoch, rates):
        """Take the steps of an epoch at these rates; return Σ w·loss / Σ w over its batches."""
        data, size = self.examples, self.batch_size
        rows = permutation(data.rows, self.seed, epoch) if self.shuffle else data.rows
        total = 0.0
        for i, rate in enumerate(rates):
            batch = rows[i * size : (i + 1) * size]
            loss = self.trainer.step(
                data.X,
                data.targets,
                batch,
                data.weights,
                scale=data.scale,
                learning_rate=rate,
                epoch=epoch,
            )
            if not math.isfinite(loss):
                raise ValueError(_diverged(f"loss became {loss}", epoch, i, rate))
            total += loss * data.weight(batch)
        return total / data.weight(rows)

    def _check_weights(self, weights, epoch, rate):
        for name, values in weights.items():
            if not np.isfinite(values).all():
                last = (len(self.examples.rows) - 1) // self.batch_size
                raise ValueError(
                    _diverged(f"weights {name!r} are no longer finite", epoch, last, rate)
                )


def _diverged(what, epoch, batch, rate):
    return (
        f"The {what} in epoch {epoch + 1}, batch {batch + 1}, at learning rate {rate:g}. "
        "Lower learning_rate_init or scale X."
    )
