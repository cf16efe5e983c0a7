/** All operations by the names that convnet gives them; a test of convnet compares these names with its own. */

import { activation, dropout, prelu, softmax } from "./activation";
import { add, concat, fork, maximum, multiply } from "./branches";
import { conv2d, conv2dTranspose } from "./convolution";
import { dense } from "./dense";
import { affine, batchNorm, groupNorm, lrn } from "./normalization";
import type { Kernel } from "./operation";
import { pool2d } from "./pooling";
import { resize, zeroPad } from "./resizing";

// Each kernel takes operations of its own type.
export const KERNELS: Record<string, Kernel<any>> = {
  ActivationOp: activation,
  AddOp: add,
  AffineOp: affine,
  BatchNormOp: batchNorm,
  ConcatOp: concat,
  Conv2DOp: conv2d,
  Conv2DTransposeOp: conv2dTranspose,
  DenseOp: dense,
  DropoutOp: dropout,
  ForkOp: fork,
  GroupNormOp: groupNorm,
  LRNOp: lrn,
  MaximumOp: maximum,
  MultiplyOp: multiply,
  PReLUOp: prelu,
  Pool2DOp: pool2d,
  ResizeOp: resize,
  SoftmaxOp: softmax,
  ZeroPad2DOp: zeroPad,
};
