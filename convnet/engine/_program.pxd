"""The parts of a program in C, and the turns in which long calls run."""

from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int64_t
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from convnet.engine.kernels cimport cn_context, cn_kernel


cdef struct Entry:
    int64_t op
    int64_t stage
    cn_kernel kernel


cdef struct Phase:
    int needs           # of the context: enum cn_need
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
    double turn                # seconds between two checks of signals
    double last_signal_check   # when Python last checked its signals
    double deadline            # when the turn ends; 0: never


cdef struct TaskProgress:
    int64_t samples, entry  # samples that are finished, and the next entry for those after them


cdef inline double now() noexcept nogil:
    cdef timespec t
    clock_gettime(CLOCK_MONOTONIC, &t)
    return t.tv_sec + 1e-9 * t.tv_nsec


cdef inline bint turn_ends(Job *job) noexcept nogil:
    return job.deadline > 0 and now() >= job.deadline


cdef inline int check_signals(Job *job) except -1 nogil:
    """Let Python handle its signals, at most once per turn."""
    if now() >= job.last_signal_check + job.turn:
        with gil:
            PyErr_CheckSignals()
        job.last_signal_check = now()
    return 0
