"""The seed of a fit."""

from sklearn.utils import check_random_state

from convnet.values.fields import show


def draw_seed(random_state):
    """Return the one number that all random numbers of a fit follow from; a RandomState moves on."""
    try:
        return int(check_random_state(random_state).randint(2**31 - 1))
    except Exception as error:
        raise ValueError(
            f"random_state must be None, an integer from 0 to {2**32 - 1} or a RandomState; got {show(random_state)}."
        ) from error
