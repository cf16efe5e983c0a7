"""The seed of a fit."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from convnet.values.fields import show
from convnet.values.plain import plain


def draw_seed(random_state: Any) -> int:
    """Return the one number that all random numbers of a fit follow from; a RandomState moves on."""
    random_state = plain(random_state)
    known = random_state is None or random_state is np.random
    if not known and not isinstance(random_state, Integral | np.random.RandomState):
        raise ValueError(
            f"random_state must be None, an integer or a RandomState; got {show(random_state)}."
        )
    return int(check_random_state(random_state).randint(2**31 - 1))
