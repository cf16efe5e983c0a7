/* The lists of the .def files and of convnet.h as tables, for Cython. */
#include "conv/transposed_layout.h"
#include "convnet.h"
#include "dense/layout.h"
#include "image/layout.h"
#include "map/layout.h"
#include "optimizer/layout.h"

const char *const cn_family_names[] = {
#define CN_FAMILY(FAMILY) #FAMILY,
#include "params.def"
    NULL};

const char *const cn_activation_names[] = {"linear",
#define CN_ACTIVATION(CONSTANT, NAME, PROPERTIES, VALUE, GRADIENT) #NAME,
#include "activations.def"
                                           NULL};

const int cn_activation_properties[CN_ACTIVATIONS] = {
    CN_FROM_OUTPUT,
#define CN_ACTIVATION(CONSTANT, NAME, PROPERTIES, VALUE, GRADIENT) PROPERTIES,
#include "activations.def"
};

#define CN_DTYPE_NAME(CONSTANT, NAME, TYPE, FLOAT) #NAME,
#define CN_NAME_OF(CONSTANT, NAME) #NAME,
const char *const cn_dtype_names[] = {CN_DTYPE_LIST(CN_DTYPE_NAME) NULL};
const char *const cn_work_names[] = {CN_WORK_LIST(CN_NAME_OF) NULL};
const char *const cn_resizing_names[] = {CN_RESIZING_LIST(CN_NAME_OF) NULL};
const char *const cn_fill_names[] = {CN_FILL_LIST(CN_NAME_OF) NULL};
const char *const cn_transform_names[] = {CN_TRANSFORM_LIST(CN_NAME_OF) NULL};

const cn_field cn_fields[] = {
#define CN_FIELD(FAMILY, NAME, TYPE, DEFAULT)                                                      \
    {CN_FAMILY_##FAMILY, #NAME, TYPE, offsetof(cn_##FAMILY##_params, NAME), DEFAULT},
#define CN_MAP(FAMILY, NAME) CN_FIELD(FAMILY, NAME, CN_FIELD_MAP, 0)
#define CN_INT(FAMILY, NAME, DEFAULT) CN_FIELD(FAMILY, NAME, CN_FIELD_INT, DEFAULT)
#define CN_REAL(FAMILY, NAME, DEFAULT) CN_FIELD(FAMILY, NAME, CN_FIELD_REAL, DEFAULT)
#include "params.def"
    {0, NULL, 0, 0, 0}};

const cn_stage_info cn_stage_infos[CN_STAGES] = {
#define CN_LANE(NAME, FAMILY, WORK, NEEDS, SCRATCH)                                                \
    {#NAME, CN_KIND_LANE, CN_FAMILY_##FAMILY, WORK, (NEEDS) | CN_NEED_MEMORY},
#define CN_BATCH(NAME, FAMILY, WORK, NEEDS, TASKS, SCRATCH)                                        \
    {#NAME, CN_KIND_BATCH, CN_FAMILY_##FAMILY, WORK, (NEEDS) | CN_NEED_MEMORY},
#define CN_PACK(NAME, FAMILY, TASKS) {#NAME, CN_KIND_PACK, CN_FAMILY_##FAMILY, CN_WORK_NONE, 0},
#include "stages.def"
};

int64_t cn_scratch_floats(int stage, const cn_op *any) {
    switch (stage) {
#define CN_LANE(NAME, FAMILY, WORK, NEEDS, SCRATCH)                                                \
    case CN_STAGE_##NAME: {                                                                        \
        const cn_##FAMILY##_params *op = &any->FAMILY;                                             \
        (void)op;                                                                                  \
        return SCRATCH;                                                                            \
    }
#define CN_BATCH(NAME, FAMILY, WORK, NEEDS, TASKS, SCRATCH)                                        \
    CN_LANE(NAME, FAMILY, WORK, NEEDS, SCRATCH)
#include "stages.def"
    default:
        return 0;
    }
}

int64_t cn_stage_tasks(int stage, const cn_op *any, int64_t n) {
    switch (stage) {
#define CN_PACK(NAME, FAMILY, TASKS)                                                               \
    case CN_STAGE_##NAME: {                                                                        \
        const cn_##FAMILY##_params *op = &any->FAMILY;                                             \
        (void)op;                                                                                  \
        return TASKS;                                                                              \
    }
#define CN_BATCH(NAME, FAMILY, WORK, NEEDS, TASKS, SCRATCH) CN_PACK(NAME, FAMILY, TASKS)
#include "stages.def"
    default:
        return 0;
    }
}
