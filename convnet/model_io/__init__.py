"""Estimators in files and pickles, and as modules of PyTorch.

::

    description.py   fitted net to manifest and back
    files.py         save, load and load_pretrained; the registry of classes that files may hold
    pickling.py      the state of an estimator in pickles and copies
    torch_module/    fitted nets as modules of PyTorch

`convnet.persistence` has the file formats.
"""
