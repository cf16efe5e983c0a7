"""Snapshots: the state of a training loop, as numbers for JSON and as arrays by name."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convnet.training.loop import BestWeights, Loop
from convnet.training.schedules import PlateauState
from convnet.values.messages import show

MISFIT = "The state to resume from does not fit this net"


def take(loop: Loop) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return (numbers, arrays), from which `restore` lets an equal loop resume with the same bits.

    Raises ValueError before the first epoch and after one that was dropped, because neither leaves weights.
    """
    if loop.weights is None:
        raise ValueError(
            "There is no state to save: no epoch has ended, or the last one was dropped at the deadline."
        )
    best, stopping = loop.best, loop.stopping
    arrays = {f"weights/{name}": array for name, array in loop.weights.items()}
    if best.weights is not loop.weights:
        arrays |= {f"best/{name}": array for name, array in best.weights.items()}
    trainer = loop.trainer.state()
    arrays |= {f"trainer/{k}": v for k, v in trainer.items() if isinstance(v, np.ndarray)}
    numbers = {
        "history": loop.history,
        "over": loop.over,
        "best": [best.score, best.epoch],
        "stopping": [stopping.best, stopping.stalled],
        "rates": list(loop.rates.state),
        "trainer": {k: v for k, v in trainer.items() if not isinstance(v, np.ndarray)},
    }
    return numbers, arrays


def seeds(numbers: Mapping[str, Any]) -> list[int]:
    """Return the seeds of a fit and of its split, which the fit has added; ValueError if they are invalid."""
    found = numbers.get("seeds")
    if (
        not isinstance(found, list)
        or [type(seed) for seed in found] != [int, int]
        or not all(0 <= seed < 2**31 for seed in found)
    ):
        raise ValueError(f"{MISFIT}: its seeds are {show(found)}")
    return found


def restore(loop: Loop, numbers: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Put a loop that has not run into a state that `take` returned; ValueError if the state does not fit."""
    try:
        weights, best = (_part(arrays, part) for part in ("weights", "best"))
        loop.network.set_weights(weights)
        loop.trainer.set_state(_part(arrays, "trainer") | numbers["trainer"])
        _check(loop, numbers)
        if best:
            loop.network.set_weights(best)  # which checks them
            loop.network.set_weights(weights)
        loop.history = numbers["history"]
        loop.over = numbers["over"]
        loop.weights = weights
        score, epoch = numbers["best"]
        loop.best = BestWeights(score, epoch, best or weights)
        loop.stopping.best, loop.stopping.stalled = numbers["stopping"]
        loop.rates.state = PlateauState(*numbers["rates"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ValueError(f"{MISFIT}: {error}") from error


def _check(loop: Loop, numbers: Mapping[str, Any]) -> None:
    """Raise ValueError unless the numbers have the form that `take` returns."""
    history, (score, epoch) = numbers["history"], numbers["best"]
    if history.keys() != loop.history.keys():
        raise ValueError(f"its history has {list(history)}")
    if not all(isinstance(figures, list) for figures in history.values()):
        raise ValueError("its history does not consist of lists")
    if len({len(figures) for figures in history.values()}) != 1 or not history["loss"]:
        raise ValueError("the lists of its history have different lengths, or none")
    figures = [figure for listed in history.values() for figure in listed]
    if not all(map(_is_number, (*figures, score, *numbers["stopping"]))):
        raise ValueError("its metrics are not numbers")
    done = loop.first_epoch + len(history["loss"])
    if type(epoch) is not int or not 1 <= epoch <= done:
        raise ValueError(f"its best epoch is {show(epoch)} of {done}")
    if math.isnan(score):
        raise ValueError("its best score is NaN")
    rate, best, *counts = numbers["rates"]
    if not _is_number(rate) or not rate > 0 or not _is_number(best) or math.isnan(best):
        raise ValueError("its learning rate, or the best loss of its schedule, is invalid")
    if len(counts) != 2 or not all(type(n) is int and n >= 0 for n in counts):
        raise ValueError(f"the counts of its schedule are {show(counts)}")
    if type(numbers["over"]) is not bool:
        raise ValueError("its flag 'over' is invalid")


def _is_number(value: object) -> bool:
    return type(value) is float or (type(value) is int and abs(value) < 2**63)


def _part(arrays: Mapping[str, NDArray[Any]], part: str) -> dict[str, Any]:
    return {k.removeprefix(f"{part}/"): v for k, v in arrays.items() if k.startswith(f"{part}/")}
