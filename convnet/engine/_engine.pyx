"""The parallel loops: which thread computes what, on which memory.

A `Program` is a list of phases. In a lane phase the samples of the batch are divided into a fixed
number of lanes; a task takes one lane through all stages of the phase, a few samples at a time, so
that a map is read back from the cache that it was written to. In a batch phase each stage divides
the whole batch into its own tasks. Nothing that is computed depends on the number of threads, only
who computes it. In prediction every thread has an arena of its own and takes a few samples at a
time through the whole net.

All memory is NumPy arrays of the caller (`aligned_zeros`); sizes are checked at every call.
"""

from cython.parallel cimport prange, threadid
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport calloc, free

from convnet.engine.kernels cimport (
    CN_COLUMNS, CN_PLACES, CN_SLACK, CN_UPDATE, cn_context, cn_isa_count,
    cn_isa_default, cn_isa_kernels, cn_isa_name, cn_kernel, cn_kernels, cn_op, cn_scratch_floats,
    cn_stage_tasks, cn_task)
from convnet.engine cimport kernels as c_stages

import time

import numpy as np

cdef extern from "omp_compat.h" nogil:
    int CN_OPENMP
    int omp_get_max_threads()
    int cn_watch_forks()
    int cn_threads(int n)

if cn_watch_forks() != 0:
    raise MemoryError("pthread_atfork found no memory")

COLUMNS = CN_COLUMNS
PLACES = CN_PLACES
SLACK = CN_SLACK
UPDATE = CN_UPDATE

STAGES = {
    "input": c_stages.CN_INPUT,
    "output": c_stages.CN_OUTPUT,
    "conv2d_fwd": c_stages.CN_CONV2D_FWD,
    "conv2d_bwd": c_stages.CN_CONV2D_BWD,
    "winograd_fwd": c_stages.CN_WINOGRAD_FWD,
    "winograd_bwd": c_stages.CN_WINOGRAD_BWD,
    "planar_fwd": c_stages.CN_PLANAR_FWD,
    "planar_bwd": c_stages.CN_PLANAR_BWD,
    "depthwise_fwd": c_stages.CN_DEPTHWISE_FWD,
    "depthwise_bwd": c_stages.CN_DEPTHWISE_BWD,
    "maxpool_fwd": c_stages.CN_MAXPOOL_FWD,
    "maxpool_bwd": c_stages.CN_MAXPOOL_BWD,
    "avgpool_fwd": c_stages.CN_AVGPOOL_FWD,
    "avgpool_bwd": c_stages.CN_AVGPOOL_BWD,
    "activation_fwd": c_stages.CN_ACTIVATION_FWD,
    "activation_bwd": c_stages.CN_ACTIVATION_BWD,
    "dense_fwd": c_stages.CN_DENSE_FWD,
    "dense_bwd": c_stages.CN_DENSE_BWD,
    "dense_mask": c_stages.CN_DENSE_MASK,
    "batchnorm_stats": c_stages.CN_BATCHNORM_STATS,
    "batchnorm_fwd": c_stages.CN_BATCHNORM_FWD,
    "batchnorm_sums": c_stages.CN_BATCHNORM_SUMS,
    "batchnorm_bwd": c_stages.CN_BATCHNORM_BWD,
    "batchnorm_predict": c_stages.CN_BATCHNORM_PREDICT,
    "dropout_fwd": c_stages.CN_DROPOUT_FWD,
    "dropout_bwd": c_stages.CN_DROPOUT_BWD,
    "copy_fwd": c_stages.CN_COPY_FWD,
    "copy_bwd": c_stages.CN_COPY_BWD,
    "loss_softmax": c_stages.CN_LOSS_SOFTMAX,
    "loss_sigmoid": c_stages.CN_LOSS_SIGMOID,
    "gradient_in": c_stages.CN_GRADIENT_IN,
    "gradient_out": c_stages.CN_GRADIENT_OUT,
    "pack_conv2d": c_stages.CN_PACK_CONV2D,
    "pack_winograd": c_stages.CN_PACK_WINOGRAD,
    "winograd_weights": c_stages.CN_WINOGRAD_WEIGHTS,
    "pack_dense": c_stages.CN_PACK_DENSE,
    "dense_wide_fwd": c_stages.CN_DENSE_WIDE_FWD,
    "dense_wide_grad": c_stages.CN_DENSE_WIDE_GRAD,
    "dense_wide_weights": c_stages.CN_DENSE_WIDE_WEIGHTS,
    "batchnorm_finish": c_stages.CN_BATCHNORM_FINISH,
    "batchnorm_grad_finish": c_stages.CN_BATCHNORM_GRAD_FINISH,
    "reduce": c_stages.CN_REDUCE,
    "sgd": c_stages.CN_SGD,
    "adam": c_stages.CN_ADAM,
}

