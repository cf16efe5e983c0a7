/* All kernel bodies and the table of them, for the instruction set CN_ISA of the including file. */
#include "convnet.h"
#include "isa/simd.h"
#include "isa/peak.inc.h"

#define CN_BODIES
#include "stages.def"
#undef CN_BODIES

/* The entry of stage `name` is cn_name_isa, such as cn_conv2d_fwd_avx2. Profiles show this name. */
#define CN_LANE(NAME, FAMILY, WORK, NEEDS, SCRATCH)                                                \
    static void CN_OF_ISA(cn_##NAME)(const cn_op *op, const cn_context *ctx, const cn_task *t) {   \
        NAME(&op->FAMILY, ctx, t);                                                                 \
    }
#define CN_BATCH(NAME, FAMILY, WORK, NEEDS, TASKS, SCRATCH) CN_LANE(NAME, FAMILY, WORK, NEEDS, 0)
#define CN_PACK(NAME, FAMILY, TASKS) CN_LANE(NAME, FAMILY, 0, 0, 0)
#include "stages.def"

extern const cn_kernels CN_OF_ISA(cn_kernels);
const cn_kernels CN_OF_ISA(cn_kernels) = {
    .name = CN_STRING(CN_ISA),
    .fma_chain = fma_chain,
    .merge = cn_merge,
    .stage =
        {
#define CN_LANE(NAME, FAMILY, WORK, NEEDS, SCRATCH) [CN_STAGE_##NAME] = CN_OF_ISA(cn_##NAME),
#define CN_BATCH(NAME, FAMILY, WORK, NEEDS, TASKS, SCRATCH)                                        \
    [CN_STAGE_##NAME] = CN_OF_ISA(cn_##NAME),
#define CN_PACK(NAME, FAMILY, TASKS) [CN_STAGE_##NAME] = CN_OF_ISA(cn_##NAME),
#include "stages.def"
        },
};
