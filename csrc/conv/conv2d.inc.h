/* Convolution with bias, activation and, fused, the max-pool after it.
 *
 *   fwd          z[y][x][o] = bias[o] + sum_{r,q,c} src[y*sh + r*dh - pt][x*sw + q*dw - pl][c] * w[r][q][c][o]
 *   data         grad_src[i][j][c] = sum over the taps (r, q) for which y = (i + pt - r*dh) / sh and
 *                x = (j + pl - q*dw) / sw are whole: gz[y][x][o] * w[r][q][c][o]
 *   weights      grad_w[r][q][c][o] = sum_{y,x} src[..][..][c] * gz[y][x][o]
 *
 * All three are products of gathered rows (gemm.inc.h). In the data gradient the input pixels fall
 * into sh * sw phases (i + pt mod sh, j + pl mod sw); all pixels of a phase read the same taps, and
 * gz lies in scratch with a halo of zeros, so that no tap needs a check.
 */

/* Runs of values that one output pixel reads: run s starts seg[s] floats after the pixel's first
 * value. A kernel row of an undilated, ungrouped convolution is one run of kw * c. */
typedef struct {
    int64_t *seg;
    int64_t nseg, klen;
} cn_taps;

/* Pixels of samples x rows x columns, where they are read and where they are written. */
typedef struct {
    const float *x;
    float *y;
    int64_t samples, rows, columns;
    int64_t x_sample, x_row, x_pixel, y_sample, y_row, y_pixel;
} cn_grid;

static void cn_grid_gemm(const cn_grid *grid, const cn_taps *taps, const float *packed, int64_t n,
                         const float *bias, int relu) {
    const int64_t pixels = grid->samples * grid->rows * grid->columns;
    const int64_t K = taps->nseg * taps->klen;
    cn_tile t = {.seg = taps->seg, .nseg = taps->nseg, .klen = taps->klen, .relu = relu};
    for (int64_t c = 0; c < n;) {
        const int64_t width = cn_block(n - c);
        t.column = c;
        t.n = n - c < width ? n - c : width;
        t.bias = bias ? bias + c : NULL;
        int64_t sample = 0, row = 0, column = 0;
        const float *x = grid->x;
        float *y = grid->y;
        for (int64_t done = 0; done < pixels; done += CN_MR) {
            const int p = (int)(pixels - done < CN_MR ? pixels - done : CN_MR);
            if (column + p < grid->columns) { /* a tile inside a row, the usual one of wide maps */
                for (int i = 0; i < p; i++) t.x[i] = x + i * grid->x_pixel;
                for (int i = 0; i < p; i++) t.y[i] = y + i * grid->y_pixel;
                x += p * grid->x_pixel;
                y += p * grid->y_pixel;
                column += p;
                cn_tile_fwd(&t, packed + c * K, width, p);
                continue;
            }
            for (int i = 0; i < p; i++) {
                t.x[i] = x;
                t.y[i] = y;
                x += grid->x_pixel;
                y += grid->y_pixel;
                if (++column == grid->columns) {
                    column = 0;
                    if (++row == grid->rows) {
                        row = 0;
                        sample++;
                    }
                    x = grid->x + sample * grid->x_sample + row * grid->x_row;
                    y = grid->y + sample * grid->y_sample + row * grid->y_row;
                }
            }
            cn_tile_fwd(&t, packed + c * K, width, p);
        }
        c += width;
    }
}

static cn_taps cn_forward_taps(const cn_op *op, int64_t *seg) {
    const int64_t c = op->src.c;
    cn_taps taps = {.seg = seg};
    if (op->groups == 1 && op->dw == 1) {
        for (int64_t r = 0; r < op->kh; r++) seg[taps.nseg++] = r * op->dh * op->src.row;
        taps.klen = op->kw * c;
    } else {
        for (int64_t r = 0; r < op->kh; r++)
            for (int64_t q = 0; q < op->kw; q++)
                seg[taps.nseg++] = r * op->dh * op->src.row + q * op->dw * c;
        taps.klen = c / op->groups;
    }
    return taps;
}

/* Address in src of the first value that the window of output pixel (0, 0) reads. */
CN_INLINE const float *cn_window_origin(const cn_op *op, const float *arena, int64_t sample) {
    return arena + op->src.offset + sample * op->src.sample - op->pt * op->src.row -
           op->pl * op->src.c;
}

