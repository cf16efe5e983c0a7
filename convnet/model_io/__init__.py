"""Estimators in files and pickles, and as models of other programs.

::

    description.py   fitted net to manifest and back
    files.py         save, load and load_pretrained; the registry of classes that files may hold
    pickling.py      the state of an estimator in pickles and copies
    exported.py      which net, or which layer of one, an estimator exports
    onnx/            fitted nets as ONNX models, and back
    c_source/        fitted nets as C source code
    torch_module/    fitted nets as modules of PyTorch

`convnet.persistence` has the file formats.
"""
