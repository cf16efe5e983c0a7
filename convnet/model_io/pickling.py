"""The state of an estimator in pickles, in copies, and in joblib and skops files."""

from __future__ import annotations

from typing import Any

from convnet._sklearn_bases import BaseEstimator
from convnet.fitted.attributes import FITTED
from convnet.fitted.network_cache import NetworkCache
from convnet.fitted.validate import check_fitted

STATE_FORMAT = 1  # raised when fitted attributes change their meaning


class PicklingMixin(BaseEstimator):
    """Gives the state of an estimator a format number, and checks a state before the estimator takes it."""

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if isinstance(state.get("_network_cache"), NetworkCache):
            state["_network_cache"] = state["_network_cache"].empty_copy()
        return state | {"_state_format": STATE_FORMAT}

    def __setstate__(self, state: dict[str, Any]) -> None:
        name = type(self).__name__
        if not isinstance(state, dict) or not all(isinstance(key, str) for key in state):
            raise TypeError(f"{name}: its state is not a dict of attributes. Save it again.")
        found = state.get("_state_format")
        if type(found) is not int or found != STATE_FORMAT:
            raise ValueError(
                f"{name}: its state has format {found}, but this convnet reads format {STATE_FORMAT}. "
                "Upgrade convnet, or save the model again."
            )
        state = {key: value for key, value in state.items() if key != "_state_format"}
        if not FITTED.isdisjoint(state):
            probe = object.__new__(type(self))  # its parameters say how to check the rest
            probe.__dict__.update(state)
            check_fitted(probe, state)
        super().__setstate__(state)
