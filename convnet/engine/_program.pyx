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
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free

from convnet.engine._context cimport Context
from convnet.engine._engine cimport kernel_table, scratch_floats, stage_tasks, usable_threads
from convnet.engine.kernels cimport CN_SLACK, cn_context, cn_kernel, cn_kernels, cn_op, cn_task

from convnet.engine._engine import STAGES, aligned_zeros

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
        ``lane`` (floats of a lane), ``lanes``, ``batch``, ``squares`` (and of the norms), ``params`` (and of the
        moments).
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
                floats = scratch_floats(self.entries[k].stage, &self.ops[op])
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
            "norms": context.norms_size if c.norms != NULL else None,
        }
        for key, size in have.items():
            wanted = sizes[{"moments": "params", "norms": "squares"}.get(key, key)]
            exact = key in ("input", "lanes", "norms")
            if size is not None and (size != wanted if exact else size < wanted):
                raise ValueError(f"the plan wants {wanted} of {key}, got {size}")
        if floats < self.arena_floats or scratch < n_threads * self.scratch_floats:
            raise ValueError("arena or scratch is smaller than the plan wants")
        if c.out != NULL and context.out_size < sizes["output"] * c.n:
            raise ValueError("the output has too few values")
        if c.grad != NULL and context.grad_size < sizes["output"] * c.n:
            raise ValueError("the gradient has too few values")
        if context.y_outputs not in (0, sizes["output"]):
            raise ValueError(f"the targets have {context.y_outputs} columns, the outputs {sizes['output']}")
        rows = min(context.y_rows, context.weight_rows)
        if c.losses != NULL and (context.losses_size < c.n or rows < context.input_rows):
            raise ValueError("targets or weights have fewer rows than X")

    def run(self, Context context, float[::1] arena, float[::1] scratch, int n_threads,
            int begin=0, int end=-1):
        """Run phases [begin, end) over a batch in one arena."""
        cdef int i
        n_threads = usable_threads(n_threads)
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
        n_threads = usable_threads(n_threads)
        if context.packed_size < self.sizes["packed"]:
            raise ValueError("the area for packed weights is too small")
        with nogil:
            self.run_batch(phase, &context.c, NULL, NULL, n_threads)

    def predict(self, Context context, int phase, float[::1] arenas, float[::1] scratch,
                int n_threads):
        """Take all samples of the input through a lane phase, each thread in its own arena."""
        cdef int64_t shard = self.arena_samples, tasks, task, n = context.c.n
        n_threads = usable_threads(n_threads)
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
            tasks += stage_tasks(self.entries[i].stage, &self.ops[self.entries[i].op], c.n,
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
            tasks = stage_tasks(self.entries[i].stage, &self.ops[self.entries[i].op], c.n,
                                c.lanes)
            if number < tasks:
                task.s0 = number
                task.s1 = tasks
                self.entries[i].kernel(&self.ops[self.entries[i].op], c, &task)
                return
            number -= tasks
