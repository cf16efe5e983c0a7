"""Estimators as ONNX models.

::

    library.py     the optional library onnx
    exporting.py   to_onnx, a method of the estimators
    writing/       fitted net to ONNX model
"""
