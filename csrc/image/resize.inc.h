/* A map of another size: y[i][j] = sum over a, b of u[i][a] v[j][b] x[a][b], of each channel.
 *
 * Along an axis of n pixels that becomes one of m, output i is made of these pixels:
 *
 *   area      those that [i n / m, (i + 1) n / m) covers, by how much of it each covers
 *   bilinear  the two around (i + 1/2) n / m - 1/2, clamped to the first and the last one
 *   nearest   the one that (i + 1/2) n / m lies in
 *
 * Positions are computed in integers, in units of 1/m or 1/(2 m) of a pixel. The table of an axis is in the packed
 * area: for each output its first pixel, its number of pixels, and `taps` weights. Pixels without weight are not read,
 * so an axis whose size does not change keeps the bits of its values.
 *
 * The rows are summed first, one row of the input after the other. gx is gy by the transposed sums, columns first.
 */
#ifndef CN_IMAGE_RESIZE_INC_H
#define CN_IMAGE_RESIZE_INC_H

#include "convnet.h"
#include "image/layout.h"
#include "isa/simd.h"
#include "map/transfer.inc.h"

typedef struct {
    int32_t *first, *count;
    float *weights;
    int64_t taps;
} cn_axis;

CN_INLINE cn_axis cn_axis_at(float *table, int64_t m, int64_t taps) {
    return (cn_axis){.first = (int32_t *)table,
                     .count = (int32_t *)table + m,
                     .weights = table + cn_aligned(2 * m),
                     .taps = taps};
}

CN_INLINE cn_axis cn_rows_of(const cn_resize_params *op, const cn_context *ctx) {
    return cn_axis_at(ctx->packed + op->packed, op->dst.h, op->taps_h);
}

CN_INLINE cn_axis cn_columns_of(const cn_resize_params *op, const cn_context *ctx) {
    float *table = ctx->packed + op->packed + cn_axis_floats(op->dst.h, op->taps_h);
    return cn_axis_at(table, op->dst.w, op->taps_w);
}

static void cn_fill_axis(const cn_axis *axis, int64_t method, int64_t n, int64_t m) {
    for (int64_t i = 0; i < m; i++) {
        float *w = axis->weights + i * axis->taps;
        int64_t first, count = 1;
        w[0] = 1.0f;
        if (method == CN_AREA) {
            const int64_t begin = i * n, end = begin + n;
            first = begin / m;
            count = (end - 1) / m - first + 1;
            for (int64_t a = 0; a < count; a++) {
                const int64_t from = (first + a) * m, to = from + m;
                const int64_t covered = (to < end ? to : end) - (from > begin ? from : begin);
                w[a] = (float)((double)covered / (double)n);
            }
        } else if (method == CN_BILINEAR) {
            const int64_t at = cn_max(0, (2 * i + 1) * n - m);
            first = at / (2 * m);
            if (first >= n - 1)
                first = n - 1;
            else if (at % (2 * m)) {
                const double share = (double)(at % (2 * m)) / (double)(2 * m);
                w[0] = (float)(1.0 - share);
                w[1] = (float)share;
                count = 2;
            }
        } else
            first = (2 * i + 1) * n / (2 * m);
        axis->first[i] = (int32_t)first;
        axis->count[i] = (int32_t)count;
    }
}

static void pack_resize(const cn_resize_params *op, const cn_context *ctx, const cn_task *t) {
    (void)t;
    const cn_axis rows = cn_rows_of(op, ctx), columns = cn_columns_of(op, ctx);
    cn_fill_axis(&rows, op->method_h, op->src.h, op->dst.h);
    cn_fill_axis(&columns, op->method_w, op->src.w, op->dst.w);
}

/* sum = w x, or sum += w x, of n values. */
CN_INLINE void cn_weigh(int adds, float w, const float *restrict x, float *restrict sum,
                        int64_t n) {
    if (adds)
        for (int64_t k = 0; k < n; k++) sum[k] = CN_FMA(w, x[k], sum[k]);
    else
        for (int64_t k = 0; k < n; k++) sum[k] = w * x[k];
}

