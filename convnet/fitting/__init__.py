"""One call of ``fit`` or ``partial_fit``, from its arguments to the fitted attributes.

::

    session.py            the steps of a fit, from what was passed to the fitted attributes
    data.py               X, y and weights, checked and encoded; the validation set
    transfer.py           initial weights, frozen layers, learning rates of layers
    prefix_choice.py      whether the outputs of the first, frozen layers are cached
    weight_layouts.py     arrays of PyTorch and Keras in the layout of layers
    flattened_kernels.py  convolutions over a whole map, as dense layers
    weight_matching.py    which array belongs to which parameter, by order and shape
    weight_names.py       the same by names
    validation.py         loss and score after each epoch
    likely_mistakes.py    warnings about parameters, data and nets that learned nothing
    callback_view.py      what callbacks see of a fit, and their calls
"""
