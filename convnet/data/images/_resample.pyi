import numpy as np
from numpy.typing import NDArray

def resample(
    image: NDArray[np.uint8],
    interval_y: tuple[float, float],
    interval_x: tuple[float, float],
    out: NDArray[np.uint8],
) -> None: ...
