"""Estimators in pickles, and in what is made like them: copies, joblib's files, those of skops."""

from __future__ import annotations

import inspect
from typing import Any

from sklearn.base import BaseEstimator

from convnet.fitted.attributes import FITTED
from convnet.fitted.network_cache import NetworkCache
from convnet.fitted.validate import check_state

STATE_FORMAT = 1  # of pickles; raised when fitted attributes change their meaning


class PicklingMixin(BaseEstimator):
    """Gives an estimator a state with the number of its format, which is checked when it comes back."""

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_known_outputs", None)  # of an X that is no longer the same object
        if isinstance(state.get("_holder"), NetworkCache):
            state["_holder"] = state["_holder"].fresh()
        return state | {"_state_format": STATE_FORMAT}

    def __setstate__(self, state: dict[str, Any]) -> None:
        kind = type(self).__name__
        if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
            raise TypeError(f"This {kind} has no dict of attributes as its state. Save it again.")
        state = {name: value for name, value in state.items() if name != "_known_outputs"}
        found = state.pop("_state_format", None)
        if type(found) is not int or not 1 <= found <= STATE_FORMAT:
            raise ValueError(
                f"This {kind} has state format {found}; this convnet reads up to {STATE_FORMAT}. "
                "Upgrade convnet, or save the model again."
            )
        if not state.keys().isdisjoint(FITTED):
            check_state(self, state)
        super().__setstate__(self._defaults() | state)

    def _defaults(self) -> dict[str, Any]:
        """Return the parameters' defaults: an older state lacks those that were added since."""
        parameters = inspect.signature(type(self).__init__).parameters.values()
        return {p.name: p.default for p in parameters if p.default is not p.empty}
