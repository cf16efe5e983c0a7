/* Which kernels this process uses, and the sizes that do not depend on it. */
#include "layout.h"

#include <stdlib.h>
#include <string.h>

extern const cn_kernels cn_kernels_scalar, cn_kernels_baseline;
#if defined(__x86_64__)
extern const cn_kernels cn_kernels_avx2, cn_kernels_avx512;
#endif

static const char *const names[] = {"scalar", "baseline", "avx2", "avx512"};

int cn_isa_count(void) { return (int)(sizeof names / sizeof *names); }

const char *cn_isa_name(int isa) {
    return isa >= 0 && isa < cn_isa_count() ? names[isa] : NULL;
}

const cn_kernels *cn_isa_kernels(int isa) {
    switch (isa) {
    case 0:
        return &cn_kernels_scalar;
    case 1:
        return &cn_kernels_baseline;
#if defined(__x86_64__)
    case 2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &cn_kernels_avx2
                                                                               : NULL;
    case 3:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
                   ? &cn_kernels_avx512
                   : NULL;
#endif
    default:
        return NULL;
    }
}

int cn_isa_default(void) {
    const char *cap = getenv("CONVNET_ISA");
    int best = cn_isa_count() - 1;
    if (cap && *cap) {
        while (best >= 0 && strcmp(cap, names[best]) != 0) best--;
        if (best < 0) return -1;
    }
    while (cn_isa_kernels(best) == NULL) best--;
    return best;
}

int64_t cn_scratch_floats(int stage, const cn_op *op) {
    const int64_t taps = op->kh * op->kw;
    switch (stage) {
    case CN_AUGMENT: { /* the image, taps of a row; then sums and means of contrast */
        const int64_t resampling = cn_image_floats(&op->dst) + 6 * cn_aligned(op->dst.w);
        const int64_t contrast = 2 * cn_contrast_chunk(op->dst.c);
        return resampling > contrast ? resampling : contrast;
    }
    case CN_CONV2D_FWD: /* offsets of the runs; rows of the map before the fused pool */
        return cn_aligned(2 * taps) + (cn_pools(op) ? op->block * op->ow * op->dst.c : 0);
    case CN_CONV2D_BWD: /* offsets for two passes; a row; the gradient by z */
        return cn_aligned(4 * taps) + cn_aligned(op->dst.w * op->dst.c) +
               op->group * cn_gz_layout(op).sample;
    case CN_WINOGRAD_FWD: /* planes; the strips before the fused pool */
        return cn_wino_scratch(op) +
               (cn_pools(op) ? cn_wino_together(op) * op->strip * 4 * op->ow * op->dst.c : 0);
    case CN_WINOGRAD_BWD: /* planes; a row; the gradient by z */
        return cn_wino_scratch(op) + cn_aligned(op->dst.w * op->dst.c) +
               op->group * cn_gz_layout(op).sample;
    case CN_PLANAR_FWD: /* offsets; planes of x and z; a pooled line, in whole vectors */
        return cn_aligned(2 * taps) +
               (op->src.c + op->dst.c) * cn_planar_layout(op, 0).plane + cn_aligned(op->dst.w) + 16;
    case CN_PLANAR_BWD: /* offsets of two passes; planes of x, gz and the gradient by x; two rows */
        return cn_aligned(4 * taps) +
               (2 * op->src.c + op->dst.c) * cn_planar_layout(op, 1).plane +
               cn_aligned(op->dst.w * op->dst.c) + cn_aligned(op->dst.w);
    case CN_DEPTHWISE_FWD: /* offsets */
        return 6 * taps;
    case CN_DEPTHWISE_BWD: /* offsets; the gradient by z */
        return cn_aligned(6 * taps) + cn_gz_layout(op).sample;
    case CN_MAXPOOL_FWD:
        return op->src.c;
    case CN_CHANNEL_DROPOUT_FWD: /* ones; factors */
    case CN_CHANNEL_DROPOUT_BWD:
        return 2 * op->src.c;
    case CN_AFFINE_INPUT: /* a row */
        return op->src.w * op->src.c;
    case CN_RESIZE_INPUT: /* the sum of rows; a row */
    case CN_RESIZE_FWD:
    case CN_RESIZE_BWD:
        return 2 * cn_aligned(op->src.w * op->src.c + 1);
    case CN_BATCHNORM_STATS: /* two sums, in double; the shift */
        return 5 * op->src.c;
    case CN_BATCHNORM_SUMS: /* two sums, in double */
        return 4 * op->src.c;
    case CN_BATCHNORM_PREDICT:
        return 2 * op->src.c;
    default:
        return 0;
    }
}

int64_t cn_stage_tasks(int stage, const cn_op *op, int64_t n, int64_t lanes) {
    switch (stage) {
    case CN_PACK_CONV2D:
        return op->groups *
               (cn_blocks(op->dst.c / op->groups, CN_COLUMNS) +
                (op->data_gradient ? cn_blocks(op->src.c / op->groups, CN_COLUMNS) : 0));
    case CN_PACK_WINOGRAD:
        return cn_blocks(op->dst.c, CN_COLUMNS) +
               (op->data_gradient ? cn_blocks(op->src.c, CN_COLUMNS) : 0);
    case CN_WINOGRAD_WEIGHTS:
        return op->src.c;
    case CN_PACK_DENSE:
        return cn_blocks(op->dst.c, CN_COLUMNS) +
               (op->data_gradient ? cn_blocks(op->src.c, op->block) : 0);
    case CN_DENSE_WIDE_FWD:
        return cn_blocks(n, CN_DENSE_ROWS) * cn_blocks(op->dst.c, CN_COLUMNS);
    case CN_DENSE_WIDE_GRAD:
    case CN_DENSE_WIDE_WEIGHTS:
        return cn_blocks(op->src.c, op->block);
    case CN_PACK_BATCHNORM:
    case CN_PACK_AFFINE:
    case CN_PACK_RESIZE:
    case CN_BATCHNORM_FINISH:
    case CN_BATCHNORM_GRAD_FINISH:
    case CN_CLIP:
        return 1;
    case CN_REDUCE:
    case CN_GRADIENT_NORM:
    case CN_SGD:
    case CN_ADAM:
    case CN_ADAMW:
    case CN_RMSPROP:
        return cn_blocks(op->count, CN_UPDATE);
    case CN_MAX_NORM:
        return cn_blocks(op->dst.c, CN_COLUMNS);
    default:
        return stage < CN_PACK_CONV2D ? lanes : 0;
    }
}
