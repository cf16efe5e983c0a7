"""Predictions of one sample: all checks, the conversion and the net in one native call.

For one image of a small net, the general way through Python takes longer than the net. `SinglePrediction` handles
contiguous arrays of the usual dtype and shape with finite values. For all other X it returns None, and the general way
predicts or raises.
"""

from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyBuffer_Release, PyObject_GetBuffer)
from cpython.dict cimport PyDict_GetItem
from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint32_t, uint64_t

from convnet.engine._context cimport Context
from convnet.engine._program cimport Program, now

import numpy as np

from convnet.engine._engine import DTYPES
from convnet.engine.threads import ThreadCountTuner, resolve_n_threads

cdef extern from "loss/probabilities.h" nogil:
    void cn_softmax_probabilities(const float *z, int64_t n, double *p)
    void cn_binary_probabilities(const float *z, double *p)
    void cn_sigmoid_probabilities(const float *z, int64_t n, double *p)

SINGLE_DTYPES = {"u1": b"B", "f4": b"f", "f8": b"d"}  # codes of the buffer protocol, by kind and size
cdef uint32_t INFINITY_32 = 0x7F800000  # bits of infinity; with the sign off, NaN has more
cdef uint64_t LARGEST_AS_64 = 0x47EFFFFFE0000000  # bits of float32's largest value as float64


cdef class SinglePrediction:
    """Predicts one sample with the weights that a net had when this was made.

    Parameters
    ----------
    program : Program
        Of prediction.
    take_memory : callable
        Returns arenas and scratch memory of a number of threads, for one call at a time.
    folded, packed : ndarray of float32
        Parameters, see `Predictor.pack`.
    n_outputs : int
        Values of the output of a sample.
    input_shape : tuple of int
        Shape of a sample: (h, w, c), (length, c) or (features,).
    dtype : str
        Kind and size of X: "u1", "f4" or "f8".
    scale : float
        X is multiplied by it.
    attributes : dict
        Attributes of the estimator.
    names : iterable of str
        Attributes that the checks of the general way read. `is_for` returns False once one of them is another object,
        was added, or was deleted.
    """

    cdef Program program
    cdef object take_memory, folded, packed
    cdef int64_t n_outputs, h, w, c, size
    cdef int64_t shapes[2][4]  # of X that are accepted
    cdef int ndims[2]
    cdef bytes code
    cdef int x_dtype
    cdef double scale
    cdef list pool
    cdef tuple names, values

    def __init__(self, Program program, take_memory, folded, packed, int64_t n_outputs, tuple input_shape, str dtype,
                 double scale, dict attributes, names):
        cdef int64_t i
        self.program, self.take_memory, self.folded, self.packed = program, take_memory, folded, packed
        self.n_outputs, self.scale = n_outputs, scale
        self.h = input_shape[0] if len(input_shape) == 3 else 1
        self.w = input_shape[len(input_shape) - 2] if len(input_shape) > 1 else 1
        self.c = input_shape[len(input_shape) - 1]
        self.size = self.h * self.w * self.c
        self.code, self.x_dtype = SINGLE_DTYPES[dtype], DTYPES[dtype]
        self.pool = []
        self.names = tuple(names)
        self.values = tuple(attributes.get(name, self.names) for name in self.names)
        shape = (1, *input_shape)
        for i in range(2):  # a gray image may lack its channel
            self.ndims[i] = len(shape)
            for j in range(len(shape)):
                self.shapes[i][j] = shape[j]
            if len(input_shape) == 3 and input_shape[2] == 1:
                shape = (1, *input_shape[:2])

    def is_for(self, dict attributes):
        """Return whether the fitted attributes are still the same objects."""
        cdef PyObject *found
        cdef Py_ssize_t i
        cdef object value
        for i in range(len(self.names)):
            found = PyDict_GetItem(attributes, self.names[i])
            value = self.values[i]
            if value is self.names:
                if found != NULL:
                    return False
            elif found != <PyObject *>value:
                return False
        return True

    def outputs(self, X, n_jobs=1):
        """Return the outputs for X, float32 of shape (1, n_outputs), or None where the general way must decide.

        If the net is worth it, several threads compute them: up to as many as `n_jobs` stands for.
        """
        cdef Py_buffer view
        if type(X) is not np.ndarray:
            return None
        try:
            PyObject_GetBuffer(X, &view, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS)
        except (BufferError, ValueError):
            return None
        try:
            return self.outputs_of(&view, n_jobs)
        finally:
            PyBuffer_Release(&view)

    cdef outputs_of(self, Py_buffer *view, n_jobs):
        cdef Context context
        cdef float[::1] arena, scratch
        if not self.fits(view):
            return None
        out = np.empty((1, self.n_outputs), dtype=np.float32)
        cdef float[::1] flat = out.reshape(-1)
        cdef int n_threads = resolve_n_threads(n_jobs) if self.program.divides_sample() else 1
        cdef double start
        try:
            prepared = self.pool.pop()
            if prepared[0].most != n_threads:
                prepared = self.prepare(n_threads)
        except IndexError:
            prepared = self.prepare(n_threads)
        tuner, context, arena, scratch = prepared
        context.single(<const char *>view.buf, self.x_dtype, view.itemsize, self.h, self.w, self.c, self.scale,
                       &flat[0], self.n_outputs)
        if n_threads == 1:
            self.program.predict_samples(context, 1, arena, scratch, 1)
        else:
            start = now()
            self.program.predict_samples(context, 1, arena, scratch, tuner.threads())
            tuner.record(now() - start)
        self.pool.append(prepared)
        return out if all_finite(&flat[0], self.n_outputs) else None

    cdef tuple prepare(self, int n_threads):
        """Return what finds the number of threads, and a context, arenas and scratch, for one call at a time."""
        context = Context()
        context.parameters(self.folded, self.packed)
        # beside busy processes, several threads can be a hundred times slower than one: they start with one
        return ThreadCountTuner(n_threads, 1), context, *self.take_memory(n_threads)

    cdef bint fits(self, Py_buffer *view) noexcept:
        """Whether X has the dtype and a shape of one sample, and values that are finite as float32."""
        cdef int i, j
        cdef bint same
        if view.format == NULL or view.format[0] != (<const char *>self.code)[0] or view.format[1] != 0:
            return False
        for i in range(2):
            same = view.ndim == self.ndims[i]
            for j in range(view.ndim if same else 0):
                same = same and view.shape[j] == self.shapes[i][j]
            if same:
                break
        else:
            return False
        if view.itemsize == 4:
            return all_finite(<const float *>view.buf, self.size)
        if view.itemsize == 8:
            return all_in_range(<const uint64_t *>view.buf, self.size)
        return True


