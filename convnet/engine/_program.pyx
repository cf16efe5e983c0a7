"""The parallel loops: which thread runs which task, on which memory.

A `Program` is a list of phases. A lane phase divides the samples of the batch into a fixed number of lanes. A task
takes a run of lanes through all stages of the phase, a few samples at a time, so that each stage reads its input from
the cache. Gradients are sums of each lane, which are added in a balanced tree. Aligned runs are its branches, so the
result does not depend on the number of lanes in a run. In a batch phase each stage divides the whole batch into its own
tasks. Results do not depend on the number of threads.

In the first phase of a prediction, every thread has its own arena and takes a few samples at a time through the layers.
From the first layer with wide weights on, there may be more phases. They run on one shared arena, layer by layer, so
that each layer's weights are read once for many samples.

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
from convnet.engine.kernels cimport (
    CN_NEED_MEMORY, CN_SLACK, cn_context, cn_kernel, cn_map, cn_op, cn_run_band, cn_task)

import numpy as np

from convnet.engine._engine import FIELDS, STAGES, aligned_zeros

# Multiply-adds that take about 100 microseconds: a shorter region costs more than it gains, and much
# more beside another busy process, where each of its barriers waits for the scheduler.
cdef double WORTH = 2e6
cdef double WORTH_BANDS = 5e5  # the same for one operation on few samples; then all threads wait for each other
cdef double LONG = 2e8  # multiply-adds from which on a phase is taken in turns
cdef double TURN = 0.25  # seconds
cdef int64_t MERGED_FLOATS = 4096  # of each lane, that a thread adds up at a time
cdef int TASKS_PER_THREAD = 8  # at least, of a lane phase with enough lanes, so that threads end at about the same time


def run_signal_handlers():
    """Have Python run the handlers of the signals that have arrived; Ctrl-C raises KeyboardInterrupt here."""
    PyErr_CheckSignals()


cdef inline int64_t ones(int64_t i) noexcept nogil:
    """Return the number of ones among the binary digits of i."""
    cdef int64_t count = 0
    while i:
        count += i & 1
        i >>= 1
    return count


cdef void merge_part(const cn_kernels *table, float *grads, int64_t size, int64_t at, int64_t begin, int64_t run,
                     int64_t first, int64_t last) noexcept nogil:
    """Add up some floats, from `at` on, of lanes [first, last) in pairs: sums of `begin` lanes to those of `run`."""
    cdef int64_t step = begin, lane
    while step < run:
        lane = first
        while lane + step < last:
            table.merge(grads + lane * size + at, grads + (lane + step) * size + at, min(MERGED_FLOATS, size - at))
            lane += 2 * step
        step *= 2


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


cpdef int64_t lanes_per_task(int64_t lanes, int n_threads, double wanted=1.0) noexcept nogil:
    """Return how many lanes a task takes: a power of two, so many that each thread still has a few tasks.

    Parameters
    ----------
    lanes : int
    n_threads : int
    wanted : float, default=1
        Tasks take at least this number of lanes, or as many as leave two tasks for each thread.
    """
    cdef int64_t run = 1
    while 2 * run * TASKS_PER_THREAD * n_threads <= lanes or (run < wanted and 4 * run * n_threads <= lanes):
        run *= 2
    return run


cdef class Program:
    """Operations and phases in C's form. Immutable, so that threads may share one.

    Parameters
    ----------
    isa : str
        Kernel table to run on.
    operations : list of (str, dict)
        The family of each operation, and the parameters that are not at their defaults (``csrc/params.def``).
    phases : list of (int, float, float, (int, int), list of (int, str))
        For each phase: the samples that a task takes at a time (0: a batch phase); the work of the phase and
        of each of its samples, in multiply-adds; the floats [first, last) of a lane's memory for gradients that its
        stages add to; and its stages, (number of the operation, name), in order.
    arena_floats : int
        Size of the arena: of the whole batch in training, of one thread in prediction.
    arena_samples : int
        Maximum number of samples in the arena.
    sizes : dict
        Sizes of the context's buffers, as `BufferRequirements` takes them.
    shared_floats, shared_samples : int, default=0
        Size of the arena that the threads of a prediction share, and the maximum number of samples in it. Its maps have
        offsets from `arena_floats` on.
    bands : dict, default=None
        Rows of the output by which a stage of a prediction can be divided, and its work on a sample, by (number of the
        operation, name of the stage).

    Attributes
    ----------
    turn : float
        Seconds of a call after which Python checks its signals, so that Ctrl-C ends it.
    worth_bands : float
        Multiply-adds from which on several threads divide an operation on few samples.
    """

    def __cinit__(self, str isa, list operations, list phases, int64_t arena_floats,
                  int64_t arena_samples, dict sizes, int64_t shared_floats=0, int64_t shared_samples=0,
                  dict bands=None):
        cdef int64_t i, k = 0, floats
        self.table = kernel_table(isa)
        self.ops = <cn_op *>calloc(max(1, len(operations)), sizeof(cn_op))
        self.entries = <Entry *>calloc(max(1, sum(len(entries) for _, _, _, _, entries in phases)), sizeof(Entry))
        self.phases = <Phase *>calloc(max(1, len(phases)), sizeof(Phase))
        if not (self.ops and self.entries and self.phases):
            raise MemoryError("not enough memory for the operations of the plan")
        for i, (family, parameters) in enumerate(operations):
            fill_operation(&self.ops[i], family, parameters)
        self.n_phases = len(phases)
        self.arena_floats = arena_floats
        self.arena_samples = arena_samples
        self.shared_floats = shared_floats
        self.shared_samples = shared_samples
        self.requirements = BufferRequirements(sizes)
        self.turn = TURN
        self.worth_bands = WORTH_BANDS
        for i, (shard, work, sample_work, gradients, stages) in enumerate(phases):
            self.phases[i].begin = k
            self.phases[i].shard = shard
            self.phases[i].work = work
            self.phases[i].sample_work = sample_work
            self.phases[i].first_gradient, self.phases[i].last_gradient = gradients
            for op, stage in stages:
                self.entries[k].op = op
                self.entries[k].stage = stage_number(stage, operations[op][0])
                self.phases[i].needs |= stage_needs(self.entries[k].stage)
                self.entries[k].kernel = self.table.stage[self.entries[k].stage]
                self.entries[k].band, self.entries[k].sample_work = (bands or {}).get((op, stage), (0, 0.0))
                self.entries[k].branch = operations[op][0] == "branch"
                self.entries[k].shared = shared_floats and any(
                    operations[op][1].get(name, {}).get("start", 0) >= arena_floats
                    for name in ("src", "dst", "other"))
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
            int begin=0, int end=-1, *, lanes=None, int64_t lane_run=0, const int64_t[::1] tasks=None):
        """Run phases [begin, end) over a batch in one arena, or a part of it.

        A call that runs a backward pass and one that adds up its gradients need the same `n_threads`, or `lane_run`.

        Parameters
        ----------
        context : Context
        arena, scratch : ndarray of float32
        n_threads : int
        begin, end : int
            -1: all phases from `begin` on.
        lanes : (int, int), default=None
            The lanes [first, last) whose samples lane phases compute, and batch phases that divide the samples. Both
            are multiples of `lane_run`, or the number of lanes. None: all.
        lane_run : int, default=0
            Number of lanes, a power of two, whose gradients are added up by a task. 0: by the number of threads.
        tasks : int64 ndarray, default=None
            Numbers of the tasks of batch phases that run. None: all.
        """
        cdef Job job = self.job(context)
        cdef int i
        n_threads = usable_threads(n_threads)
        if end < 0:
            end = self.n_phases
        self.check(context, arena.shape[0], scratch.shape[0], n_threads, begin, end)
        require(context.c.n <= self.arena_samples, "samples")
        job.arena = &arena[0]
        job.scratch = &scratch[0]
        context.c.lane_run = lane_run or lanes_per_task(context.c.lanes, n_threads)
        if lanes is not None:
            self.restrict(&job, lanes[0], lanes[1])
        if tasks is not None:
            self.check_tasks(tasks, context.c.n, begin, end)
            job.listed = &tasks[0] if tasks.shape[0] else NULL
            job.n_listed = tasks.shape[0]
        with nogil:
            for i in range(begin, end):
                job.phase = i
                self.run_phase(&job, n_threads)
                if i + 1 < end:
                    check_signals(&job)

    cdef restrict(self, Job *job, int64_t first, int64_t last):
        """Restrict a job to the lanes [first, last)."""
        cdef int64_t run = job.c.lane_run
        if not (0 <= first <= last <= job.c.lanes and first % run == 0 and (last % run == 0 or last == job.c.lanes)):
            raise ValueError(f"lanes {first} to {last} of {job.c.lanes} are not whole runs of {run} lanes")
        job.first_lane, job.last_lane = first, last
        job.s0, job.s1 = job.c.n * first // job.c.lanes, job.c.n * last // job.c.lanes

    cdef check_tasks(self, const int64_t[::1] tasks, int64_t n, int begin, int end):
        """Raise ValueError unless phases [begin, end) are batch phases that all have these tasks."""
        cdef int64_t i
        cdef int phase
        for phase in range(begin, end):
            if self.phases[phase].shard:
                raise ValueError(f"phase {phase} is a lane phase, whose tasks cannot be chosen")
            for i in range(tasks.shape[0]):
                if not 0 <= tasks[i] < self.block_tasks(phase, n):
                    raise ValueError(f"phase {phase} has no task {tasks[i]}")

    def merge_lanes(self, Context context, int64_t first, int64_t last, int64_t run, int n_threads):
        """Add up the gradients of lanes [first, last), sums of ``context.lane_run`` lanes, to sums of `run` lanes.

        The sum of each run is in the memory of its first lane then, and that of the others is 0. `run` is a power of
        two, and `first` a multiple of it.
        """
        cdef int64_t size = context.c.lane_size, begin = context.c.lane_run, part, parts
        cdef float *grads = context.c.lane_grads
        cdef const cn_kernels *table = self.table
        if not 0 <= first <= last <= context.c.lanes or first % run:
            raise ValueError(f"lanes {first} to {last} of {context.c.lanes} do not begin with a run of {run}")
        parts = (size + MERGED_FLOATS - 1) // MERGED_FLOATS
        n_threads = usable_threads(n_threads)
        for part in prange(parts, num_threads=n_threads, schedule="static", nogil=True):
            merge_part(table, grads, size, part * MERGED_FLOATS, begin, run, first, last)

    def time_tasks(self, Context context, float[::1] arena, float[::1] scratch, int n_threads):
        """Run all phases on one thread, but in the tasks that they have on `n_threads` threads.

        Returns
        -------
        phases : list of (bool, ndarray of float64)
            For each phase: whether it would run on several threads, and the seconds of its tasks in order.
        """
        cdef Job job = self.job(context)
        cdef int64_t number
        cdef double start
        cdef int i
        self.check(context, arena.shape[0], scratch.shape[0], 1, 0, self.n_phases)
        require(context.c.n <= self.arena_samples, "samples")
        job.arena = &arena[0]
        job.scratch = &scratch[0]
        context.c.lane_run = lanes_per_task(context.c.lanes, n_threads)
        phases = []
        for i in range(self.n_phases):
            job.phase = i
            self.divide(&job, n_threads)
            seconds = np.empty(job.tasks)
            for number in range(job.tasks):
                start = now()
                self.run_task(&job, number, 0, NULL)
                seconds[number] = now() - start
            phases.append((job.tasks > 1 and self.worth(i, context.c.n, n_threads) > 1, seconds))
        return phases

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
        """Take all samples of the input through the phases from `phase` on, the first of which is a lane phase.

        `arenas` holds the arena of each thread, then the shared one.
        """
        self.predict_samples(context, phase, arenas, scratch, n_threads)

    cdef int predict_samples(self, Context context, int phase, float[::1] arenas, float[::1] scratch,
                             int n_threads) except -1:
        cdef Job job = self.job(context)
        cdef cn_context part = context.c
        cdef int64_t n = context.c.n, done = 0, chunks = 1, size
        n_threads = usable_threads(n_threads)
        size = arenas.shape[0] - self.shared_floats
        self.check(context, size // n_threads if size >= 0 else -1, scratch.shape[0], n_threads, phase, self.n_phases)
        if phase == self.n_phases or not self.phases[phase].shard:
            raise ValueError(f"phase {phase} is not a lane phase")
        if context.c.rows != NULL:
            raise ValueError("a prediction takes all rows of the input, in their order")
        if self.shared_floats:
            chunks = max(1, (n + self.shared_samples - 1) // self.shared_samples)
        job.c = &part
        job.arena = &arenas[0]
        job.shared = job.arena + n_threads * self.arena_floats
        job.scratch = &scratch[0]
        with nogil:
            while done < n:
                part.n = min(n - done, (n + chunks - 1) // chunks)
                self.predict_chunk(&job, phase, n_threads)
                done += part.n
                part.x += part.n * part.x_sample
                part.out += part.n * self.requirements.output
                if done < n:
                    check_signals(&job)
        return 0

    cdef int predict_chunk(self, Job *job, int phase, int n_threads) except -1 nogil:
        """Take the samples of a job through the phases from `phase` on.

        If there are twice as many threads as samples, lane phases run stage by stage, each on bands of rows.
        """
        cdef int i, threads
        cdef bint bands = 2 * job.c.n <= n_threads and self.divides_sample() and job.c.n <= self.arena_samples
        cdef int64_t rounds
        job.s0, job.s1 = 0, job.c.n
        for i in range(phase, self.n_phases):
            threads = self.worth(i, job.c.n, n_threads)
            job.phase = i
            job.head = i == phase
            if i > phase:
                check_signals(job)
            if bands and self.phases[i].shard:
                self.run_bands(job, n_threads)
                continue
            if bands:
                self.run_blocks(job, n_threads)
                continue
            if self.phases[i].shard:
                # as many tasks of each thread, of as many samples, as possible
                rounds = (job.c.n + threads * self.phases[i].shard - 1) // (threads * self.phases[i].shard)
                job.samples = (job.c.n + threads * rounds - 1) // (threads * rounds)
                job.tasks = (job.c.n + job.samples - 1) // job.samples
            else:
                job.samples = 0
                job.tasks = self.block_tasks(i, job.c.n)
            job.own_arena = i > phase or job.tasks <= n_threads
            self.run_job(job, threads)
        return 0

    @property
    def divides_samples(self):
        """Whether several threads are worth waking for the prediction of one sample."""
        return self.divides_sample()

    cdef bint divides_sample(self) noexcept nogil:
        cdef int64_t k
        cdef int i
        for i in range(1, self.n_phases):
            for k in range(self.phases[i].begin, self.phases[i].end):
                if self.divides(&self.entries[k], i, 1):
                    return True
        return False

    cdef bint divides(self, Entry *entry, int phase, int64_t n) noexcept nogil:
        """Whether several threads are worth waking for a stage of a prediction of n samples."""
        if self.phases[phase].shard:
            return entry.band > 0 and n * entry.sample_work >= self.worth_bands
        return self.work(phase, n) >= self.worth_bands

    cdef int run_blocks(self, Job *job, int n_threads) except -1 nogil:
        """Run a batch phase of a prediction of few samples.

        A thread has the same tasks in each call, so that it finds the weights in its cache.
        """
        cdef int64_t number
        if self.work(job.phase, job.c.n) < self.worth_bands:
            n_threads = 1
        for number in prange(self.block_tasks(job.phase, job.c.n), num_threads=n_threads, schedule="static"):
            self.run_block(job, number, job.scratch + threadid() * self.scratch_floats)
        return 0

    cdef int run_bands(self, Job *job, int n_threads) except -1 nogil:
        """Run the stages of a lane phase of a prediction one by one, all samples in one arena."""
        cdef int64_t k, number, rows, bands, h, n = job.c.n
        cdef Entry *entry
        for k in range(self.phases[job.phase].begin, self.phases[job.phase].end):
            entry = &self.entries[k]
            if not self.divides(entry, job.phase, n):
                self.run_band(job, entry, -1, 0, 0)
                continue
            h = self.ops[entry.op].maps.dst.h
            rows = (h * n + n_threads - 1) // n_threads  # of a band: a multiple of entry.band
            rows = (rows + entry.band - 1) // entry.band * entry.band
            bands = (h + rows - 1) // rows
            for number in prange(n * bands, num_threads=n_threads, schedule="static"):
                self.run_band(job, entry, number, rows, threadid())
            check_signals(job)
        return 0

    cdef void run_band(self, Job *job, Entry *entry, int64_t number, int64_t rows, int64_t thread) noexcept nogil:
        """Run a stage on a band of a sample: `number` counts those of each sample. -1: on all of all samples."""
        cdef cn_task task
        cdef int64_t h = self.ops[entry.op].maps.dst.h, bands
        task.arena = job.arena if job.head else job.shared - self.arena_floats
        task.scratch = job.scratch + thread * self.scratch_floats
        task.first = task.lane = task.slot = task.number = task.s0 = 0
        task.s1 = job.c.n
        if number < 0:
            self.call(entry, job, &task, 0, 0)
            return
        bands = (h + rows - 1) // rows
        task.s0 = number // bands
        task.s1 = task.s0 + 1
        number = number % bands
        self.call(entry, job, &task, number * rows, min(h, (number + 1) * rows))

    cdef Job job(self, Context context):
        """A job of training without memory."""
        cdef Job job
        job.phase = job.tasks = job.run = job.samples = job.own_arena = job.head = 0
        job.c = &context.c
        job.first_lane = job.s0 = 0
        job.last_lane, job.s1 = context.c.lanes, context.c.n
        job.listed, job.n_listed = NULL, -1
        job.arena = job.shared = job.scratch = NULL
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

    cdef int64_t block_tasks(self, int phase, int64_t n) noexcept nogil:
        """Tasks of all stages of a batch phase."""
        cdef int64_t i, tasks = 0
        for i in range(self.phases[phase].begin, self.phases[phase].end):
            tasks += stage_tasks(self.entries[i].stage, &self.ops[self.entries[i].op], n)
        return tasks

    cdef void divide(self, Job *job, int n_threads) noexcept nogil:
        """Divide a phase of training, or of packing, into tasks."""
        cdef Phase *p = &self.phases[job.phase]
        job.run = job.c.lane_run
        if p.shard and p.first_gradient == p.last_gradient:  # no sums of lanes, so runs may be longer
            job.run = lanes_per_task(job.c.lanes, n_threads, <double>(p.shard * job.c.lanes) / max(1, job.c.n))
        if p.shard:
            job.tasks = (job.last_lane - job.first_lane + job.run - 1) // job.run
        else:
            job.tasks = job.n_listed if job.n_listed >= 0 else self.block_tasks(job.phase, job.s1 - job.s0)

    cdef int run_phase(self, Job *job, int n_threads) except -1 nogil:
        """Run a phase of training, or of packing."""
        self.divide(job, n_threads)
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
        """Take samples, those of a run of lanes or of a task of a prediction, through all stages."""
        cdef Phase *p = &self.phases[job.phase]
        cdef cn_task task
        cdef int64_t n = job.c.n, begin, end, stop, s, shard
        cdef int64_t lanes = job.c.lanes, lane = 0, first_lane = 0, last_lane = 0
        cdef bint adds = False  # whether gradients are added up, lane by lane
        task.arena = job.arena
        task.scratch = scratch
        task.first = task.lane = task.slot = task.number = 0
        if job.samples:
            shard = job.samples
            begin = number * shard
            end = min(n, begin + shard)
            if job.head:
                task.arena += (number if job.own_arena else thread) * self.arena_floats
            else:
                task.arena = job.shared - self.arena_floats
        else:
            lane = first_lane = job.first_lane + number * job.run
            last_lane = min(job.last_lane, first_lane + job.run)
            adds = p.first_gradient < p.last_gradient
            shard = p.shard
            begin = n * first_lane // lanes
            end = n * last_lane // lanes
        s = begin + progress.samples
        while s < end:
            stop = end
            if not job.samples:
                while n * (lane + 1) // lanes <= s:
                    lane += 1
                task.lane = lane
                task.slot = first_lane + ones(lane - first_lane)
                if adds:
                    stop = n * (lane + 1) // lanes
            task.s0 = s
            task.s1 = min(stop, s + shard)
            if job.head:  # the first one in the thread's arena is sample s
                task.first = s
                task.s0 = 0
                task.s1 -= s
            while progress.entry < p.end - p.begin:
                # Maps between two stages of a prediction lie in the thread's arena, which it needs for others.
                if (job.own_arena or not job.samples or progress.entry == 0) and turn_ends(job, thread):
                    return 1
                self.call(&self.entries[p.begin + progress.entry], job, &task, 0, 0)
                progress.entry += 1
            progress.entry = 0
            s = min(stop, s + shard)
            progress.samples = s - begin
            while adds and lane < last_lane and n * (lane + 1) // lanes <= s:  # this lane, and empty ones behind it
                self.end_lane(job, first_lane, lane)
                lane += 1
        return 0

    cdef void end_lane(self, Job *job, int64_t first, int64_t lane) noexcept nogil:
        """Add the gradients of a lane of the run from `first` on to those of the lanes before it.

        Sums of 1, 2, 4, ... lanes wait in the memory of lanes `first`, `first` + 1, ..., like the digits of a binary
        counter. At the end of the run, the sum of all its lanes is in the memory of the first.
        """
        cdef Phase *p = &self.phases[job.phase]
        cdef int64_t i = lane - first, slot = first + ones(i)
        cdef bint last = lane + 1 == min(job.last_lane, first + job.run)
        cdef float *sums = job.c.lane_grads + p.first_gradient
        while slot > first and (last or i & 1):
            self.table.merge(sums + (slot - 1) * job.c.lane_size, sums + slot * job.c.lane_size,
                             p.last_gradient - p.first_gradient)
            slot -= 1
            i >>= 1

    cdef void call(self, Entry *entry, Job *job, cn_task *task, int64_t y0, int64_t y1) noexcept nogil:
        """Call a kernel for rows [y0, y1), or for all if y1 is 0.

        In the arena of a thread, the maps of the shared arena are found from there.
        """
        cdef cn_op moved
        cdef cn_op *op = &self.ops[entry.op]
        cdef int64_t move
        if entry.shared and job.head:
            moved = op[0]
            op = &moved
            move = job.shared - self.arena_floats - task.arena
            self.move_map(&op.maps.src, move, task.first)
            self.move_map(&op.maps.dst, move, task.first)
            if entry.branch:
                self.move_map(&op.branch.other, move, task.first)
        if y1:
            cn_run_band(entry.kernel, entry.stage, op, job.c, task, y0, y1)
        else:
            entry.kernel(op, job.c, task)

    cdef void move_map(self, cn_map *map, int64_t move, int64_t first) noexcept nogil:
        """Move a map by `move` floats and by `first` samples if it is one of the shared arena."""
        if map.start >= self.arena_floats:
            map.offset += move + first * map.sample
            map.start += move + first * map.sample

    cdef void run_block(self, Job *job, int64_t number, float *scratch) noexcept nogil:
        """Task `number` of a batch phase, whose stages' tasks are counted one after the other."""
        cdef Phase *p = &self.phases[job.phase]
        cdef cn_task task
        cdef int64_t i, tasks
        task.arena = job.arena if job.shared == NULL else job.shared - self.arena_floats
        task.scratch = scratch
        task.first = task.lane = task.slot = 0
        task.s0 = job.s0
        task.s1 = job.s1
        if job.listed != NULL:
            number = job.listed[number]
        for i in range(p.begin, p.end):
            tasks = stage_tasks(self.entries[i].stage, &self.ops[self.entries[i].op], job.s1 - job.s0)
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
    task.s0, task.s1, task.number, task.first, task.lane, task.slot = s0, s1, number, first, lane, lane
    with nogil:
        for _call in range(repeats):
            start = now()
            kernel(&ops[0], &context.c, &task)
            seconds = now() - start
            if best < 0 or seconds < best:
                best = seconds
    return best


def stage_memory(str stage, str family, dict parameters, int64_t n=1):
    """Return the floats of scratch that a stage needs, and its tasks for n samples (0: a lane stage)."""
    cdef cn_op op
    cdef int which = stage_number(stage, family)
    fill_operation(&op, family, parameters)
    return scratch_floats(which, &op) + CN_SLACK, stage_tasks(which, &op, n)
