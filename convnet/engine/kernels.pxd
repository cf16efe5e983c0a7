# C names of csrc/convnet.h.
from libc.stdint cimport int64_t

cdef extern from "convnet.h" nogil:
    ctypedef struct cn_map:
        int64_t offset, sample, row, start, h, w, c

    ctypedef struct cn_op:
        cn_map src, dst, grad_src, grad_dst, other, grad_other
        int64_t kh, kw, sh, sw, dh, dw, pt, pl, groups
        int64_t oh, ow, pool_h, pool_w, activation
        int64_t weights, bias, mean, variance
        int64_t packed, packed_grad, grad_weights, grad_bias
        int64_t tiles, strip, grad_kernel, lanes, aux, aux_sample
        int64_t kept, kept_sample, norm, group, data_gradient, block, method_h, method_w
        int64_t count, decay, key
        double l2, rate_factor, max_norm, rate, momentum, epsilon, scale, offset

    ctypedef struct cn_transform:
        int64_t kind
        double v, h

    ctypedef struct cn_context:
        const float *params
        float *weights
        float *packed
        float *lane_grads
        int64_t lane_size, lanes
        float *batch_grads
        int64_t n
        const char *x
        int64_t x_dtype, x_sample, x_row, x_pixel, x_channel
        float scale
        const int64_t *rows
        const int64_t *names
        float *out
        const float *grad
        int64_t seed, epoch
        const cn_transform *transforms
        int64_t n_transforms, fill
        const void *y
        double smoothing
        const float *sample_weight
        double weight_sum
        double *losses
        double *squares
        double *norms
        int64_t norm_blocks
        double learning_rate, base_rate, alpha, momentum, beta_1, beta_2, epsilon, clip_norm
        int64_t nesterov
        float *moment_1
        float *moment_2

    ctypedef struct cn_task:
        float *arena
        float *scratch
        int64_t s0, s1, first, lane

    enum cn_stage:
        CN_INPUT, CN_AUGMENT, CN_OUTPUT, CN_HALO
        CN_CONV2D_FWD, CN_CONV2D_BWD
        CN_WINOGRAD_FWD, CN_WINOGRAD_BWD
        CN_PLANAR_FWD, CN_PLANAR_BWD
        CN_DEPTHWISE_FWD, CN_DEPTHWISE_BWD
        CN_MAXPOOL_FWD, CN_MAXPOOL_BWD, CN_AVGPOOL_FWD, CN_AVGPOOL_BWD
        CN_ACTIVATION_FWD, CN_ACTIVATION_BWD
        CN_DENSE_FWD, CN_DENSE_BWD, CN_DENSE_MASK
        CN_BATCHNORM_STATS, CN_BATCHNORM_FWD, CN_BATCHNORM_SUMS, CN_BATCHNORM_BWD
        CN_BATCHNORM_PREDICT
        CN_DROPOUT_FWD, CN_DROPOUT_BWD
        CN_CHANNEL_DROPOUT_FWD, CN_CHANNEL_DROPOUT_BWD
        CN_ZEROPAD_FWD, CN_ZEROPAD_BWD
        CN_AFFINE_INPUT, CN_AFFINE_FWD, CN_AFFINE_BWD
        CN_RESIZE_INPUT, CN_RESIZE_FWD, CN_RESIZE_BWD
        CN_ADD_FWD, CN_ADD_BWD, CN_FORK_BWD
        CN_LOSS_SOFTMAX, CN_LOSS_SIGMOID
        CN_LOSS_SQUARED_ERROR, CN_LOSS_ABSOLUTE_ERROR, CN_LOSS_HUBER
        CN_GRADIENT_IN, CN_GRADIENT_OUT
        CN_PACK_CONV2D, CN_PACK_WINOGRAD, CN_PACK_DENSE, CN_PACK_BATCHNORM
        CN_PACK_AFFINE, CN_PACK_RESIZE
        CN_WINOGRAD_WEIGHTS
        CN_DENSE_WIDE_FWD, CN_DENSE_WIDE_GRAD, CN_DENSE_WIDE_WEIGHTS
        CN_BATCHNORM_FINISH, CN_BATCHNORM_GRAD_FINISH
        CN_REDUCE, CN_GRADIENT_NORM, CN_CLIP
        CN_SGD, CN_ADAM, CN_ADAMW, CN_RMSPROP, CN_MAX_NORM
        CN_STAGES

    ctypedef void (*cn_kernel)(const cn_op *op, const cn_context *ctx, const cn_task *task) noexcept nogil

    ctypedef struct cn_kernels:
        const char *name
        cn_kernel *stage
        double (*fma_chain)(int64_t steps) noexcept nogil

    int cn_isa_count()
    const char *cn_isa_name(int isa)
    const cn_kernels *cn_isa_kernels(int isa)
    int cn_isa_default()
    int64_t cn_scratch_floats(int stage, const cn_op *op)
    int64_t cn_stage_tasks(int stage, const cn_op *op, int64_t n, int64_t lanes)
    int64_t CN_COLUMNS
    int64_t CN_PLACES
    int64_t CN_SLACK
    int64_t CN_UPDATE
