/* Tasks of an update. */
#ifndef CN_OPTIMIZER_LAYOUT_H
#define CN_OPTIMIZER_LAYOUT_H

#include "sizes.h"

static inline int64_t cn_update_tasks(const cn_update_params *op) {
    return cn_blocks(op->count, CN_UPDATE_BLOCK);
}

#endif
