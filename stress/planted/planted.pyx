"""Functions that have a bug for some arguments: a program that calls one, and what was called ends its command line.

Buffers are passed as the addresses of NumPy arrays.
"""

from cython.parallel cimport prange
from libc.stdint cimport int32_t, int64_t

cdef extern from "bugs.h" nogil:
    void fill(float *values, int64_t n)
    int32_t add(int32_t a, int32_t b)


def filled(size_t address, int64_t n):
    """Fill n floats."""
    fill(<float *>address, n)


def added(int32_t a, int32_t b):
    """Return a + b."""
    return add(a, b)


def accumulated(size_t address, int64_t n, bint apart):
    """Add up 0 .. n - 1 on four threads, in 1024 floats of each lane, or all in those of lane 0."""
    cdef float *sums = <float *>address
    cdef int64_t i, k
    for i in prange(n, num_threads=4, nogil=True, schedule="static", chunksize=1):
        for k in range(1024):
            sums[(i % 4 if apart else 0) * 1024 + k] += i
