"""The parallel loops: which thread runs which task, on which memory.

A `Program` is a list of phases. A lane phase divides the samples of the batch into a fixed number of lanes. A task
takes one lane through all stages of the phase, a few samples at a time, so that each stage reads its input from the
cache. In a batch phase each stage divides the whole batch into its own tasks. Results do not depend on the number of
threads. In prediction every thread has its own arena and takes a few samples at a time through the whole net.

All memory is NumPy arrays of the caller (`aligned_zeros`); sizes are checked at every call.

A long call runs in turns: now and then the threads leave the region, Python checks its signals, and each task
continues where it was.
"""

from cpython.exc cimport PyErr_CheckSignals
from cython.parallel cimport prange, threadid
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from convnet.engine._context cimport Context
from convnet.engine._buffer_requirements cimport BufferRequirements, require
from convnet.engine._engine cimport (
    fill_operation, kernel_table, scratch_floats, stage_needs, stage_tasks, usable_threads)
from convnet.engine.kernels cimport CN_NEED_MEMORY, CN_SLACK, cn_kernel, cn_op, cn_task

from convnet.engine._engine import FIELDS, STAGES, aligned_zeros

# Multiply-adds that take about 100 microseconds: a shorter region costs more than it gains, and much
# more beside another busy process, where each of its barriers waits for the scheduler.
cdef double WORTH = 2e6
cdef double LONG = 2e8  # multiply-adds from which on a phase is taken in turns
cdef double TURN = 0.25  # seconds


def run_signal_handlers():
    """Have Python run the handlers of the signals that have arrived; Ctrl-C raises KeyboardInterrupt here."""
    PyErr_CheckSignals()


cdef int check_signals(Job *job) except -1 nogil:
    """Let Python handle its signals, at most once per turn."""
    if now() >= job.last_signal_check + job.turn:
        with gil:
            run_signal_handlers()
        job.last_signal_check = now()
    return 0


cdef int stage_number(str name, str family) except -1:
    """Return the number of a stage; ValueError unless it exists and takes operations of this family."""
    if name not in STAGES:
        raise ValueError(f"no kernel stage is called {name!r}")
    stage = STAGES[name]
    fits = "src" in FIELDS[family] if stage.family == "maps" else family == stage.family
    if not fits:
        raise ValueError(f"stage {name!r} is of family {stage.family!r}; the operation of {family!r}")
    return stage.number


