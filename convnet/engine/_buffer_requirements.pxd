"""The buffers that a context must have for a run."""

from libc.stdint cimport int64_t

from convnet.engine._context cimport Context

cdef int require(bint holds, str what) except -1


cdef class BufferRequirements:
    cdef int64_t input_h, input_w, input_c, output, gradient, packed, lane, lanes, batch, squares, params

    cdef int check(self, Context context, int needs) except -1
    cdef int check_targets(self, Context context, int needs) except -1
