"""What a run asks of its context."""

from libc.stdint cimport int64_t

from convnet.engine._context cimport Context

# What a stage asks for, beside parameters and packed weights: bits of `Phase.needs`.
cdef enum:
    X = 1
    OUT = 2           # a place for the outputs of all samples
    GRAD = 4          # the gradient by these, from the caller
    GRAD_OUT = 8      # a place for the gradient that is asked for
    REDUCED = 16      # a place for the gradients by the parameters
    CLASSES = 32      # targets that are class numbers
    NUMBERS = 64      # other targets
    UPDATE = 128      # parameters to be written to, moments, sums of squares
    NORMS = 256
    MEMORY = 512      # arena or scratch


cdef int needs_of(str stage) except -1
cdef int expect(bint holds, str what) except -1


cdef class Demands:
    cdef int64_t input_h, input_w, input_c, output, gradient, packed, lane, lanes, batch, squares, params

    cdef int check(self, Context context, int needs) except -1
    cdef int check_targets(self, Context context, int needs) except -1
