"""What a program is made of in C, and the turns that long calls are taken in."""

from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int64_t
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from convnet.engine.kernels cimport cn_context, cn_kernel


cdef struct Entry:
    int64_t op
    int64_t stage
    cn_kernel kernel


cdef struct Phase:
    int needs           # of the context, see _demands.pxd
    int64_t begin, end  # entries
    int64_t shard       # samples that a lane takes at a time; 0: a batch phase
    double work, sample_work  # in multiply-adds: of the phase, and of each sample


cdef struct Job:  # a phase over a batch, in tasks
    int phase
    int64_t tasks
    int64_t samples     # of a task of a prediction; 0 in training
    cn_context *c
    float *arena
    float *scratch
    bint own_arena      # of each task of a prediction; else of each thread
    double turn         # seconds after which Python looks after its signals
    double heard        # when it last did
    double until        # when the turn ends; 0: it does not


cdef struct Place:  # how far a task has come
    int64_t samples, entry  # samples that are through, and the next entry for those after them


cdef inline double now() noexcept nogil:
    cdef timespec t
    clock_gettime(CLOCK_MONOTONIC, &t)
    return t.tv_sec + 1e-9 * t.tv_nsec


cdef inline bint ends(Job *job) noexcept nogil:
    """Whether the turn ends."""
    return job.until > 0 and now() >= job.until


cdef inline int hear(Job *job) except -1 nogil:
    """Have Python look after its signals, a turn after the last time."""
    if now() >= job.heard + job.turn:
        with gil:
            PyErr_CheckSignals()
        job.heard = now()
    return 0