# enum cn_dtype, by kind and size
DTYPES = {"u1": 0, "u2": 1, "u4": 2, "u8": 3, "i1": 4, "i2": 5, "i4": 6, "i8": 7, "f4": 8, "f8": 9,
          "f2": 10, "b1": 0}


def omp_max_threads():
    """Threads that OpenMP would use in the calling thread; 1 without OpenMP."""
    return omp_get_max_threads()


def openmp_version():
    """Date of the OpenMP specification that this build was compiled for, yyyymm; 0 without OpenMP."""
    return CN_OPENMP


def available_isas():
    """Names of the kernel tables that this processor can run, in ascending order."""
    return [cn_isa_name(i).decode() for i in range(cn_isa_count()) if cn_isa_kernels(i) != NULL]


def default_isa():
    """Name of the table in use: the best available, capped by ``CONVNET_ISA``."""
    cdef int isa = cn_isa_default()
    if isa < 0:
        names = ", ".join(cn_isa_name(i).decode() for i in range(cn_isa_count()))
        raise ValueError(f"the environment's CONVNET_ISA must be one of: {names}")
    return cn_isa_name(isa).decode()


cdef const cn_kernels *kernel_table(str name) except NULL:
    cdef int i
    for i in range(cn_isa_count()):
        if cn_isa_name(i).decode() == name and cn_isa_kernels(i) != NULL:
            return cn_isa_kernels(i)
    raise ValueError(f"isa must be one of {', '.join(available_isas())} on this machine; got {name!r}")


