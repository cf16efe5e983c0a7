"""Operations of a plan, one noun a file: which stages each runs, and its fields of C's cn_op."""

from convnet.graph.ops.affine import AffineOp
from convnet.graph.ops.base import ACTIVATIONS, FROM_OUTPUT, Fields, Op, Pair
from convnet.graph.ops.batchnorm import BatchNormOp
from convnet.graph.ops.branch import AddOp, ForkOp
from convnet.graph.ops.conv2d import Conv2DOp
from convnet.graph.ops.dense import DenseOp
from convnet.graph.ops.elementwise import ActivationOp, DropoutOp
from convnet.graph.ops.pool2d import Pool2DOp
from convnet.graph.ops.resize import ResizeOp
from convnet.graph.ops.zeropad2d import ZeroPad2DOp

__all__ = [
    "ACTIVATIONS",
    "FROM_OUTPUT",
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
    "Pair",
    "Pool2DOp",
    "ResizeOp",
    "ZeroPad2DOp",
]
