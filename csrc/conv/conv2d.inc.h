/* Convolution with bias, activation and, fused, the max-pool after it.
 *
 *   fwd          z[y][x][o] = bias[o] + sum_{r,q,c} src[y*sh + r*dh - pt][x*sw + q*dw - pl][c] * w[r][q][c][o]
 *   data         grad_src[i][j][c] = sum over the taps (r, q) for which y = (i + pt - r*dh) / sh and
 *                x = (j + pl - q*dw) / sw are whole: grad_preact[y][x][o] * w[r][q][c][o]
 *   weights      grad_w[r][q][c][o] = sum_{y,x} src[..][..][c] * grad_preact[y][x][o]
 *
 * All three are products of gathered rows (gemm/gemm.inc.h); conv/window.h defines the rows.
 */
#ifndef CN_CONV_CONV2D_INC_H
#define CN_CONV_CONV2D_INC_H

#include "conv/layout.h"
#include "conv/pooled.inc.h"
#include "conv/window.h"
#include "gemm/gemm.inc.h"
#include "map/map.h"

/* The weight gradient's sum over the pixels of src and of grad_preact, whose maps have samples and rows g_sample and g_row
 * floats apart. The caller sets the samples, the rows, and what they are. */
CN_INLINE cn_outer cn_conv2d_outer(const cn_conv_params *op, int64_t g_sample, int64_t g_row) {
    return (cn_outer){.columns = op->ow,
                      .x_sample = op->src.sample,
                      .x_row = op->sh * op->src.row,
                      .x_pixel = op->sw * op->src.c,
                      .g_sample = g_sample,
                      .g_row = g_row,
                      .g_pixel = op->dst.c,
                      .ldw = op->dst.c};
}

/* Where the next tile of a grid begins. */
typedef struct {
    const float *x;
    float *y;
    int64_t sample, row, column;
} cn_grid_place;

/* Set the rows of a tile of p pixels, and go on to the next tile. Returns whether the tile lies inside a row. */
CN_INLINE int cn_grid_tile(const cn_grid *grid, cn_grid_place *at, cn_tile *t, int64_t p) {
    for (int64_t done = 0; done < p;) {
        const int64_t run = cn_min(p - done, grid->columns - at->column);
        for (int64_t i = 0; i < run; i++) t->x[done + i] = at->x + i * grid->x_pixel;
        for (int64_t i = 0; i < run; i++) t->y[done + i] = at->y + i * grid->y_pixel;
        done += run;
        at->column += run;
        if (at->column < grid->columns) {
            at->x += run * grid->x_pixel;
            at->y += run * grid->y_pixel;
            return run == p;
        }
        at->column = 0;
        if (++at->row == grid->rows) {
            at->row = 0;
            at->sample++;
        }
        at->x = grid->x + at->sample * grid->x_sample + at->row * grid->x_row;
        at->y = grid->y + at->sample * grid->y_sample + at->row * grid->y_row;
    }
    return 0;
}

/* Most floats of packed weights that stay in the first-level cache beside the other operands. */
#define CN_CACHED_WEIGHTS 6144

/* Pixels that go through all blocks of columns before the next ones: their inputs stay in the second-level cache
 * meanwhile, and each block of weights is read often enough to repay its way to the first-level cache. */
#define CN_GRID_PIXELS (16 * CN_MR)

/* Small weights: all columns of a tile of pixels, so that each pixel is read and written once. Larger ones: all pixels of a
 * chunk in a block of columns, so that the weights of a block are read from the cache. */
