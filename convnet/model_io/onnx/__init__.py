"""Estimators as ONNX models.

::

    library.py     the optional library onnx
    importing.py   from_onnx, a function
    reading/       ONNX model to fitted net
"""
