"""The parts of a program in C, and the turns in which long calls run."""

from libc.stdint cimport int64_t
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from convnet.engine._buffer_requirements cimport BufferRequirements
from convnet.engine._context cimport Context
from convnet.engine.kernels cimport cn_context, cn_kernel, cn_kernels, cn_map, cn_op, cn_task


cdef struct Entry:
    int64_t op
    int64_t stage
    cn_kernel kernel
    bint branch         # whether the operation has a third map
    int64_t band        # rows of the output by which the work on a sample can be divided; 0: not at all
    double sample_work  # of such an entry, in multiply-adds
    bint shared         # whether it reads or writes maps of the shared arena


cdef struct Phase:
    int needs           # of the context: enum cn_need
    int64_t begin, end  # entries
    int64_t shard       # samples that a lane takes at a time; 0: a batch phase
    double work, sample_work  # in multiply-adds: of the phase, and of each sample
    int64_t first_gradient, last_gradient  # floats of a lane's memory that its stages add to: [first, last)


cdef struct Job:  # a phase over a batch, in tasks
    int phase
    int64_t tasks
    int64_t run         # lanes of a task of a lane phase in training
    int64_t first_lane, last_lane  # of training: the lanes of this job
    int64_t s0, s1      # samples of these lanes, for batch phases that divide the samples
    const int64_t *listed  # numbers of the tasks of a batch phase; NULL: all, or none if n_listed is 0
    int64_t n_listed    # -1: all
    int64_t samples     # of a lane task of a prediction; 0 in training
    cn_context *c
    float *arena
    float *scratch
    float *shared       # arena of all tasks of a prediction, for the maps behind `arena_floats`; NULL in training
    bint head           # whether tasks of a prediction run on arenas of their threads
    bint own_arena      # of each task of a prediction; else of each thread
    double turn                # seconds between two checks of signals
    double last_signal_check   # when Python last checked its signals
    double deadline            # when the turn ends; 0: never
    bint *stepped              # of each thread: whether it has run a step in this turn


cdef struct TaskProgress:
    int64_t samples, entry  # samples that are finished, and the next entry for those after them


cdef class Program:
    cdef const cn_kernels *table
    cdef cn_op *ops
    cdef Entry *entries
    cdef Phase *phases
    cdef readonly int n_phases
    cdef readonly int64_t arena_floats, arena_samples, scratch_floats, shared_floats, shared_samples
    cdef BufferRequirements requirements
    cdef public double turn
    cdef public double worth_bands

    cdef check(self, Context context, int64_t floats, int64_t scratch, int n_threads, int begin, int end)
    cdef int predict_samples(self, Context context, int phase, float[::1] arenas, float[::1] scratch,
                             int n_threads) except -1
    cdef Job job(self, Context context)
    cdef restrict(self, Job *job, int64_t first, int64_t last)
    cdef check_tasks(self, const int64_t[::1] tasks, int64_t n, int begin, int end)
    cdef double work(self, int phase, int64_t n) noexcept nogil
    cdef int worth(self, int phase, int64_t n, int n_threads) noexcept nogil
    cdef int predict_chunk(self, Job *job, int phase, int n_threads) except -1 nogil
    cdef int64_t block_tasks(self, int phase, int64_t n) noexcept nogil
    cdef void divide(self, Job *job, int n_threads) noexcept nogil
    cdef int run_phase(self, Job *job, int n_threads) except -1 nogil
    cdef int run_job(self, Job *job, int n_threads) except -1 nogil
    cdef int64_t run_task(self, Job *job, int64_t number, int64_t thread, TaskProgress *progress) noexcept nogil
    cdef int64_t run_samples(self, Job *job, int64_t number, int64_t thread, float *scratch,
                             TaskProgress *progress) noexcept nogil
    cdef void end_lane(self, Job *job, int64_t first, int64_t lane) noexcept nogil
    cdef bint divides_sample(self) noexcept nogil
    cdef bint divides(self, Entry *entry, int phase, int64_t n) noexcept nogil
    cdef int run_blocks(self, Job *job, int n_threads) except -1 nogil
    cdef int run_bands(self, Job *job, int n_threads) except -1 nogil
    cdef void run_band(self, Job *job, Entry *entry, int64_t number, int64_t rows, int64_t thread) noexcept nogil
    cdef void call(self, Entry *entry, Job *job, cn_task *task, int64_t y0, int64_t y1) noexcept nogil
    cdef void move_map(self, cn_map *map, int64_t move, int64_t first) noexcept nogil
    cdef void run_block(self, Job *job, int64_t number, float *scratch) noexcept nogil


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
