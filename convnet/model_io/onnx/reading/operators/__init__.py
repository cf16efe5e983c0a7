"""The operators of ONNX that layers can express, one function each.

::

    windows.py        Conv, ConvTranspose, MaxPool, AveragePool, LRN
    products.py       Gemm, MatMul
    elementwise.py    arithmetic and activations
    normalization.py  BatchNormalization, InstanceNormalization, GroupNormalization
    reductions.py     global pooling and means over a map
    shapes.py         Reshape, Flatten, Transpose, Shape and their like
    resizing.py       Pad, Resize, Upsample
    merges.py         Concat, Sum, Mean, Max, Min
    registry.py       the functions by the name of the operator
"""

from convnet.model_io.onnx.reading.operators import (
    elementwise,
    merges,
    normalization,
    products,
    reductions,
    resizing,
    shapes,
    windows,
)
from convnet.model_io.onnx.reading.operators.registry import OPERATORS

__all__ = [
    "OPERATORS",
    "elementwise",
    "merges",
    "normalization",
    "products",
    "reductions",
    "resizing",
    "shapes",
    "windows",
]