def aligned_zeros(floats):
    """Float32 zeros that start at a cache line, with `SLACK` readable floats after the end."""
    whole = np.zeros(floats + SLACK + 16, dtype=np.float32)
    start = -(whole.ctypes.data // 4) % 16
    return whole[start:start + floats]


def operation_fields():
    """Return a dict of all fields of an operation, at zero; its maps are dicts too."""
    cdef cn_op op
    cdef char *bytes_ = <char *>&op
    cdef size_t i
    for i in range(sizeof(cn_op)):
        bytes_[i] = 0
    return op


def fma_peak(int n_threads=1, double seconds=0.3, isa=None):
    """Measure the machine's peak of fused multiply-adds, in GFLOP/s, on `n_threads` threads."""
    cdef const cn_kernels *table = kernel_table(isa or default_isa())
    cdef int64_t steps = 200000
    cdef int _thread
    cdef double flops, best = 0.0
    n_threads = cn_threads(n_threads)
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        start = time.perf_counter()
        flops = 0.0
        with nogil:
            for _thread in prange(n_threads, num_threads=n_threads, schedule="static"):
                flops += table.fma_chain(steps)
        best = max(best, flops / (time.perf_counter() - start) * 1e-9)
    return best


# Multiply-adds that take about 100 microseconds: a shorter region costs more than it gains, and much
# more beside another busy process, where each of its barriers waits for the scheduler.
cdef double WORTH = 2e6


cdef struct Entry:
    int64_t op
    int64_t stage
    cn_kernel kernel


cdef struct Phase:
    int64_t begin, end  # entries
    int64_t shard       # samples that a lane takes at a time; 0: a batch phase
    double work, sample_work  # in multiply-adds: of the phase, and of each sample


cdef class Context:
    """What the tasks of a call share: parameters, input, targets, accumulators."""

    cdef cn_context c
    cdef dict keep
    cdef int64_t input_rows, input_size, y_rows, weight_rows
    cdef int64_t out_size, grad_size, packed_size, lane_total, batch_size
    cdef int64_t losses_size, squares_size, params_size, moments_size

    def __init__(self):
        self.keep = {}

    def parameters(self, float[::1] params, float[::1] packed, bint trainable=False):
        """Set the flat parameters (written to only if `trainable`) and the area for packed weights."""
        self.c.params = &params[0]
        self.c.weights = &params[0] if trainable else NULL
        self.c.packed = &packed[0]
        self.params_size = params.shape[0]
        self.packed_size = packed.shape[0]
        self.keep["parameters"] = params, packed

    def gradients(self, float[::1] lane_grads, int64_t lanes, float[::1] batch_grads):
        """Set the gradient accumulators."""
        self.c.lane_grads = &lane_grads[0]
        self.c.lanes = lanes
        self.c.lane_size = lane_grads.shape[0] // lanes
        self.c.batch_grads = &batch_grads[0]
        self.lane_total = lane_grads.shape[0]
        self.batch_size = batch_grads.shape[0]
        self.keep["gradients"] = lane_grads, batch_grads

    def input(self, x, double scale, const int64_t[::1] rows=None):
        """Set the input: rows `rows` of x (n, h, w, c), or all of them, each value times `scale`."""
        cdef int64_t i
        self.c.x_dtype = DTYPES[x.dtype.str[1:]]
        self.c.x = <const char *><size_t>x.ctypes.data
        self.c.x_sample, self.c.x_row, self.c.x_pixel, self.c.x_channel = x.strides
        self.c.scale = scale
        self.input_rows = x.shape[0]
        self.input_size = x.shape[1] * x.shape[2] * x.shape[3]
        self.c.rows = NULL
        if rows is not None:
            for i in range(rows.shape[0]):
                if rows[i] < 0 or rows[i] >= self.input_rows:
                    raise IndexError(f"row {rows[i]} of an input of {self.input_rows} rows")
            self.c.rows = &rows[0] if rows.shape[0] else NULL
        self.c.n = self.input_rows if rows is None else rows.shape[0]
        self.c.names = NULL
        self.keep["input"] = x, rows

    def row_names(self, const int64_t[::1] names):
        """Set the numbers by which random numbers know the samples, instead of their rows."""
        if names.shape[0] < self.c.n:
            raise ValueError(f"{names.shape[0]} names for {self.c.n} samples")
        self.c.names = &names[0] if names.shape[0] else NULL
        self.keep["names"] = names

    def output(self, float[::1] out):
        """Set where results go."""
        self.c.out = &out[0]
        self.out_size = out.shape[0]
        self.keep["output"] = out

    def gradient(self, const float[::1] grad):
        """Set the gradient by the outputs that the caller gives."""
        self.c.grad = &grad[0]
        self.grad_size = grad.shape[0]
        self.keep["gradient"] = grad

    def random(self, int64_t seed, int64_t epoch):
        """Set the key of the random numbers of this step."""
        self.c.seed = seed
        self.c.epoch = epoch

    def classes(self, const int32_t[::1] y):
        """Set targets that are class numbers, by row of the input."""
        self.c.y = &y[0]
        self.y_rows = y.shape[0]
        self.keep["y"] = y

    def targets(self, const float[::1] y):
        """Set targets that are numbers, by row of the input."""
        self.c.y = &y[0]
        self.y_rows = y.shape[0]
        self.keep["y"] = y

    def sample_weight(self, const float[::1] weight, double weight_sum):
        """Set the weights by row of the input (None: all 1) and their sum over the batch."""
        self.c.sample_weight = NULL
        self.weight_rows = self.input_rows
        if weight is not None:
            self.c.sample_weight = &weight[0]
            self.weight_rows = weight.shape[0]
        self.c.weight_sum = weight_sum
        self.keep["weight"] = weight

    def sums(self, double[::1] losses, double[::1] squares):
        """Set where the losses of the samples and the sums of squared parameters go."""
        self.c.losses = &losses[0]
        self.c.squares = &squares[0]
        self.losses_size = losses.shape[0]
        self.squares_size = squares.shape[0]
        self.keep["sums"] = losses, squares

    def optimizer(self, float[::1] moment_1, float[::1] moment_2, *, double learning_rate,
                  double alpha, double momentum, bint nesterov, double beta_1, double beta_2,
                  double epsilon):
        """Set the optimizer's moments and constants; `learning_rate` of Adam is the corrected one."""
        self.c.moment_1 = &moment_1[0]
        self.c.moment_2 = &moment_2[0]
        self.moments_size = min(moment_1.shape[0], moment_2.shape[0])
        self.c.learning_rate = learning_rate
        self.c.alpha = alpha
        self.c.momentum = momentum
        self.c.nesterov = nesterov
        self.c.beta_1 = beta_1
        self.c.beta_2 = beta_2
        self.c.epsilon = epsilon
        self.keep["moments"] = moment_1, moment_2


cdef class Program:
    """Operations and phases in C's form. Immutable, so that threads may share one.

    Parameters
    ----------
    isa : str
        Kernel table to run on.
    operations : list of dict
        As `operation_fields` returns them.
    phases : list of (int, float, float, list of (int, str))
        Samples that a lane takes at a time, or 0 for a batch phase; its work, and that of each sample,
        in multiply-adds or what takes as long; and the operations' numbers and stages, in the order in
        which they run.
    arena_floats : int
        Floats of the arena: of the whole batch in training, of one thread in prediction.
    arena_samples : int
        Samples for which the arena has room.
    sizes : dict
        Least sizes that a run asks of the context: ``input`` (values of a sample), ``output``, ``packed``,
        ``lane`` (floats of a lane), ``lanes``, ``batch``, ``squares``, ``params`` (and of the moments).
    """

    cdef const cn_kernels *table
    cdef cn_op *ops
    cdef Entry *entries
    cdef Phase *phases
    cdef readonly int n_phases
    cdef readonly int64_t arena_floats, arena_samples, scratch_floats
    cdef readonly dict sizes

    def __cinit__(self, str isa, list operations, list phases, int64_t arena_floats,
                  int64_t arena_samples, dict sizes):
        cdef int64_t i, k = 0, floats
        self.table = kernel_table(isa)
        self.ops = <cn_op *>calloc(max(1, len(operations)), sizeof(cn_op))
        self.entries = <Entry *>calloc(max(1, sum(len(entries) for _, _, _, entries in phases)), sizeof(Entry))
        self.phases = <Phase *>calloc(max(1, len(phases)), sizeof(Phase))
        if not (self.ops and self.entries and self.phases):
            raise MemoryError("no memory for the plan's operations")
        for i, fields in enumerate(operations):
            self.ops[i] = fields
        self.n_phases = len(phases)
        self.arena_floats = arena_floats
        self.arena_samples = arena_samples
        self.sizes = sizes
        for i, (shard, work, sample_work, stages) in enumerate(phases):
            self.phases[i].begin = k
            self.phases[i].shard = shard
            self.phases[i].work = work
            self.phases[i].sample_work = sample_work
            for op, stage in stages:
                self.entries[k].op = op
                self.entries[k].stage = STAGES[stage]
                self.entries[k].kernel = self.table.stage[self.entries[k].stage]
                floats = cn_scratch_floats(self.entries[k].stage, &self.ops[op])
                self.scratch_floats = max(self.scratch_floats, (floats + CN_SLACK + 15) // 16 * 16)
                k += 1
            self.phases[i].end = k

    def __dealloc__(self):
        free(self.ops)
        free(self.entries)
        free(self.phases)

    def scratch(self, n_threads):
        """Scratch memory for `n_threads` threads."""
        return aligned_zeros(max(16, n_threads * self.scratch_floats))

    cdef check(self, Context context, int64_t floats, int64_t scratch, int n_threads):
        cdef cn_context *c = &context.c
        sizes = self.sizes
        have = {
            "input": context.input_size if c.x != NULL else None,
            "packed": context.packed_size,
            "params": context.params_size,
            "moments": context.moments_size if c.moment_1 != NULL else None,
            "lanes": c.lanes if c.lane_grads != NULL else None,
            "lane": c.lane_size if c.lane_grads != NULL else None,
            "batch": context.batch_size if c.batch_grads != NULL else None,
            "squares": context.squares_size if c.squares != NULL else None,
        }
        for key, size in have.items():
            wanted = sizes["params" if key == "moments" else key]
            exact = key in ("input", "lanes")
            if size is not None and (size != wanted if exact else size < wanted):
                raise ValueError(f"the plan wants {wanted} of {key}, got {size}")
        if floats < self.arena_floats or scratch < n_threads * self.scratch_floats:
            raise ValueError("arena or scratch is smaller than the plan wants")
        if c.out != NULL and context.out_size < sizes["output"] * c.n:
            raise ValueError("the output has too few values")
        if c.grad != NULL and context.grad_size < sizes["output"] * c.n:
            raise ValueError("the gradient has too few values")
        rows = min(context.y_rows, context.weight_rows)
        if c.losses != NULL and (context.losses_size < c.n or rows < context.input_rows):
            raise ValueError("targets or weights have fewer rows than X")

    def run(self, Context context, float[::1] arena, float[::1] scratch, int n_threads,
            int begin=0, int end=-1):
        """Run phases [begin, end) over a batch in one arena."""
        cdef int i
        n_threads = cn_threads(n_threads)
        if end < 0:
            end = self.n_phases
        self.check(context, arena.shape[0], scratch.shape[0], n_threads)
        if context.c.n > self.arena_samples or end > self.n_phases:
            raise ValueError("more samples or phases than the plan has room for")
        with nogil:
            for i in range(begin, end):
                if self.phases[i].shard:
                    self.run_lanes(i, &context.c, &arena[0], &scratch[0], n_threads)
                else:
                    self.run_batch(i, &context.c, &arena[0], &scratch[0], n_threads)

    def pack(self, Context context, int phase, int n_threads):
        """Run a batch phase that needs neither arena nor scratch: packing the weights."""
        n_threads = cn_threads(n_threads)
        if context.packed_size < self.sizes["packed"]:
            raise ValueError("the area for packed weights is too small")
        with nogil:
            self.run_batch(phase, &context.c, NULL, NULL, n_threads)

    def predict(self, Context context, int phase, float[::1] arenas, float[::1] scratch,
                int n_threads):
        """Take all samples of the input through a lane phase, each thread in its own arena."""
        cdef int64_t shard = self.arena_samples, tasks, task, n = context.c.n
        n_threads = cn_threads(n_threads)
        self.check(context, arenas.shape[0] // n_threads, scratch.shape[0], n_threads)
        n_threads = self.worth(phase, n, n_threads)
        shard = max(1, min(shard, (n + n_threads - 1) // n_threads))
        tasks = (n + shard - 1) // shard
        with nogil:
            for task in prange(tasks, num_threads=n_threads, schedule="dynamic", chunksize=1):
                self.predict_task(phase, &context.c, &arenas[0] + threadid() * self.arena_floats,
                                  &scratch[0] + threadid() * self.scratch_floats, task * shard,
                                  min(shard, n - task * shard))

    cdef int worth(self, int phase, int64_t n, int n_threads) noexcept nogil:
        """Threads that are worth waking for a phase over n samples."""
        cdef Phase *p = &self.phases[phase]
        return n_threads if p.work + n * p.sample_work >= WORTH else 1

    cdef void predict_task(self, int phase, cn_context *c, float *arena, float *scratch,
                           int64_t first, int64_t samples) noexcept nogil:
        cdef cn_task task
        cdef int64_t i
        task.arena = arena
        task.scratch = scratch
        task.s0 = 0
        task.s1 = samples
        task.first = first
        task.lane = 0
        for i in range(self.phases[phase].begin, self.phases[phase].end):
            self.entries[i].kernel(&self.ops[self.entries[i].op], c, &task)

    cdef void run_lanes(self, int phase, cn_context *c, float *arena, float *scratch,
                        int n_threads) noexcept nogil:
        cdef int64_t lane
        n_threads = self.worth(phase, c.n, n_threads)
        for lane in prange(c.lanes, num_threads=n_threads, schedule="dynamic", chunksize=1):
            self.run_lane(phase, c, arena, scratch + threadid() * self.scratch_floats, lane)

    cdef void run_lane(self, int phase, cn_context *c, float *arena, float *scratch,
                       int64_t lane) noexcept nogil:
        cdef cn_task task
        cdef int64_t i, s
        cdef int64_t begin = c.n * lane // c.lanes, end = c.n * (lane + 1) // c.lanes
        task.arena = arena
        task.scratch = scratch
        task.first = 0
        task.lane = lane
        s = begin
        while s < end:
            task.s0 = s
            s = min(end, s + self.phases[phase].shard)
            task.s1 = s
            for i in range(self.phases[phase].begin, self.phases[phase].end):
                self.entries[i].kernel(&self.ops[self.entries[i].op], c, &task)

    cdef void run_batch(self, int phase, cn_context *c, float *arena, float *scratch,
                        int n_threads) noexcept nogil:
        cdef int64_t i, tasks = 0, number
        for i in range(self.phases[phase].begin, self.phases[phase].end):
            tasks += cn_stage_tasks(self.entries[i].stage, &self.ops[self.entries[i].op], c.n,
                                    c.lanes)
        n_threads = 1 if tasks <= 1 else self.worth(phase, c.n, n_threads)
        for number in prange(tasks, num_threads=n_threads, schedule="dynamic", chunksize=1):
            self.run_batch_task(phase, c, arena, scratch + threadid() * self.scratch_floats, number)

    cdef void run_batch_task(self, int phase, cn_context *c, float *arena, float *scratch,
                             int64_t number) noexcept nogil:
        """Task `number` of a phase whose stages' tasks are counted one after the other."""
        cdef cn_task task
        cdef int64_t i, tasks
        task.arena = arena
        task.scratch = scratch
        task.first = 0
        task.lane = 0
        for i in range(self.phases[phase].begin, self.phases[phase].end):
            tasks = cn_stage_tasks(self.entries[i].stage, &self.ops[self.entries[i].op], c.n,
                                   c.lanes)
            if number < tasks:
                task.s0 = number
                task.s1 = tasks
                self.entries[i].kernel(&self.ops[self.entries[i].op], c, &task)
                return
            number -= tasks
