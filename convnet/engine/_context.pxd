from libc.stdint cimport int64_t

from convnet.engine.kernels cimport cn_context


cdef class Context:
    cdef cn_context c
    cdef dict keep
    cdef int64_t input_rows, input_size, y_rows, y_outputs, weight_rows
    cdef int64_t out_size, grad_size, packed_size, lane_total, batch_size
    cdef int64_t losses_size, squares_size, norms_size, params_size, moments_size
