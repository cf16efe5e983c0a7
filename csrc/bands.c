/* Bands of rows: the part of an operation that computes some rows of its output, as an operation of its own. */
#include "convnet.h"

static void cn_move_down(cn_map *map, int64_t rows) { map->offset += rows * map->row; }

void cn_run_band(cn_kernel kernel, int stage, const cn_op *op, const cn_context *ctx,
                 const cn_task *task, int64_t y0, int64_t y1) {
    cn_op band = *op;
    cn_context moved;
    cn_map *dst = &band.maps.dst; /* in all families, the first fields are the maps */
    cn_move_down(dst, y0);
    dst->h = y1 - y0;
    switch (stage) {
    case CN_STAGE_input:
        moved = *ctx;
        moved.x += y0 * ctx->x_row;
        ctx = &moved;
        break;
    case CN_STAGE_add_fwd:
    case CN_STAGE_multiply_fwd:
    case CN_STAGE_maximum_fwd:
        cn_move_down(&band.branch.src, y0);
        if (!band.branch.by_channel) cn_move_down(&band.branch.other, y0);
        break;
    case CN_STAGE_concat_fwd:
        cn_move_down(&band.branch.src, y0);
        band.branch.src.h = y1 - y0;
        break;
    case CN_STAGE_maxpool_fwd:
    case CN_STAGE_avgpool_fwd:
        band.pool.pt -=
            y0 * band.pool.sh; /* windows are cut at the edges of src, which stays whole */
        break;
    default: /* a convolution; oh: rows before its pool */
        band.conv.oh = dst->h * band.conv.pool_h;
        cn_move_down(&band.conv.src, y0 * band.conv.pool_h * band.conv.sh);
    }
    kernel(&band, ctx, task);
}
