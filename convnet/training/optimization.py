"""What training goes on with from epoch to epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convnet.graph import Trainer
from convnet.training.early_stopping import EarlyStopping
from convnet.training.rates import Rates

if TYPE_CHECKING:
    from convnet.graph import Network
    from convnet.training.rates import LearningRate


class OptimizationState:
    """Trainer, learning rates and stopping of one ``fit``, or of ``partial_fit`` from call to call.

    It is in no pickle.

    Parameters
    ----------
    seed : int
        Of the first call.
    first_epoch : int
        The epoch that learning rates count from.

    Attributes
    ----------
    trainer, settings : Trainer, dict
        The optimizer with its moments, and what it was made with: it is made anew when that changes.
    rates, stopping, schedule_key : Rates, EarlyStopping, tuple
        The learning rate, and what it was made with.
    """

    def __init__(self, seed: int, first_epoch: int) -> None:
        self.seed, self.first_epoch = seed, first_epoch
        self.trainer: Trainer
        self.settings: dict[str, Any] | None = None
        self.rates: Rates
        self.stopping: EarlyStopping
        self.schedule_key: tuple[Any, ...] | None = None

    def set_trainer(
        self, network: Network, *, loss: str, batch_size: int, settings: dict[str, Any]
    ) -> None:
        """Have a trainer of these settings for batches of up to `batch_size` rows."""
        settings = settings | {"loss": loss}
        if self.settings != settings:
            self.trainer = Trainer(network, batch_size=batch_size, seed=self.seed, **settings)
            self.settings = settings
        elif self.trainer.batch_size < batch_size:
            self.trainer.resize(batch_size)

    def set_schedule(
        self, learning_rate: LearningRate, init: float, max_iter: int, tol: float, patience: float
    ) -> None:
        """Have learning rates and a rule for stopping of these parameters."""
        schedule_key = learning_rate, init, max_iter, tol, patience
        if self.schedule_key != schedule_key:
            self.rates = Rates(learning_rate, init, max_iter, self.first_epoch)
            self.stopping = EarlyStopping(tol, patience)
            self.schedule_key = schedule_key
