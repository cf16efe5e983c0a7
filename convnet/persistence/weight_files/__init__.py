"""Weights from other libraries: arrays by name, from files that hold nothing else that is needed.

::

    reading.py        a file to arrays by name: the reader for its ending, nested checkpoints, common prefixes
    torch_file.py     .pth, .pt and .bin: both formats of torch.save
    torch_pickle.py   the pickles in them: an interpreter that can make tensors and plain containers
    keras_file.py     .h5: weights that Keras saved
    natural_order.py  the order of names that a file has sorted

`.npz` and `.safetensors` are read by `convnet.persistence.npz` and `convnet.persistence.tensors`.
"""
