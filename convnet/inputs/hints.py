"""Names for what many signatures take; for type hints alone."""

import os
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from sklearn.frozen import FrozenEstimator

from convnet.data.lazy.array import LazyArray
from convnet.training.schedules import Schedule

Images: TypeAlias = np.ndarray | LazyArray  # X, which may be read row by row
LearningRate: TypeAlias = str | Schedule | Callable[[int], float]
InitWeights: TypeAlias = str | os.PathLike[str] | Mapping[str, ArrayLike] | FrozenEstimator
Fitted: TypeAlias = dict[str, Any]  # fitted attributes by name
Report: TypeAlias = dict[str, list[str]]  # init_report_
