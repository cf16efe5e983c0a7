from libc.stdint cimport int64_t

from convnet.engine.kernels cimport cn_context


cdef class Context:
    cdef cn_context c
    cdef dict keep
    cdef int64_t input_rows, input_h, input_w, input_c
    cdef int64_t y_rows, y_outputs  # y_outputs 0: class numbers
    cdef int64_t weight_rows        # -1: no weights
    cdef int64_t out_size, grad_size, packed_size, batch_size
    cdef int64_t losses_size, score_weights_size, squares_size, params_size, moments_size

    cdef void single(self, const char *x, int dtype, int64_t itemsize, int64_t h, int64_t w, int64_t c, double scale,
                     float *out, int64_t n_outputs) noexcept
