"""What the graph of a model does not say: the estimator, its classes and the form of X.

::

    classes             names of the classes, as a JSON list
    convnet.version     version that wrote the model
    convnet.estimator   name of the class
    convnet.net         layers, input_shape, (h, w, c), and n_outputs of the net
    convnet.input       the fields of `InputFormat`: shape, order of axes, dtype and scale of X
    convnet.fitted      fitted attributes about X and y, such as classes_
    convnet.layer       name of the layer whose outputs a `ConvNetTransformer` returns
    convnet.graph       digest of the graph without the parameters; see `graph_digest`

Those of the net, the input and the fitted attributes are JSON, in the form of the manifest of a model file.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from convnet._version import __version__
from convnet.inputs.scaling import InputFormat
from convnet.layers import to_dicts
from convnet.model_io.description import class_name
from convnet.persistence.json_values import to_json

ATTRIBUTES = (
    *("n_features_in_", "feature_names_in_", "image_form_", "_folder_classes"),
    *("classes_", "_indicator_dtype", "n_outputs_", "y_mean_", "y_scale_"),
)


def metadata(estimator: Any, net: Any, layer: str | None) -> dict[str, str]:
    """Return the metadata of a model.

    Parameters
    ----------
    estimator : BaseConvNet or ConvNetTransformer
    net : BaseConvNet
        The fitted net of the estimator.
    layer : str or None
        Name of the layer, of a transformer.
    """
    fitted, cache = vars(net), net._network_cache
    given = {f.name: to_json(getattr(net._input_format, f.name)) for f in fields(InputFormat)}
    data: dict[str, Any] = {
        "convnet.estimator": class_name(type(estimator)),
        "convnet.net": {
            "layers": to_dicts(cache.layers),
            "input_shape": list(cache.input_shape),
            "n_outputs": cache.n_outputs,
        },
        "convnet.input": given,
        "convnet.fitted": {
            name: to_json(fitted[name]) for name in ATTRIBUTES if fitted.get(name) is not None
        },
    }
    names = {"convnet.version": __version__}
    if "classes_" in fitted and layer is None:
        classes = fitted.get("_folder_classes") or fitted["classes_"].tolist()
        names["classes"] = json.dumps(list(map(str, classes)), ensure_ascii=False)
    if layer is not None:
        names["convnet.layer"] = layer
    return names | {
        key: value if isinstance(value, str) else json.dumps(value, allow_nan=False)
        for key, value in data.items()
    }
