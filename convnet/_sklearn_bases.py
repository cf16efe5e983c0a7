"""scikit-learn's base classes of estimators, with the types that type checkers need.

scikit-learn has no type hints. With a base class that they do not know, type checkers accept any argument of
a constructor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Self

    import numpy as np
    from numpy.typing import ArrayLike

    class BaseEstimator:
        """Parameters by name, and the state in pickles."""

        def get_params(self, deep: bool = True) -> dict[str, Any]: ...
        def set_params(self, **params: Any) -> Self: ...
        def __getstate__(self) -> dict[str, Any]: ...
        def __setstate__(self, state: dict[str, Any]) -> None: ...
        def __sklearn_clone__(self) -> Self: ...
        def __sklearn_tags__(self) -> Any: ...
        def __getattr__(self, name: str) -> Any: ...
        @classmethod
        def _get_param_names(cls) -> list[str]: ...

    class ClassifierMixin:
        """Accuracy as the score."""

        def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float: ...

    class RegressorMixin:
        """R² as the score."""

        def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float: ...

    class MetaEstimatorMixin:
        """An estimator that holds another one."""

    class TransformerMixin:
        """``fit_transform`` and ``set_output``."""

        def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> np.ndarray: ...
        def set_output(self, *, transform: str | None = None) -> Self: ...

else:
    from sklearn.base import (
        BaseEstimator,
        ClassifierMixin,
        MetaEstimatorMixin,
        RegressorMixin,
        TransformerMixin,
    )

__all__ = [
    "BaseEstimator",
    "ClassifierMixin",
    "MetaEstimatorMixin",
    "RegressorMixin",
    "TransformerMixin",
]
