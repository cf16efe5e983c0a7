/* Copies of the operands of a gradient of weights, in panels that the register tile reads from beginning to end. In maps
 * with many channels, the pixels of a few channels lie so far apart that they share lines of the cache and push one
 * another out.
 */
#ifndef CN_GEMM_PANELS_INC_H
#define CN_GEMM_PANELS_INC_H

#include "gemm/gemm.inc.h"

/* Most rows of a block whose panels lie in the cache together. */
#define CN_PANEL_ROWS (CN_PANEL_FLOATS / CN_MR * CN_MR)

/* to[tile][pixel][CN_MR]: panels of rows [0, k) of o, up to CN_MR - 1 more for a whole tile. */
static void cn_rows_to_panels(const cn_outer *o, int64_t k, float *to) {
    const int64_t panel = o->samples * o->rows * o->columns * CN_MR;
    for (int64_t s = 0; s < o->samples; s++)
        for (int64_t r = 0; r < o->rows; r++) {
            const float *x = o->x + s * o->x_sample + r * o->x_row;
            for (int64_t i = 0; i < o->columns; i++, x += o->x_pixel, to += CN_MR)
                for (int64_t j = 0; j * CN_MR < k; j++)
                    memcpy(to + j * panel, x + j * CN_MR, CN_MR * sizeof(float));
        }
}

/* to[pixel][width]: a panel of the block of columns of o. */
static void cn_columns_to_panel(const cn_outer *o, int64_t width, float *to) {
    for (int64_t s = 0; s < o->samples; s++)
        for (int64_t r = 0; r < o->rows; r++) {
            const float *g = o->g + s * o->g_sample + r * o->g_row;
            for (int64_t i = 0; i < o->columns; i++, g += o->g_pixel, to += width)
                for (int64_t j = 0; j < width; j++) to[j] = g[j];
        }
}

/* dw (k rows of ldw, n columns) += sum over the pixels of o of x[0..k) times g[0..n). panels: scratch for CN_PANEL_FLOATS +
 * CN_COLUMNS floats per pixel. The sums are those of cn_outer_add. */
static void cn_outer_by_panels(const cn_outer *o, int64_t k, int64_t n, float *panels) {
    const int64_t pixels = o->samples * o->rows * o->columns;
    float *columns = panels + CN_PANEL_FLOATS * pixels;
    cn_outer from = *o;
    cn_outer tile = {
        .samples = 1, .rows = 1, .columns = pixels, .x_pixel = CN_MR, .g = columns, .ldw = o->ldw};
    for (int64_t k0 = 0; k0 < k; k0 += CN_PANEL_ROWS) {
        const int64_t k1 = cn_min(k, k0 + CN_PANEL_ROWS);
        from.x = o->x + k0;
        cn_rows_to_panels(&from, k1 - k0, panels);
        for (int64_t c = 0; c < n; c += tile.g_pixel) {
            tile.g_pixel = cn_block(n - c);
            tile.n = cn_min(tile.g_pixel, n - c);
            from.g = o->g + c;
            cn_columns_to_panel(&from, tile.g_pixel, columns);
            for (int64_t r = k0; r < k1; r += CN_MR) {
                tile.x = panels + (r - k0) * pixels;
                tile.dw = o->dw + r * o->ldw + c;
                for (int64_t next = CN_MR; next < 2 * CN_MR; next++) /* of the next tile */
                    for (int64_t i = 0; i < tile.n; i += CN_LINE_FLOATS)
                        __builtin_prefetch(tile.dw + next * o->ldw + i, 1);
                cn_outer_add(&tile, tile.g_pixel, (int)cn_min(CN_MR, k1 - r));
            }
        }
    }
}

#endif
