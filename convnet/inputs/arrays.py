"""What is passed as numbers, as arrays."""

from typing import Any

import numpy as np
from sklearn.utils import check_array


def as_array(values: Any, name: str, **options: Any) -> Any:
    """Return scikit-learn's ``check_array`` of what is called `name`; ValueError for numbers too large for it, too."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # infinities are refused, if not here
            return check_array(values, input_name=name, **options)
    except OverflowError:  # an integer of Python's
        raise ValueError(
            f"Input {name} contains infinity or a value too large for dtype('float64')."
        ) from None
