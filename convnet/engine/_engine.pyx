"""What this process runs on: instruction sets and their kernels, OpenMP, memory.

The lists of the C kernels (``csrc/stages.def``, ``params.def``, ``activations.def``, ``convnet.h``) get their Python
names here.
"""

from cython.parallel cimport prange
from libc.stdint cimport int64_t

from libc.string cimport memset

from convnet.engine.kernels cimport (
    CN_COLUMNS, CN_FIELD_INT, CN_FIELD_MAP, CN_FROM_OUTPUT, CN_KIND_LANE, CN_KIND_PACK, CN_MAX_PARTS,
    CN_NEED_CORRECTED_RATE, CN_RECTIFIER, CN_SLACK, CN_STAGES, CN_UPDATE_BLOCK, CN_WINOGRAD_DEPTH,
    CN_WINOGRAD_POINTS, cn_activation_names, cn_activation_properties,
    cn_dtype_names, cn_family_names, cn_fields, cn_fill_names, cn_isa_count, cn_isa_default, cn_isa_kernels,
    cn_isa_name, cn_kernels, cn_map, cn_op, cn_resizing_names, cn_scratch_floats, cn_stage_infos,
    cn_stage_tasks, cn_transform_names, cn_work_names)

import time
from collections import namedtuple

import numpy as np

cdef extern from "omp_compat.h" nogil:
    int CN_OPENMP
    int omp_get_max_threads()
    int cn_watch_forks()
    int cn_threads(int n)

if cn_watch_forks() != 0:
    raise MemoryError("pthread_atfork found no memory")

COLUMNS = CN_COLUMNS
WINOGRAD_POINTS = CN_WINOGRAD_POINTS
WINOGRAD_DEPTH = CN_WINOGRAD_DEPTH
SLACK = CN_SLACK
UPDATE_BLOCK = CN_UPDATE_BLOCK
MAX_PARTS = CN_MAX_PARTS


cdef tuple names_of(const char **names):
    """The names of a list that NULL ends."""
    cdef int i = 0
    found = []
    while names[i] != NULL:
        found.append(names[i].decode())
        i += 1
    return tuple(found)


# A kernel stage of csrc/stages.def. is_batch: its tasks divide the whole batch, instead of running on samples. packs: a
# batch stage that reads only parameters. work: a name of CN_WORK_LIST in csrc/convnet.h. needs_corrected_rate: whether
# its learning rate is corrected for the start of the moments.
StageInfo = namedtuple("StageInfo", ["number", "family", "is_batch", "packs", "work", "needs_corrected_rate"],
                       module=__name__)


cdef dict list_stages():
    cdef int i
    return {
        cn_stage_infos[i].name.decode(): StageInfo(i, FAMILIES[cn_stage_infos[i].family],
                                                   cn_stage_infos[i].kind != CN_KIND_LANE,
                                                   cn_stage_infos[i].kind == CN_KIND_PACK,
                                                   cn_work_names[cn_stage_infos[i].work].decode(),
                                                   bool(cn_stage_infos[i].needs & CN_NEED_CORRECTED_RATE))
        for i in range(CN_STAGES)
    }


cdef dict list_fields():
    cdef int i = 0
    found = {family: {} for family in FAMILIES}
    while cn_fields[i].name != NULL:
        found[FAMILIES[cn_fields[i].family]][cn_fields[i].name.decode()] = i
        i += 1
    return found


cdef tuple activations_with(int properties):
    cdef int i
    return tuple(name for i, name in enumerate(ACTIVATIONS) if cn_activation_properties[i] & properties)


FAMILIES = names_of(cn_family_names)
STAGES = list_stages()
FIELDS = list_fields()  # {family: {parameter name: number in cn_fields}}
LOSSES = tuple(name.removeprefix("loss_") for name in STAGES if name.startswith("loss_"))
SOLVERS = tuple(name.removeprefix("update_") for name in STAGES if name.startswith("update_"))
ACTIVATIONS = names_of(cn_activation_names)
FROM_OUTPUT = activations_with(CN_FROM_OUTPUT)
RECTIFIERS = activations_with(CN_RECTIFIER)
RESIZING = names_of(cn_resizing_names)
TRANSFORMS = names_of(cn_transform_names)
FILLS = names_of(cn_fill_names)
DTYPES = {code: i for i, code in enumerate(names_of(cn_dtype_names))}  # of X, by kind and size
DTYPES["b1"] = DTYPES["u1"]


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


cdef int64_t scratch_floats(int stage, const cn_op *op) noexcept nogil:
    return cn_scratch_floats(stage, op)


cdef int64_t stage_tasks(int stage, const cn_op *op, int64_t n) noexcept nogil:
    return cn_stage_tasks(stage, op, n)


cdef int stage_needs(int stage) noexcept nogil:
    return cn_stage_infos[stage].needs


cdef int usable_threads(int n) noexcept nogil:
    return cn_threads(n)


def aligned_zeros(floats):
    """Float32 zeros that start at a cache line, with `SLACK` readable floats after the end."""
    whole = np.zeros(floats + SLACK + 16, dtype=np.float32)
    start = -(whole.ctypes.data // 4) % 16
    return whole[start:start + floats]


cdef int fill_operation(cn_op *op, str family, dict values) except -1:
    """Set the parameters of an operation: those that `values` names, and the defaults of the others."""
    cdef char *start = <char *>op
    cdef char *at
    cdef dict fields = FIELDS[family]
    cdef int i
    unknown = set(values).difference(fields)
    if unknown:
        raise ValueError(f"{family} operations have no parameter {', '.join(sorted(unknown))}")
    memset(op, 0, sizeof(cn_op))
    for name, i in fields.items():
        at = start + cn_fields[i].offset
        if cn_fields[i].type == CN_FIELD_MAP:
            if name in values:
                (<cn_map *>at)[0] = values[name]
        elif cn_fields[i].type == CN_FIELD_INT:
            (<int64_t *>at)[0] = values.get(name, <int64_t>cn_fields[i].initial)
        else:
            (<double *>at)[0] = values.get(name, cn_fields[i].initial)
    return 0


def complete_parameters(str family, dict values):
    """Return all parameters of an operation in the order of ``params.def``: those of `values`, and the defaults."""
    cdef cn_op op
    cdef int i
    fill_operation(&op, family, values)
    found = {}
    for name, i in FIELDS[family].items():
        at = <char *>&op + cn_fields[i].offset
        if cn_fields[i].type == CN_FIELD_MAP:
            found[name] = (<cn_map *>at)[0]
        elif cn_fields[i].type == CN_FIELD_INT:
            found[name] = (<int64_t *>at)[0]
        else:
            found[name] = (<double *>at)[0]
    return found


def fma_peak(int n_threads=1, double seconds=0.3, isa=None):
    """Measure the machine's peak of fused multiply-adds, in GFLOP/s, on `n_threads` threads."""
    cdef const cn_kernels *table = kernel_table(isa or default_isa())
    cdef int64_t steps = 200000
    cdef int _thread
    cdef double flops, best = 0.0
    n_threads = cn_threads(n_threads)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        flops = 0.0
        with nogil:
            for _thread in prange(n_threads, num_threads=n_threads, schedule="static"):
                flops += table.fma_chain(steps)
        best = max(best, flops / (time.perf_counter() - start) * 1e-9)
    return best
