"""The operations of a plan. Each names the kernel stages that it runs and fills its parameters in C."""

from convnet.graph.ops.affine import AffineOp
from convnet.graph.ops.base import Fields, Op, Operation, Pair
from convnet.graph.ops.batchnorm import BatchNormOp
from convnet.graph.ops.branch import AddOp, ForkOp
from convnet.graph.ops.conv2d import Conv2DOp
from convnet.graph.ops.dense import DenseOp
from convnet.graph.ops.elementwise import ActivationOp, DropoutOp
from convnet.graph.ops.pool2d import Pool2DOp
from convnet.graph.ops.resize import ResizeOp
from convnet.graph.ops.zeropad2d import ZeroPad2DOp

__all__ = [
    "ActivationOp",
    "AddOp",
    "AffineOp",
    "BatchNormOp",
    "Conv2DOp",
    "DenseOp",
    "DropoutOp",
    "Fields",
    "ForkOp",
    "Op",
    "Operation",
    "Pair",
    "Pool2DOp",
    "ResizeOp",
    "ZeroPad2DOp",
]
