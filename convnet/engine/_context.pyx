"""The data of a call: pointers into NumPy arrays of the caller, which are kept alive.

The pointer to an empty array is NULL: a program checks the sizes that it needs.
"""

from libc.stdint cimport int32_t, int64_t

from convnet.engine.kernels cimport CN_MAX_PARTS, cn_transform

import numpy as np

from convnet.engine._engine import DTYPES, FILLS, TRANSFORMS


cdef void *address(const void *start, Py_ssize_t n, size_t size) except? NULL:
    """Return the address of n values of so many bytes, NULL if n is 0."""
    if <size_t>start % size:
        raise ValueError(f"an array does not start at a multiple of {size} bytes")
    return <void *>start if n else NULL


cdef class Context:
    """The data that all tasks of a call share: parameters, input, targets, accumulators."""

    def __init__(self):
        self.keep = {}
        self.weight_rows = -1
        self.c.lane_run = 1

    def parameters(self, float[::1] params, float[::1] packed, bint trainable=False):
        """Set the flat parameters (written to only if `trainable`) and the area for packed weights."""
        self.c.params = <float *>address(&params[0], params.shape[0], sizeof(float))
        self.c.weights = <float *>self.c.params if trainable else NULL
        self.c.packed = <float *>address(&packed[0], packed.shape[0], sizeof(float))
        self.params_size = params.shape[0]
        self.packed_size = packed.shape[0]
        self.keep["parameters"] = params, packed

    def gradients(self, float[::1] lane_grads, int64_t lanes, float[::1] batch_grads):
        """Set the gradient accumulators. The sum of each lane counts as a run of one lane until a program runs."""
        if not 1 <= lanes <= CN_MAX_PARTS:
            raise ValueError(f"lanes must be from 1 to {CN_MAX_PARTS}; got {lanes}")
        self.c.lane_grads = <float *>address(&lane_grads[0], lane_grads.shape[0], sizeof(float))
        self.c.lanes = lanes
        self.c.lane_run = 1
        self.c.lane_size = lane_grads.shape[0] // lanes
        self.c.batch_grads = <float *>address(&batch_grads[0], batch_grads.shape[0], sizeof(float))
        self.batch_size = batch_grads.shape[0]
        self.keep["gradients"] = lane_grads, batch_grads

    def input(self, x, double scale, const int64_t[::1] rows=None):
        """Set the input: rows `rows` of x (n, h, w, c), or all of them, each value times `scale`."""
        cdef int64_t i
        if not isinstance(x, np.ndarray) or x.ndim != 4 or not x.dtype.isnative:
            raise ValueError("the input must be an array of 4 axes in the machine's byte order")
        dtype = DTYPES.get(x.dtype.str[1:])
        if dtype is None:
            raise TypeError(f"the input has dtype {x.dtype}; it must be one of {', '.join(DTYPES)}")
        if rows is not None:
            for i in range(rows.shape[0]):
                if rows[i] < 0 or rows[i] >= x.shape[0]:
                    raise IndexError(f"row {rows[i]} of an input of {x.shape[0]} rows")
        self.c.x_dtype = dtype
        self.c.x = <const char *><size_t>x.ctypes.data
        self.c.x_sample, self.c.x_row, self.c.x_pixel, self.c.x_channel = x.strides
        self.c.scale = scale
        self.input_rows, self.input_h, self.input_w, self.input_c = x.shape
        self.c.rows = NULL if rows is None else <int64_t *>address(&rows[0], rows.shape[0], sizeof(int64_t))
        self.c.n = self.input_rows if rows is None else rows.shape[0]
        self.c.sample_ids = NULL
        self.keep["input"] = x, rows

    cdef void single(self, const char *x, int dtype, int64_t itemsize, int64_t h, int64_t w, int64_t c, double scale,
                     float *out, int64_t n_outputs) noexcept:
        """Set one contiguous sample as the input, and the memory of its output. The caller keeps both alive."""
        self.c.x, self.c.x_dtype, self.c.scale = x, dtype, scale
        self.c.x_channel, self.c.x_pixel, self.c.x_row = itemsize, c * itemsize, w * c * itemsize
        self.c.x_sample = h * self.c.x_row
        self.input_rows, self.input_h, self.input_w, self.input_c = 1, h, w, c
        self.c.rows = self.c.sample_ids = NULL
        self.c.n = 1
        self.c.out, self.out_size = out, n_outputs

    def sample_ids(self, const int64_t[::1] ids):
        """Set the keys of the samples' random numbers, in place of their rows."""
        if ids.shape[0] < self.c.n:
            raise ValueError(f"{ids.shape[0]} sample ids for {self.c.n} samples")
        self.c.sample_ids = <int64_t *>address(&ids[0], ids.shape[0], sizeof(int64_t))
        self.keep["sample_ids"] = ids

    def output(self, float[::1] out):
        """Set the array that results are written to."""
        self.c.out = <float *>address(&out[0], out.shape[0], sizeof(float))
        self.out_size = out.shape[0]
        self.keep["output"] = out

    def gradient(self, const float[::1] grad):
        """Set the gradient with respect to the outputs, which the caller passes."""
        self.c.grad = <float *>address(&grad[0], grad.shape[0], sizeof(float))
        self.grad_size = grad.shape[0]
        self.keep["gradient"] = grad

    def random(self, int64_t seed, int64_t epoch):
        """Set the key of the random numbers of this step."""
        self.c.seed = seed
        self.c.epoch = epoch

    def augmentation(self, transforms, str fill):
        """Set the random changes of images, each (name, up to four numbers), and the fill mode."""
        cdef const cn_transform[::1] listed = np.array(
            [(TRANSFORMS.index(name), *numbers, *(4 - len(numbers)) * [0.0]) for name, *numbers in transforms],
            dtype=[("kind", "i8"), ("v", "f8"), ("h", "f8"), ("p", "f8"), ("q", "f8")])
        self.c.n_transforms = listed.shape[0]
        self.c.transforms = &listed[0] if listed.shape[0] else NULL
        self.c.fill = FILLS.index(fill)
        self.keep["augmentation"] = listed

    def classes(self, const int32_t[::1] y):
        """Set class numbers as targets, by row of the input."""
        self.c.y = address(&y[0], y.shape[0], sizeof(int32_t))
        self.y_rows = y.shape[0]
        self.y_outputs = 0
        self.keep["y"] = y

    def targets(self, const float[:, ::1] y):
        """Set numbers as targets, by row of the input and output."""
        self.c.y = address(&y[0, 0], y.shape[0] * y.shape[1], sizeof(float))
        self.y_rows = y.shape[0]
        self.y_outputs = y.shape[1]
        self.keep["y"] = y

    def smoothing(self, double share):
        """Set the share of the target that is spread over all classes."""
        self.c.smoothing = share

    def sample_weight(self, const float[::1] weight, double weight_sum):
        """Set the weights by row of the input (None: all 1) and their sum over the batch."""
        self.c.sample_weight = NULL
        self.weight_rows = -1
        if weight is not None:
            self.c.sample_weight = <float *>address(&weight[0], weight.shape[0], sizeof(float))
            self.weight_rows = weight.shape[0]
        self.c.weight_sum = weight_sum
        self.keep["weight"] = weight

    def sums(self, double[:, ::1] losses, double[::1] squares):
        """Set the arrays for the losses of the samples and the sums of squared parameters.

        `losses` has three rows, with an entry for each sample: loss, loss without smoothing, score.
        """
        if losses.shape[0] != 3:
            raise ValueError("losses must have three rows: loss, loss without smoothing, score")
        self.c.losses = <double *>address(&losses[0, 0], 3 * losses.shape[1], sizeof(double))
        self.c.data_losses = self.c.losses + losses.shape[1]
        self.c.scores = self.c.data_losses + losses.shape[1]
        self.c.squares = <double *>address(&squares[0], squares.shape[0], sizeof(double))
        self.losses_size = losses.shape[1]
        self.squares_size = squares.shape[0]
        self.keep["sums"] = losses, squares

    def score_weights(self, const double[::1] weights):
        """Set the weight of each output's squared residual in the score of a sample."""
        self.c.score_weights = <double *>address(&weights[0], weights.shape[0], sizeof(double))
        self.score_weights_size = weights.shape[0]
        self.keep["score_weights"] = weights

    def clipping(self, double clip_norm, double[::1] norms):
        """Set the maximum norm of the gradient, and an array that the clipping stages write.

        The first value of `norms` becomes the factor of the gradient, the others the sums of squares of its blocks.
        """
        if not norms.shape[0]:
            raise ValueError("norms must not be empty: its first value holds the factor of the gradient")
        self.c.clip_norm = clip_norm
        self.c.norms = <double *>address(&norms[0], norms.shape[0], sizeof(double))
        self.c.norm_blocks = norms.shape[0] - 1
        self.keep["norms"] = norms

    def optimizer(self, float[::1] moment_1, float[::1] moment_2, *, double learning_rate,
                  double base_rate, double alpha, double momentum, bint nesterov, double beta_1,
                  double beta_2, double epsilon):
        """Set the optimizer's moments and constants.

        For Adam, `learning_rate` is `base_rate` with the bias correction of the step; for other solvers both are equal.
        """
        self.c.moment_1 = <float *>address(&moment_1[0], moment_1.shape[0], sizeof(float))
        self.c.moment_2 = <float *>address(&moment_2[0], moment_2.shape[0], sizeof(float))
        self.moments_size = min(moment_1.shape[0], moment_2.shape[0])
        self.c.learning_rate = learning_rate
        self.c.base_rate = base_rate
        self.c.alpha = alpha
        self.c.momentum = momentum
        self.c.nesterov = nesterov
        self.c.beta_1 = beta_1
        self.c.beta_2 = beta_2
        self.c.epsilon = epsilon
        self.keep["moments"] = moment_1, moment_2
