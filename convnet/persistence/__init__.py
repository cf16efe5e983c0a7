"""File formats. Files are replaced as a whole, and reading one never runs code from it.

::

    model_file.py    a model: a manifest as JSON, the weights as arrays, checksums of both
    npz.py           a model as a NumPy archive
    tensors.py       a model as a safetensors file
    archives.py      zip files without compression, whose claimed sizes are checked
    bfloat16.py      values of 16 bits that NumPy does not have
    weight_files/    weights that other libraries wrote
    json_values.py   numbers, strings, lists, dicts and small arrays as JSON, and back
    files.py         writing files that replace others as a whole

`convnet.model_io` decides what a manifest says.
"""
