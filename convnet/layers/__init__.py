"""Layers: what users write to declare a net.

A layer is a value. Its file owns its fields, its shape rule (`output_shape`) and its lowering (`lower`, which calls a
builder). A new layer is one new file, and nothing here imports from higher packages::

    spec.py        lists, dicts, JSON, YAML, paths, presets, "auto"  ↔  tuple of layers; automatic names
    preset.py      specs that come with convnet, files in presets/
    auto.py        the layers that "auto" stands for
    conv2d.py …    one layer, or layers that differ in one word, per file
    weighted.py, convolution.py, pool.py   base classes: the fields that several layers share, with their documentation
    base.py        Layer, the Builder that `lower` calls, and the registry of layers by name
    geometry.py    windows, output sizes, padding, LayerShapeError
"""

from typing import TYPE_CHECKING

from convnet.layers.activation import Activation, PReLU, ReLU
from convnet.layers.auto import auto_layers
from convnet.layers.base import Layer, register
from convnet.layers.batchnorm import BatchNorm
from convnet.layers.conv1d import Conv1D
from convnet.layers.conv2d import Conv2D
from convnet.layers.dense import Dense
from convnet.layers.depthwise import DepthwiseConv2D
from convnet.layers.dropout import Dropout, SpatialDropout2D
from convnet.layers.flatten import Flatten
from convnet.layers.geometry import LayerShapeError
from convnet.layers.globalpool import (
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
)
from convnet.layers.groupnorm import GroupNorm
from convnet.layers.lrn import LRN
from convnet.layers.normalize import Normalize
from convnet.layers.parallel import Parallel
from convnet.layers.pool1d import AvgPool1D, MaxPool1D
from convnet.layers.pool2d import AvgPool2D, MaxPool2D
from convnet.layers.preset import presets
from convnet.layers.rescale import Rescale
from convnet.layers.residual import Residual
from convnet.layers.resize import Resize
from convnet.layers.separable import SeparableConv2D
from convnet.layers.spec import (
    as_layers,
    layer_from_dict,
    layer_types,
    resolve_names,
    to_dicts,
    to_json,
    to_yaml,
)
from convnet.layers.transposed import Conv1DTranspose, Conv2DTranspose
from convnet.layers.upsample import UpSample1D, UpSample2D
from convnet.layers.zeropad2d import ZeroPad2D
from convnet.values import foreign_tables
from convnet.values.foreign_names import missing_name

__all__ = [
    "LRN",
    "Activation",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNorm",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Flatten",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GroupNorm",
    "Layer",
    "LayerShapeError",
    "MaxPool1D",
    "MaxPool2D",
    "Normalize",
    "PReLU",
    "Parallel",
    "ReLU",
    "Rescale",
    "Residual",
    "Resize",
    "SeparableConv2D",
    "SpatialDropout2D",
    "UpSample1D",
    "UpSample2D",
    "ZeroPad2D",
    "as_layers",
    "auto_layers",
    "layer_from_dict",
    "layer_types",
    "presets",
    "register",
    "resolve_names",
    "to_dicts",
    "to_json",
    "to_yaml",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> None:
        raise missing_name(__name__, name, __all__, foreign_tables.LAYERS)
