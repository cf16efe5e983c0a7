"""The state of a training loop as numbers, fit for JSON, and arrays by name."""

import numpy as np

MISFIT = "The state to resume from does not fit this net"


def take(loop):
    """Return (numbers, arrays) that `restore` makes a loop of the same making go on from, to the bit."""
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
        "rate": loop.rates.init,
        "trainer": {k: v for k, v in trainer.items() if not isinstance(v, np.ndarray)},
    }
    return numbers, arrays


def seeds(numbers):
    """Return the seeds of a fit and of its split, which the fit has added; ValueError where they are none."""
    found = numbers.get("seeds")
    if (
        not isinstance(found, list)
        or [type(seed) for seed in found] != [int, int]
        or min(found) < 0
    ):
        raise ValueError(f"{MISFIT}: its seeds are {found!r}")
    return found


def restore(loop, numbers, arrays):
    """Put a loop that has not run into the state that `take` returned; ValueError if it does not fit."""
    try:
        weights, best = (_part(arrays, part) for part in ("weights", "best"))
        loop.network.set_weights(weights)
        loop.trainer.set_state(_part(arrays, "trainer") | numbers["trainer"])
        if numbers["history"].keys() != loop.history.keys():
            raise ValueError(f"its history has {list(numbers['history'])}")
        if len({len(figures) for figures in numbers["history"].values()}) != 1:
            raise ValueError("its history has figures for some epochs only")
        if best:
            loop.network.set_weights(best)  # which checks them
            loop.network.set_weights(weights)
        loop.history = numbers["history"]
        loop.over = bool(numbers["over"])
        loop.weights = weights
        loop.best.score, loop.best.epoch = numbers["best"]
        loop.best.weights = best or weights
        loop.stopping.best, loop.stopping.stalled = numbers["stopping"]
        loop.rates.init = numbers["rate"]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{MISFIT}: {error}") from error


def _part(arrays, part):
    return {k.removeprefix(f"{part}/"): v for k, v in arrays.items() if k.startswith(f"{part}/")}
