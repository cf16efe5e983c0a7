"""The seed of a fit."""

from sklearn.utils import check_random_state


def draw_seed(random_state):
    """Return the one number that all random numbers of a fit follow from; a RandomState moves on."""
    return int(check_random_state(random_state).randint(2**31 - 1))