/* Max-pool rows of z (pool_h * rows by ow pixels) to y; winner[i]: number of the winning pixel in
 * its window, counted row by row, the first of equals. The first NaN wins. */
#define CN_POOL_STEP(N)                                                                            \
    for (; c + N <= channels; c += N) {                                                            \
        cn_v##N best = cn_load##N(z0 + c);                                                         \
        cn_i##N at = {0};                                                                          \
        int32_t number = 0;                                                                        \
        for (int64_t a = 0; a < ph; a++)                                                           \
            for (int64_t b = 0; b < pw; b++, number++) {                                           \
                const cn_v##N v = cn_load##N(z0 + a * z_row + b * channels + c);                   \
                const cn_i##N more = (cn_i##N)(v > best) | ((cn_i##N)(v != v) & (cn_i##N)(best == best));\
                best = (cn_v##N)((more & (cn_i##N)v) | (~more & (cn_i##N)best));                   \
                at = (more & ((cn_i##N){0} + number)) | (~more & at);                              \
            }                                                                                      \
        cn_store##N(y + c, best);                                                                  \
        if (winner) {                                                                              \
            typedef uint8_t bytes __attribute__((vector_size(N), aligned(1), may_alias));          \
            *(bytes *)(winner + c) = __builtin_convertvector(at, bytes);                           \
        }                                                                                          \
    }

/* ph and pw are constants where it is called for 2 x 2, so that the loops over the window unroll. */
CN_INLINE void cn_pool_window(const int64_t ph, const int64_t pw, int64_t channels,
                              const float *z0, int64_t z_row, float *y, uint8_t *winner) {
    int64_t c = 0;
#if CN_LANES >= 16
    CN_POOL_STEP(16)
#endif
#if CN_LANES >= 8
    CN_POOL_STEP(8)
#endif
#if CN_LANES >= 4
    CN_POOL_STEP(4)
#endif
    for (; c < channels; c++) {
        float best = z0[c];
        int at = 0, number = 0;
        for (int64_t a = 0; a < ph; a++)
            for (int64_t b = 0; b < pw; b++, number++) {
                const float v = z0[a * z_row + b * channels + c];
                const int more = (v > best) | ((v != v) & (best == best));
                best = more ? v : best;
                at = more ? number : at;
            }
        y[c] = best;
        if (winner) winner[c] = (uint8_t)at;
    }
}

/* The converse: give each pixel of the window the gradient of the pooled value that it won, or 0; with
 * `value`, a rectified output, only where that is positive. */
#define CN_UNPOOL_STEP(N)                                                                          \
    for (; c + N <= channels; c += N) {                                                            \
        typedef uint8_t bytes __attribute__((vector_size(N), aligned(1), may_alias));              \
        const cn_i##N at = __builtin_convertvector(*(const bytes *)(winner + c), cn_i##N);         \
        cn_i##N gv = (cn_i##N)cn_load##N(g + c);                                                   \
        if (value) gv &= (cn_i##N)(cn_load##N(value + c) > (cn_v##N){0});                          \
        int32_t number = 0;                                                                        \
        for (int64_t a = 0; a < ph; a++)                                                           \
            for (int64_t b = 0; b < pw; b++, number++)                                             \
                cn_store##N(gz + a * gz_row + b * channels + c,                                    \
                            (cn_v##N)(gv & (at == ((cn_i##N){0} + number))));                      \
    }

CN_INLINE void cn_unpool_window(const int64_t ph, const int64_t pw, int64_t channels,
                                const float *g, const float *value, const uint8_t *winner,
                                float *gz, int64_t gz_row) {
    int64_t c = 0;
#if CN_LANES >= 16
    CN_UNPOOL_STEP(16)
#endif
#if CN_LANES >= 8
    CN_UNPOOL_STEP(8)
#endif
#if CN_LANES >= 4
    CN_UNPOOL_STEP(4)
#endif
    for (; c < channels; c++) {
        int number = 0;
        for (int64_t a = 0; a < ph; a++)
            for (int64_t b = 0; b < pw; b++, number++)
                gz[a * gz_row + b * channels + c] =
                    winner[c] == number && (!value || value[c] > 0.0f) ? g[c] : 0.0f;
    }
}

static void cn_pool_row(const cn_op *op, const float *z, int64_t z_row, float *y, uint8_t *winner) {
    const int64_t c = op->dst.c, ph = op->pool_h, pw = op->pool_w;
    for (int64_t x = 0; x < op->dst.w; x++) {
        uint8_t *won = winner ? winner + x * c : NULL;
        if (ph == 2 && pw == 2)
            cn_pool_window(2, 2, c, z + x * 2 * c, z_row, y + x * c, won);
        else
            cn_pool_window(ph, pw, c, z + x * pw * c, z_row, y + x * c, won);
    }
}

static void cn_unpool_row(const cn_op *op, const float *g, const float *value,
                          const uint8_t *winner, float *gz, int64_t gz_row) {
    const int64_t c = op->dst.c, ph = op->pool_h, pw = op->pool_w;
    for (int64_t x = 0; x < op->dst.w; x++)
        if (ph == 2 && pw == 2)
            cn_unpool_window(2, 2, c, g + x * c, value ? value + x * c : NULL, winner + x * c,
                             gz + x * 2 * c, gz_row);
        else
            cn_unpool_window(ph, pw, c, g + x * c, value ? value + x * c : NULL, winner + x * c,
                             gz + x * pw * c, gz_row);
}

/* Winners of sample s; NULL in prediction. */
CN_INLINE uint8_t *cn_winners(const cn_op *op, float *arena, int64_t sample) {
    return op->aux < 0 ? NULL : (uint8_t *)(arena + op->aux) + sample * op->aux_sample;
}

/* Rows [y0, y1) of the pooled output of a sample, from z, the rows of its map that they pool. */
static void cn_pool_rows(const cn_op *op, const cn_task *t, int64_t sample, int64_t y0, int64_t y1,
                         const float *z) {
    const int64_t length = op->dst.w * op->dst.c, z_row = op->ow * op->dst.c;
    uint8_t *winner = cn_winners(op, t->arena, sample);
    for (int64_t y = y0; y < y1; y++, z += op->pool_h * z_row) {
        float *row = t->arena + op->dst.offset + sample * op->dst.sample + y * op->dst.row;
        cn_pool_row(op, z, z_row, row, winner ? winner + y * length : NULL);
        if (op->activation != CN_LINEAR) cn_activate(op->activation, row, row, length);
    }
}

/* Activation of an output that was not pooled, unless the product has applied it already. */
static void cn_conv2d_activate(const cn_op *op, const cn_task *t, float *dst) {
    if (op->activation == CN_LINEAR || op->activation == CN_RELU) return;
    for (int64_t s = t->s0; s < t->s1; s++, dst += op->dst.sample)
        for (int64_t y = 0; y < op->oh; y++)
            cn_activate(op->activation, dst + y * op->dst.row, dst + y * op->dst.row,
                        op->ow * op->dst.c);
}

static void cn_conv2d_groups(const cn_op *op, const cn_context *ctx, const cn_taps *taps,
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

static void conv2d_fwd(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    int64_t *seg = (int64_t *)t->scratch;
    const cn_taps taps = cn_forward_taps(op, seg);
    const int64_t oc = op->dst.c;
    cn_grid grid = {.x = cn_window_origin(op, t->arena, t->s0),
                    .samples = t->s1 - t->s0,
                    .rows = op->oh,
                    .columns = op->ow,
                    .x_sample = op->src.sample,
                    .x_row = op->sh * op->src.row,
                    .x_pixel = op->sw * op->src.c,
                    .y_pixel = oc};
    float *dst = t->arena + op->dst.offset + t->s0 * op->dst.sample;
    if (!cn_pools(op)) {
        grid.y = dst;
        grid.y_sample = op->dst.sample;
        grid.y_row = op->dst.row;
        cn_conv2d_groups(op, ctx, &taps, &grid, op->activation == CN_RELU);
        cn_conv2d_activate(op, t, dst);
        return;
    }
    float *z = t->scratch + cn_aligned(2 * op->kh * op->kw);
    const int64_t z_row = op->ow * oc, step = op->block / op->pool_h;
    grid.samples = 1;
    grid.y = z;
    grid.y_row = z_row;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y0 = 0; y0 < op->dst.h; y0 += step) {
            const int64_t rows = op->dst.h - y0 < step ? op->dst.h - y0 : step;
            grid.x = cn_window_origin(op, t->arena, s) + y0 * op->pool_h * grid.x_row;
            grid.rows = rows * op->pool_h;
            cn_conv2d_groups(op, ctx, &taps, &grid, 0);
            cn_pool_rows(op, t, s, y0, y0 + rows, z);
        }
}
