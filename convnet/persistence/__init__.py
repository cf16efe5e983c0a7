"""Files: what is written to them, and read again without running anything that they hold.

::

    model_file.py    a model: a description as JSON, the weights as arrays, checksums of both
    npz.py           … as a NumPy archive
    tensors.py       … as a safetensors file
    plain.py         numbers, texts, lists, dicts and small arrays ↔ JSON
    errors.py        ModelFileError
    files.py         files that are replaced as a whole

What a description says is the estimators' business.
"""