/* Pixels [j, m) of a row of c channels. */
CN_INLINE void cn_across(const cn_axis *axis, const float *x, int64_t j, int64_t m, int64_t c,
                         float *y) {
    for (; j < m; j++)
        for (int32_t a = 0; a < axis->count[j]; a++)
            cn_weigh(a > 0, axis->weights[j * axis->taps + a], x + (axis->first[j] + a) * c,
                     y + j * c, c);
}

#if CN_LANES >= 4
/* Three channels are computed as four: the next pixel overwrites the fourth. The last pixel of a row is computed
 * alone. */
static void cn_across3(const cn_axis *axis, const float *x, int64_t m, float *y) {
    for (int64_t j = 0; j < m - 1; j++) {
        const float *w = axis->weights + j * axis->taps, *p = x + 3 * (int64_t)axis->first[j];
        cn_v4 sum = cn_set4(w[0]) * cn_load4(p);
        for (int32_t a = 1; a < axis->count[j]; a++)
            sum = cn_fma4(cn_set4(w[a]), cn_load4(p + 3 * a), sum);
        cn_store4(y + 3 * j, sum);
    }
    cn_across(axis, x, m - 1, m, 3, y);
}
#else
static void cn_across3(const cn_axis *axis, const float *x, int64_t m, float *y) {
    cn_across(axis, x, 0, m, 3, y);
}
#endif

/* A row of the output from the sum of rows. Reads one float beyond the end of that sum. */
static void cn_resize_row(const cn_resize_params *op, const cn_axis *columns, const float *x,
                          float *y) {
    const int64_t m = op->dst.w, c = op->dst.c;
    if (c == 1)
        cn_across(columns, x, 0, m, 1, y);
    else if (c == 3)
        cn_across3(columns, x, m, y);
    else
        cn_across(columns, x, 0, m, c, y);
}

/* Scratch: the sum of rows; with from_x, also a converted row of X. */
CN_INLINE void cn_resize(const cn_resize_params *op, const cn_context *ctx, const cn_task *t,
                         const int from_x) {
    const cn_axis rows = cn_rows_of(op, ctx), columns = cn_columns_of(op, ctx);
    const int64_t n = op->src.w * op->src.c;
    float *sum = t->scratch, *line = t->scratch + cn_aligned(n + 1);
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t i = 0; i < op->dst.h; i++) {
            for (int32_t a = 0; a < rows.count[i]; a++) {
                const int64_t y = rows.first[i] + a;
                if (from_x) cn_gather_row(&op->src, ctx, cn_row(ctx, t, s), y, line);
                const float *x = from_x ? line : cn_line(t, &op->src, s, y);
                cn_weigh(a > 0, rows.weights[i * rows.taps + a], x, sum, n);
            }
            cn_resize_row(op, &columns, sum, cn_line(t, &op->dst, s, i));
        }
}

static void resize_fwd(const cn_resize_params *op, const cn_context *ctx, const cn_task *t) {
    cn_resize(op, ctx, t, 0);
}

static void resize_input(const cn_resize_params *op, const cn_context *ctx, const cn_task *t) {
    cn_resize(op, ctx, t, 1);
}

static void resize_bwd(const cn_resize_params *op, const cn_context *ctx, const cn_task *t) {
    const cn_axis rows = cn_rows_of(op, ctx), columns = cn_columns_of(op, ctx);
    const int64_t c = op->src.c, n = op->src.w * c;
    float *sum = t->scratch;
    for (int64_t s = t->s0; s < t->s1; s++) {
        for (int64_t y = 0; y < op->src.h; y++)
            memset(cn_line(t, &op->grad_src, s, y), 0, (size_t)n * sizeof(float));
        for (int64_t i = 0; i < op->dst.h; i++) {
            const float *g = cn_line(t, &op->grad_dst, s, i);
            memset(sum, 0, (size_t)n * sizeof(float));
            for (int64_t j = 0; j < op->dst.w; j++)
                for (int32_t b = 0; b < columns.count[j]; b++)
                    cn_weigh(1, columns.weights[j * columns.taps + b], g + j * c,
                             sum + (columns.first[j] + b) * c, c);
            for (int32_t a = 0; a < rows.count[i]; a++)
                cn_weigh(1, rows.weights[i * rows.taps + a], sum,
                         cn_line(t, &op->grad_src, s, rows.first[i] + a), n);
        }
    }
}

#endif