cdef bint all_finite(const float *values, int64_t n) noexcept:
    cdef const uint32_t *bits = <const uint32_t *>values
    cdef uint32_t largest = 0, magnitude
    cdef int64_t i
    for i in range(n):
        magnitude = bits[i] & 0x7FFFFFFF
        largest = magnitude if magnitude > largest else largest
    return largest < INFINITY_32


cdef bint all_in_range(const uint64_t *bits, int64_t n) noexcept:
    """Whether the magnitudes of doubles are at most the largest float32."""
    cdef uint64_t largest = 0, magnitude
    cdef int64_t i
    for i in range(n):
        magnitude = bits[i] & 0x7FFFFFFFFFFFFFFF
        largest = magnitude if magnitude > largest else largest
    return largest <= LARGEST_AS_64


def softmax(const float[:, ::1] logits):
    """Return the probability of each class, float64 of shape (n, K). One logit means two classes: (n, 2).

    Rows sum to 1. The bits are the same on every machine.
    """
    cdef Py_ssize_t n = logits.shape[0], k = logits.shape[1], i
    out = np.empty((n, 2 if k == 1 else k))
    cdef double[:, ::1] p = out
    with nogil:
        for i in range(n):
            if k == 1:
                cn_binary_probabilities(&logits[i, 0], &p[i, 0])
            else:
                cn_softmax_probabilities(&logits[i, 0], k, &p[i, 0])
    return out


def sigmoid(const float[:, ::1] logits):
    """Return the probability of each label, float64 of the shape of `logits`, with the same bits on every machine."""
    cdef Py_ssize_t n = logits.shape[0], k = logits.shape[1], i
    out = np.empty((n, k))
    cdef double[:, ::1] p = out
    with nogil:
        for i in range(n):
            cn_sigmoid_probabilities(&logits[i, 0], k, &p[i, 0])
    return out
