"""Checks, before any memory is allocated, that the machine has enough for a net."""

import os
from functools import cache

from convnet.graph.layout import ParameterList
from convnet.graph.plan import Plan
from convnet.values.messages import show

COPIES = 4  # of the parameters: in training with gradient and two moments, in prediction as packed and folded ones

# Limits of a container: of control groups in their second version, and in their first.
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@cache
def machine_bytes() -> int:
    """Return the memory of the machine, or of the container, in bytes."""
    return min(_physical(), *map(_limit, LIMITS))


def _physical() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # not of this system: no more than it can address
        return 2**47


def _limit(path: str) -> int:
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read(32))
    except (OSError, ValueError):  # there is none, or it is "max"
        return 2**63


def check_parameters(parameters: ParameterList) -> None:
    """Raise ValueError, which names the largest parameter, if a net with these would not fit in memory."""
    wanted = 4 * COPIES * parameters.floats
    if wanted > machine_bytes():
        largest = max(parameters, key=lambda parameter: parameter.size)
        raise ValueError(
            f"The net takes {_shown(wanted)} of memory, {COPIES} times its parameters, but there are "
            f"{_shown(machine_bytes())}. {largest.name} of shape {largest.shape} alone takes "
            f"{_shown(4 * COPIES * largest.size)}. Use fewer filters or units, or more pooling before them."
        )


def check_pass(plan: Plan, floats: int, samples: int) -> None:
    """Raise ValueError if a pass of `samples` samples, which takes `floats` floats, would not fit in memory."""
    if 4 * floats > machine_bytes():
        largest = max(plan.named.values(), key=lambda info: info.memory_bytes)
        raise ValueError(
            f"A pass of {samples} samples takes {_shown(4 * floats)} of memory, but there are "
            f"{_shown(machine_bytes())}. Most of it goes to layer {show(largest.name)}, whose output is "
            f"{largest.output_shape}. Lower batch_size, of a prediction n_jobs, use "
            "fewer filters, or more pooling or strides before it."
        )


def _shown(size: int) -> str:
    return f"{size / 2**30:,.1f} GiB"