static void cn_grid_gemm(const cn_grid *grid, const cn_taps *taps, const float *packed, int64_t n,
                         const float *bias, int relu) {
    const int64_t pixels = grid->samples * grid->rows * grid->columns;
    const int64_t K = taps->nseg * taps->klen, whole = K * n <= CN_CACHED_WEIGHTS;
    cn_tile t = {.seg = taps->seg, .nseg = taps->nseg, .klen = taps->klen, .relu = relu};
    cn_grid_place chunk = {.x = grid->x, .y = grid->y};
    for (int64_t first = 0, last; first < pixels; first = last) {
        cn_grid_place at = chunk;
        last = whole ? pixels : cn_min(pixels, first + CN_GRID_PIXELS);
        for (int64_t c0 = 0, c1; c0 < n; c0 = c1) {
            at = chunk;
            c1 = whole ? n : c0 + cn_block(n - c0);
            for (int64_t done = first, p; done < last; done += p) {
                p = cn_min(last - done, CN_MR);
                const int inside = cn_grid_tile(grid, &at, &t, p);
                for (int64_t c = c0, width; c < c1; c += width) {
                    width = cn_block(n - c);
                    t.column = c;
                    t.n = cn_min(n - c, width);
                    t.bias = bias ? bias + c : NULL;
                    if (inside) /* outputs of a later tile, often not in the cache */
                        for (int64_t i = 0; i < p; i++)
                            for (int64_t j = c; j < c + width; j += CN_LINE_FLOATS)
                                __builtin_prefetch(t.y[i] + 4 * CN_MR * grid->y_pixel + j, 1);
                    cn_tile_fwd(&t, packed + c * taps->rows + taps->first * width, width, (int)p);
                }
            }
        }
        chunk = at;
    }
}

static void cn_conv2d_groups(const cn_conv_params *op, const cn_context *ctx, const cn_taps *taps,
                             const cn_grid *grid, int relu) {
    const int64_t cg = op->src.c / op->groups, og = op->dst.c / op->groups;
    const int64_t size = taps->nseg * taps->klen * cn_round_columns(og);
    const float *bias = op->bias < 0 ? NULL : ctx->params + op->bias;
    for (int64_t g = 0; g < op->groups; g++) {
        cn_grid part = *grid;
        part.x += g * cg;
        part.y += g * og;
        cn_grid_gemm(&part, taps, ctx->packed + op->packed + g * size, og,
                     bias ? bias + g * og : NULL, relu);
    }
}

static void conv2d_fwd(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    int64_t *seg = (int64_t *)t->scratch;
    const cn_taps taps = cn_forward_taps(op, seg);
    cn_grid grid = {.x = cn_window_origin(op, t->arena, t->s0),
                    .samples = t->s1 - t->s0,
                    .rows = op->oh,
                    .columns = op->ow,
                    .x_sample = op->src.sample,
                    .x_row = op->sh * op->src.row,
                    .x_pixel = op->sw * op->src.c,
                    .y_pixel = op->dst.pixel};
    float *dst = cn_map_at(t, &op->dst, t->s0);
    if (!cn_conv_pools(op)) {
        grid.y = dst;
        grid.y_sample = op->dst.sample;
        grid.y_row = op->dst.row;
        /* groups sample by sample, so that the next group finds the sample in the cache */
        if (op->groups > 1) grid.samples = 1;
        for (int64_t s = t->s0; s < t->s1; s += grid.samples) {
            cn_conv2d_groups(op, ctx, &taps, &grid, op->activation == CN_RELU);
            grid.x += grid.samples * grid.x_sample;
            grid.y += grid.samples * grid.y_sample;
        }
        cn_conv2d_activate(op, t, dst);
        return;
    }
    float *z = t->scratch + cn_aligned(2 * op->kh * op->kw);
    const int64_t step = op->block_rows / op->pool_h;
    grid.samples = 1;
    grid.y = z;
    grid.y_row = op->ow * op->dst.c;
    grid.y_pixel = op->dst.c;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y0 = 0; y0 < op->dst.h; y0 += step) {
            const int64_t rows = op->dst.h - y0 < step ? op->dst.h - y0 : step;
            grid.x = cn_window_origin(op, t->arena, s) + y0 * op->pool_h * grid.x_row;
            grid.rows = rows * op->pool_h;
            cn_conv2d_groups(op, ctx, &taps, &grid, 0);
            cn_pool_rows(op, t, s, y0, y0 + rows, z);
        }
}

#endif
