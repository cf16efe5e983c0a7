# Only this module links the kernels and handles forks; the others call them through it.
from libc.stdint cimport int64_t

from convnet.engine.kernels cimport cn_kernels, cn_op

cdef const cn_kernels *kernel_table(str name) except NULL
cdef int64_t scratch_floats(int stage, const cn_op *op) noexcept nogil
cdef int64_t stage_tasks(int stage, const cn_op *op, int64_t n) noexcept nogil
cdef int stage_needs(int stage) noexcept nogil
cdef int fill_operation(cn_op *op, str family, dict values) except -1
cdef int usable_threads(int n) noexcept nogil
