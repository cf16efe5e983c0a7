"""What this process runs on: instruction sets and their kernels, OpenMP, memory."""

from cython.parallel cimport prange
from libc.stdint cimport int64_t

from convnet.engine cimport kernels as c_stages
from convnet.engine.kernels cimport (
    CN_COLUMNS, CN_PLACES, CN_SLACK, CN_UPDATE, cn_isa_count, cn_isa_default, cn_isa_kernels,
    cn_isa_name, cn_kernels, cn_op, cn_scratch_floats, cn_stage_tasks)

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
    "augment": c_stages.CN_AUGMENT,
    "output": c_stages.CN_OUTPUT,
    "halo": c_stages.CN_HALO,
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
    "channel_dropout_fwd": c_stages.CN_CHANNEL_DROPOUT_FWD,
    "channel_dropout_bwd": c_stages.CN_CHANNEL_DROPOUT_BWD,
    "zeropad_fwd": c_stages.CN_ZEROPAD_FWD,
    "zeropad_bwd": c_stages.CN_ZEROPAD_BWD,
    "affine_input": c_stages.CN_AFFINE_INPUT,
    "affine_fwd": c_stages.CN_AFFINE_FWD,
    "affine_bwd": c_stages.CN_AFFINE_BWD,
    "resize_input": c_stages.CN_RESIZE_INPUT,
    "resize_fwd": c_stages.CN_RESIZE_FWD,
    "resize_bwd": c_stages.CN_RESIZE_BWD,
    "add_fwd": c_stages.CN_ADD_FWD,
    "add_bwd": c_stages.CN_ADD_BWD,
    "fork_bwd": c_stages.CN_FORK_BWD,
    "loss_softmax": c_stages.CN_LOSS_SOFTMAX,
    "loss_sigmoid": c_stages.CN_LOSS_SIGMOID,
    "loss_squared_error": c_stages.CN_LOSS_SQUARED_ERROR,
    "loss_absolute_error": c_stages.CN_LOSS_ABSOLUTE_ERROR,
    "loss_huber": c_stages.CN_LOSS_HUBER,
    "gradient_in": c_stages.CN_GRADIENT_IN,
    "gradient_out": c_stages.CN_GRADIENT_OUT,
    "pack_conv2d": c_stages.CN_PACK_CONV2D,
    "pack_winograd": c_stages.CN_PACK_WINOGRAD,
    "winograd_weights": c_stages.CN_WINOGRAD_WEIGHTS,
    "pack_dense": c_stages.CN_PACK_DENSE,
    "pack_batchnorm": c_stages.CN_PACK_BATCHNORM,
    "pack_affine": c_stages.CN_PACK_AFFINE,
    "pack_resize": c_stages.CN_PACK_RESIZE,
    "dense_wide_fwd": c_stages.CN_DENSE_WIDE_FWD,
    "dense_wide_grad": c_stages.CN_DENSE_WIDE_GRAD,
    "dense_wide_weights": c_stages.CN_DENSE_WIDE_WEIGHTS,
    "batchnorm_finish": c_stages.CN_BATCHNORM_FINISH,
    "batchnorm_grad_finish": c_stages.CN_BATCHNORM_GRAD_FINISH,
    "reduce": c_stages.CN_REDUCE,
    "gradient_norm": c_stages.CN_GRADIENT_NORM,
    "clip": c_stages.CN_CLIP,
    "sgd": c_stages.CN_SGD,
    "adam": c_stages.CN_ADAM,
    "adamw": c_stages.CN_ADAMW,
    "rmsprop": c_stages.CN_RMSPROP,
    "max_norm": c_stages.CN_MAX_NORM,
}


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


cdef int64_t stage_tasks(int stage, const cn_op *op, int64_t n, int64_t lanes) noexcept nogil:
    return cn_stage_tasks(stage, op, n, lanes)


cdef int usable_threads(int n) noexcept nogil:
    return cn_threads(n)


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
