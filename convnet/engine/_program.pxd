"""The parts of a program in C, and the turns in which long calls run."""

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
    bint *stepped              # of each thread: whether it has run a step in this turn


cdef struct TaskProgress:
    int64_t samples, entry  # samples that are finished, and the next entry for those after them


cdef inline double now() noexcept nogil:
    cdef timespec t
    clock_gettime(CLOCK_MONOTONIC, &t)
    return t.tv_sec + 1e-9 * t.tv_nsec


cdef inline bint turn_ends(Job *job, int64_t thread) noexcept nogil:
    """Whether the turn ends for a thread. Each turn runs at least one step, so a short turn makes progress too."""
    if not job.deadline:
        return False
    if not job.stepped[thread]:
        job.stepped[thread] = True
        return False
    return now() >= job.deadline