cdef class Program:
    """Operations and phases in C's form. Immutable, so that threads may share one.

    Parameters
    ----------
    isa : str
        Kernel table to run on.
    operations : list of (str, dict)
        The family of each operation, and the parameters that are not at their defaults (``csrc/params.def``).
    phases : list of (int, float, float, list of (int, str))
        For each phase: the samples that a lane takes at a time (0: a batch phase); the work of the phase and
        of each of its samples, in multiply-adds; and its stages, (number of the operation, name), in order.
    arena_floats : int
        Size of the arena: of the whole batch in training, of one thread in prediction.
    arena_samples : int
        Maximum number of samples in the arena.
    sizes : dict
        Sizes of the context's buffers, as `BufferRequirements` takes them.

    Attributes
    ----------
    turn : float
        Seconds of a call after which Python checks its signals, so that Ctrl-C ends it.
    """

    def __cinit__(self, str isa, list operations, list phases, int64_t arena_floats,
                  int64_t arena_samples, dict sizes):
        cdef int64_t i, k = 0, floats
        self.table = kernel_table(isa)
        self.ops = <cn_op *>calloc(max(1, len(operations)), sizeof(cn_op))
        self.entries = <Entry *>calloc(max(1, sum(len(entries) for _, _, _, entries in phases)), sizeof(Entry))
        self.phases = <Phase *>calloc(max(1, len(phases)), sizeof(Phase))
        if not (self.ops and self.entries and self.phases):
            raise MemoryError("not enough memory for the operations of the plan")
        for i, (family, parameters) in enumerate(operations):
            fill_operation(&self.ops[i], family, parameters)
        self.n_phases = len(phases)
        self.arena_floats = arena_floats
        self.arena_samples = arena_samples
        self.requirements = BufferRequirements(sizes)
        self.turn = TURN
        for i, (shard, work, sample_work, stages) in enumerate(phases):
            self.phases[i].begin = k
            self.phases[i].shard = shard
            self.phases[i].work = work
            self.phases[i].sample_work = sample_work
            for op, stage in stages:
                self.entries[k].op = op
                self.entries[k].stage = stage_number(stage, operations[op][0])
                self.phases[i].needs |= stage_needs(self.entries[k].stage)
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

    cdef check(self, Context context, int64_t floats, int64_t scratch, int n_threads, int begin, int end):
        """Raise ValueError unless phases [begin, end) can run on this context and so much memory."""
        cdef int needs = 0, i
        if not 0 <= begin <= end <= self.n_phases:
            raise ValueError(f"there are {self.n_phases} phases, not {begin} to {end}")
        for i in range(begin, end):
            needs |= self.phases[i].needs
        if needs & CN_NEED_MEMORY:
            require(floats >= self.arena_floats, "arena")
            require(scratch >= n_threads * self.scratch_floats, "scratch")
        self.requirements.check(context, needs)

    def run(self, Context context, float[::1] arena, float[::1] scratch, int n_threads,
            int begin=0, int end=-1):
        """Run phases [begin, end) over a batch in one arena."""
        cdef Job job = self.job(context)
        cdef int i
        n_threads = usable_threads(n_threads)
        if end < 0:
            end = self.n_phases
        self.check(context, arena.shape[0], scratch.shape[0], n_threads, begin, end)
        require(context.c.n <= self.arena_samples, "samples")
        job.arena = &arena[0]
        job.scratch = &scratch[0]
        with nogil:
            for i in range(begin, end):
                job.phase = i
                self.run_phase(&job, n_threads)
                if i + 1 < end:
                    check_signals(&job)

    def pack(self, Context context, int phase, int n_threads):
        """Run a batch phase that needs neither arena nor scratch: packing the weights."""
        cdef Job job = self.job(context)
        n_threads = usable_threads(n_threads)
        self.check(context, 0, 0, n_threads, phase, phase + 1)
        if self.phases[phase].shard or self.phases[phase].needs & CN_NEED_MEMORY:
            raise ValueError(f"phase {phase} does more than pack weights")
        job.phase = phase
        with nogil:
            self.run_phase(&job, n_threads)

    def predict(self, Context context, int phase, float[::1] arenas, float[::1] scratch,
                int n_threads):
        """Take all samples of the input through a lane phase, each thread in its own arena."""
        self.predict_samples(context, phase, arenas, scratch, n_threads)

    cdef int predict_samples(self, Context context, int phase, float[::1] arenas, float[::1] scratch,
                             int n_threads) except -1:
        cdef Job job = self.job(context)
        cdef int64_t n = context.c.n
        n_threads = usable_threads(n_threads)
        self.check(context, arenas.shape[0] // n_threads, scratch.shape[0], n_threads, phase, phase + 1)
        if not self.phases[phase].shard:
            raise ValueError(f"phase {phase} takes the whole batch")
        n_threads = self.worth(phase, n, n_threads)
        job.phase = phase
        job.arena = &arenas[0]
        job.scratch = &scratch[0]
        job.samples = max(1, min(self.arena_samples, (n + n_threads - 1) // n_threads))
        job.tasks = (n + job.samples - 1) // job.samples
        job.own_arena = job.tasks <= n_threads
        with nogil:
            self.run_job(&job, n_threads)
        return 0

    cdef Job job(self, Context context):
        """A job of training without memory."""
        cdef Job job
        job.phase = job.tasks = job.samples = job.own_arena = 0
        job.c = &context.c
        job.arena = job.scratch = NULL
        job.turn = self.turn
        job.last_signal_check = now()
        job.deadline = 0
        job.stepped = NULL
        return job

    cdef double work(self, int phase, int64_t n) noexcept nogil:
        return self.phases[phase].work + n * self.phases[phase].sample_work

    cdef int worth(self, int phase, int64_t n, int n_threads) noexcept nogil:
        """Threads that are worth waking for a phase over n samples."""
        return n_threads if self.work(phase, n) >= WORTH else 1

    cdef int run_phase(self, Job *job, int n_threads) except -1 nogil:
        """Run a phase of training, or of packing."""
        cdef Phase *p = &self.phases[job.phase]
        cdef int64_t i
        job.tasks = job.c.lanes
        if not p.shard:
            job.tasks = 0
            for i in range(p.begin, p.end):
                job.tasks += stage_tasks(self.entries[i].stage, &self.ops[self.entries[i].op],
                                         job.c.n)
        n_threads = 1 if job.tasks <= 1 else self.worth(job.phase, job.c.n, n_threads)
        self.run_job(job, n_threads)
        return 0

    cdef int run_job(self, Job *job, int n_threads) except -1 nogil:
        """Run all tasks, in turns where that takes long."""
        cdef int64_t number, left = 1
        cdef TaskProgress *progress
        cdef bint *stepped
        job.deadline = 0
        if self.work(job.phase, job.c.n) < LONG:
            for number in prange(job.tasks, num_threads=n_threads, schedule="dynamic", chunksize=1):
                self.run_task(job, number, threadid(), NULL)
            return 0
        progress = <TaskProgress *>calloc(max(1, job.tasks), sizeof(TaskProgress))
        stepped = <bint *>calloc(n_threads, sizeof(bint))
        if progress == NULL or stepped == NULL:
            free(progress)
            free(stepped)
            with gil:
                raise MemoryError("not enough memory for the progress of the tasks")
        job.stepped = stepped
        try:
            while left:
                job.deadline = job.last_signal_check + job.turn
                memset(stepped, 0, n_threads * sizeof(bint))
                left = 0
                for number in prange(job.tasks, num_threads=n_threads, schedule="dynamic", chunksize=1):
                    left += self.run_task(job, number, threadid(), &progress[number])
                if left:
                    check_signals(job)
        finally:
            free(progress)
            free(stepped)
        return 0

    cdef int64_t run_task(self, Job *job, int64_t number, int64_t thread, TaskProgress *progress) noexcept nogil:
        """Run a task from where it stands, NULL: from its start; return 1 if the turn ended before the task did."""
        cdef TaskProgress start
        cdef float *scratch = job.scratch + thread * self.scratch_floats
        if progress == NULL:
            start.samples = start.entry = 0
            progress = &start
        if job.samples or self.phases[job.phase].shard:
            return self.run_samples(job, number, thread, scratch, progress)
        if progress.entry == 0:
            if turn_ends(job, thread):
                return 1
            self.run_block(job, number, scratch)
            progress.entry = 1
        return 0

    cdef int64_t run_samples(self, Job *job, int64_t number, int64_t thread, float *scratch,
                             TaskProgress *progress) noexcept nogil:
        """Take samples, those of a lane or of a task of a prediction, through all stages."""
        cdef Phase *p = &self.phases[job.phase]
        cdef Entry *entry
        cdef cn_task task
        cdef int64_t n = job.c.n, begin, end, s, shard
        task.arena = job.arena
        task.scratch = scratch
        task.first = task.lane = task.number = 0
        if job.samples:
            task.arena += (number if job.own_arena else thread) * self.arena_floats
            shard = job.samples
            begin = number * shard
            end = min(n, begin + shard)
        else:
            task.lane = number
            shard = p.shard
            begin = n * number // job.c.lanes
            end = n * (number + 1) // job.c.lanes
        s = begin + progress.samples
        while s < end:
            task.s0 = s
            task.s1 = min(end, s + shard)
            if job.samples:  # the first one in the arena is sample s
                task.first = s
                task.s0 = 0
                task.s1 -= s
            while progress.entry < p.end - p.begin:
                # Maps between two stages of a prediction lie in the thread's arena, which it needs for others.
                if (job.own_arena or not job.samples or progress.entry == 0) and turn_ends(job, thread):
                    return 1
                entry = &self.entries[p.begin + progress.entry]
                entry.kernel(&self.ops[entry.op], job.c, &task)
                progress.entry += 1
            progress.entry = 0
            s += shard
            progress.samples = s - begin
        return 0

    cdef void run_block(self, Job *job, int64_t number, float *scratch) noexcept nogil:
        """Task `number` of a batch phase, whose stages' tasks are counted one after the other."""
        cdef Phase *p = &self.phases[job.phase]
        cdef cn_task task
        cdef int64_t i, tasks
        task.arena = job.arena
        task.scratch = scratch
        task.first = task.lane = task.s0 = task.s1 = 0
        for i in range(p.begin, p.end):
            tasks = stage_tasks(self.entries[i].stage, &self.ops[self.entries[i].op], job.c.n)
            if number < tasks:
                task.number = number
                self.entries[i].kernel(&self.ops[self.entries[i].op], job.c, &task)
                return
            number -= tasks


def run_stage(str isa, str stage, list operations, Context context, float[::1] arena, float[::1] scratch, *,
              int64_t s0=0, int64_t s1=0, int64_t number=0, int64_t first=0, int64_t lane=0, int64_t repeats=1):
    """Call one kernel of a table, without a plan and without checks of memory: for tests and benchmarks.

    Parameters
    ----------
    isa, stage : str
        Names of the table and of the stage.
    operations : list of (str, dict)
        Family and parameters of the stage's operation, and of those that it looks at behind it.
    context : Context
    arena, scratch : ndarray of float32
    s0, s1, number, first, lane : int
        The task, see cn_task in ``csrc/convnet.h``.
    repeats : int, default=1
        How often the kernel is called.

    Returns
    -------
    seconds : float
        Of the fastest call.
    """
    cdef cn_op ops[2]
    cdef cn_task task
    cdef cn_kernel kernel
    cdef double start, best = -1.0, seconds
    cdef int64_t i, _call
    if not 1 <= len(operations) <= 2:
        raise ValueError(f"a stage takes one operation or two; got {len(operations)}")
    for i, (family, parameters) in enumerate(operations):
        fill_operation(&ops[i], family, parameters)
    kernel = kernel_table(isa).stage[stage_number(stage, operations[0][0])]
    task.arena, task.scratch = &arena[0], &scratch[0]
    task.s0, task.s1, task.number, task.first, task.lane = s0, s1, number, first, lane
    with nogil:
        for _call in range(repeats):
            start = now()
            kernel(&ops[0], &context.c, &task)
            seconds = now() - start
            if best < 0 or seconds < best:
                best = seconds
    return best


def stage_memory(str stage, str family, dict parameters, int64_t n=1):
    """Return the floats of scratch that a stage wants, and the tasks that it has for n samples (0: a lane stage)."""
    cdef cn_op op
    cdef int which = stage_number(stage, family)
    fill_operation(&op, family, parameters)
    return scratch_floats(which, &op) + CN_SLACK, stage_tasks(which, &op, n)
