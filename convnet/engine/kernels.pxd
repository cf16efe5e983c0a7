# C names of csrc/convnet.h.
from libc.stdint cimport int64_t

cdef extern from "convnet.h" nogil:
    ctypedef struct cn_map:
        int64_t offset, sample, row, pixel, start, h, w, c

    ctypedef struct cn_maps_params:
        cn_map src, dst

    ctypedef struct cn_branch_params:
        cn_map other

    ctypedef struct cn_op:  # a union, filled by name: see _engine.fill_operation
        cn_maps_params maps
        cn_branch_params branch

    ctypedef struct cn_transform:
        int64_t kind
        double v, h, p, q

    ctypedef struct cn_context:
        const float *params
        float *weights
        float *packed
        float *lane_grads
        int64_t lane_size, lanes, lane_run
        float *batch_grads
        int64_t n
        const char *x
        int64_t x_dtype, x_sample, x_row, x_pixel, x_channel
        float scale
        const int64_t *rows
        const int64_t *sample_ids
        float *out
        const float *grad
        int64_t seed, epoch
        const cn_transform *transforms
        int64_t n_transforms, fill
        const void *y
        double smoothing
        const float *sample_weight
        double weight_sum
        double *losses
        double *data_losses
        double *scores
        const double *score_weights
        double *squares
        double *norms
        int64_t norm_blocks
        double learning_rate, base_rate, alpha, momentum, beta_1, beta_2, epsilon, clip_norm
        int64_t nesterov
        float *moment_1
        float *moment_2

    ctypedef struct cn_task:
        float *arena
        float *scratch
        int64_t s0, s1, number, first, lane, slot

    enum cn_stage:
        CN_STAGES

    enum cn_need:
        CN_NEED_X, CN_NEED_OUT, CN_NEED_GRAD, CN_NEED_GRAD_OUT, CN_NEED_REDUCED, CN_NEED_CLASSES, CN_NEED_NUMBERS
        CN_NEED_UPDATE, CN_NEED_NORMS, CN_NEED_MEMORY, CN_NEED_CORRECTED_RATE

    enum cn_stage_kind:
        CN_KIND_LANE, CN_KIND_BATCH, CN_KIND_PACK

    ctypedef struct cn_stage_info:
        const char *name
        int kind, family, work, needs

    enum cn_field_type:
        CN_FIELD_MAP, CN_FIELD_INT, CN_FIELD_REAL

    ctypedef struct cn_field:
        int family
        const char *name
        int type
        size_t offset
        double initial

    enum:
        CN_FROM_OUTPUT, CN_RECTIFIER

    const char **cn_family_names
    const char **cn_activation_names
    const char **cn_dtype_names
    const char **cn_work_names
    const char **cn_resizing_names
    const char **cn_fill_names
    const char **cn_transform_names
    const int *cn_activation_properties
    const cn_stage_info *cn_stage_infos
    const cn_field *cn_fields

    ctypedef void (*cn_kernel)(const cn_op *op, const cn_context *ctx, const cn_task *task) noexcept nogil

    ctypedef struct cn_kernels:
        const char *name
        cn_kernel *stage
        double (*fma_chain)(int64_t steps) noexcept nogil
        void (*merge)(float *sum, float *part, int64_t n) noexcept nogil

    void cn_run_band(cn_kernel kernel, int stage, const cn_op *op, const cn_context *ctx, const cn_task *task,
                     int64_t y0, int64_t y1)
    int cn_isa_count()
    const char *cn_isa_name(int isa)
    const cn_kernels *cn_isa_kernels(int isa)
    int cn_isa_default()
    int64_t cn_scratch_floats(int stage, const cn_op *op)
    int64_t cn_stage_tasks(int stage, const cn_op *op, int64_t n)
    int64_t CN_COLUMNS
    int64_t CN_WINOGRAD_POINTS
    int64_t CN_WINOGRAD_DEPTH
    int64_t CN_SLACK
    int64_t CN_UPDATE_BLOCK
    int64_t CN_MAX_PARTS
