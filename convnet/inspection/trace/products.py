"""The strongest of many products."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convnet.inspection.trace.text import number, others, table

if TYPE_CHECKING:
    from collections.abc import Sequence


SHOWN = 6


def strongest(
    layer: str, places: Sequence[str], inputs: np.ndarray, weights: np.ndarray, products: np.ndarray
) -> list[str]:
    """Return the lines of a table of the products that are largest in magnitude, and what the others sum to.

    Parameters
    ----------
    layer : str
        What the inputs come from.
    places : sequence of str
        Where they lie in it.
    inputs, weights, products : ndarray of shape (n,)
    """
    order = np.argsort(-np.abs(products), kind="stable")
    shown, rest = order[:SHOWN], order[SHOWN:]
    header = layer, "input", "× weight", "= product"
    columns = (a[shown] for a in (inputs, weights, products))
    lines = table(header, [places[i] for i in shown], *columns)
    if len(rest):
        lines.append(f"{others(len(rest), 'product')}: {number(products[rest].sum())} together")
    return [*lines, ""]
