"""Estimators as ONNX models, and back.

::

    library.py     the optional library onnx
    exporting.py   to_onnx, a method of the estimators
    writing/       fitted net to ONNX model
    importing.py   from_onnx, a function
    reading/       ONNX model to fitted net
"""
