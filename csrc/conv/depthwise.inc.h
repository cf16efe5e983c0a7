/* Depthwise convolution with one filter a channel: groups == channels == oc, weights (kh, kw, 1, oc).
 *
 *   fwd       z[y][x][c] = bias[c] + sum over taps: src[y*sh + r*dh - pt][x*sw + q*dw - pl][c] * w[r][q][c]
 *   data      as in conv2d.inc.h, phase by phase over gz with a halo of zeros
 *   weights   dw[r][q][c] = sum over pixels: src[..][..][c] * gz[y][x][c]
 *
 * Vectors run along the channels. A block of channels of 8 pixels, or in the weight gradient of 8 taps,
 * stays in registers. The last block of channels is a whole one that begins earlier.
 */

#define CN_DEPTH 8 /* pixels or taps in registers */

/* y = act(bias + sum over taps x[seg[t]] * w[tap[t]]) for P pixels, channels [k, k + N). */
#define CN_DEPTHWISE(N)                                                                            \
    CN_INLINE void cn_depthwise_pixels_##N(const int P, const cn_grid *grid, const float *x,       \
                                           float *y, const cn_taps *taps, const int64_t *tap,      \
                                           const float *w, const float *bias, int relu) {          \
        cn_v##N acc[CN_DEPTH];                                                                     \
        _Pragma("GCC unroll 8") for (int p = 0; p < P; p++) acc[p] =                               \
            bias ? cn_load##N(bias) : cn_set##N(0.0f);                                             \
        for (int64_t t = 0; t < taps->nseg; t++) {                                                 \
            const cn_v##N wv = cn_load##N(w + tap[t]);                                             \
            const float *at = x + taps->seg[t];                                                    \
            _Pragma("GCC unroll 8") for (int p = 0; p < P; p++) acc[p] =                           \
                cn_fma##N(cn_load##N(at + p * grid->x_pixel), wv, acc[p]);                         \
        }                                                                                          \
        _Pragma("GCC unroll 8") for (int p = 0; p < P; p++)                                        \
            cn_store##N(y + p * grid->y_pixel, relu ? cn_relu##N(acc[p]) : acc[p]);                \
    }                                                                                              \
                                                                                                   \
    static void cn_depthwise_block_##N(const cn_grid *grid, const cn_taps *taps,                   \
                                       const int64_t *tap, const float *w, const float *bias,      \
                                       int relu) {                                                 \
        for (int64_t row = 0; row < grid->rows; row++) {                                           \
            const float *x = grid->x + row * grid->x_row;                                          \
            float *y = grid->y + row * grid->y_row;                                                \
            int64_t i = 0;                                                                         \
            for (; i + CN_DEPTH <= grid->columns; i += CN_DEPTH)                                   \
                cn_depthwise_pixels_##N(CN_DEPTH, grid, x + i * grid->x_pixel,                     \
                                        y + i * grid->y_pixel, taps, tap, w, bias, relu);          \
            for (; i < grid->columns; i++)                                                         \
                cn_depthwise_pixels_##N(1, grid, x + i * grid->x_pixel, y + i * grid->y_pixel,     \
                                        taps, tap, w, bias, relu);                                 \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    /* dw of T taps, from channel `skip` of the N on */                                            \
    CN_INLINE void cn_depthwise_dots_##N(const int T, const cn_outer *o, const int64_t *seg,       \
                                         float *dw, int64_t skip) {                                \
        cn_v##N acc[CN_DEPTH];                                                                     \
        _Pragma("GCC unroll 8") for (int t = 0; t < T; t++) acc[t] = cn_set##N(0.0f);              \
        for (int64_t row = 0; row < o->rows; row++) {                                              \
            const float *x = o->x + row * o->x_row, *g = o->g + row * o->g_row;                    \
            for (int64_t i = 0; i < o->columns; i++, x += o->x_pixel, g += o->g_pixel) {           \
                const cn_v##N gv = cn_load##N(g);                                                  \
                _Pragma("GCC unroll 8") for (int t = 0; t < T; t++) acc[t] =                       \
                    cn_fma##N(cn_load##N(x + seg[t]), gv, acc[t]);                                 \
            }                                                                                      \
        }                                                                                          \
        for (int t = 0; t < T; t++) {                                                              \
            float sum[N];                                                                          \
            cn_store##N(sum, acc[t]);                                                              \
            for (int64_t k = skip; k < N; k++) dw[t * o->ldw + k] += sum[k];                       \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    static void cn_depthwise_weights_##N(const cn_outer *o, const int64_t *seg, int64_t taps,      \
                                         float *dw, int64_t skip) {                                \
        int64_t t = 0;                                                                             \
        for (; t + CN_DEPTH <= taps; t += CN_DEPTH)                                                \
            cn_depthwise_dots_##N(CN_DEPTH, o, seg + t, dw + t * o->ldw, skip);                    \
        for (; t + 3 <= taps; t += 3) cn_depthwise_dots_##N(3, o, seg + t, dw + t * o->ldw, skip); \
        for (; t < taps; t++) cn_depthwise_dots_##N(1, o, seg + t, dw + t * o->ldw, skip);         \
    }

CN_DEPTHWISE(1)
#if CN_LANES >= 4
CN_DEPTHWISE(4)
#endif
#if CN_LANES >= 8
CN_DEPTHWISE(8)
#endif
#if CN_LANES >= 16
CN_DEPTHWISE(16)
#endif

/* Widest vector of which `channels` hold one. */
CN_INLINE int64_t cn_depthwise_width(int64_t channels) {
    int64_t width = 1;
    for (int64_t n = 4; n <= CN_LANES && n <= channels; n *= 2) width = n;
    return width;
}

#if CN_LANES >= 16
#define CN_DEPTHWISE_CASES(F) F(1) F(4) F(8) F(16)
#elif CN_LANES >= 8
#define CN_DEPTHWISE_CASES(F) F(1) F(4) F(8)
#elif CN_LANES >= 4
#define CN_DEPTHWISE_CASES(F) F(1) F(4)
#else
#define CN_DEPTHWISE_CASES(F) F(1)
#endif

/* All channels of one sample. */
static void cn_depthwise_grid(const cn_grid *grid, const cn_taps *taps, const int64_t *tap,
                              const float *w, const float *bias, int relu, int64_t channels) {
    const int64_t width = cn_depthwise_width(channels);
    for (int64_t begin = 0; begin < channels; begin += width) {
        const int64_t k = begin + width <= channels ? begin : channels - width;
        cn_grid part = *grid;
        part.x += k;
        part.y += k;
        switch (width) {
#define CASE(N)                                                                                    \
    case N:                                                                                        \
        cn_depthwise_block_##N(&part, taps, tap, w + k, bias ? bias + k : NULL, relu);             \
        break;
            CN_DEPTHWISE_CASES(CASE)
#undef CASE
        }
    }
}

static void cn_depthwise_weights(const cn_outer *all, const int64_t *seg, int64_t taps, float *dw,
                                 int64_t channels) {
    const int64_t width = cn_depthwise_width(channels);
    for (int64_t begin = 0; begin < channels; begin += width) {
        const int64_t k = begin + width <= channels ? begin : channels - width;
        cn_outer o = *all;
        o.x += k;
        o.g += k;
        switch (width) {
#define CASE(N)                                                                                    \
    case N:                                                                                        \
        cn_depthwise_weights_##N(&o, seg, taps, dw + k, begin - k);                                \
        break;
            CN_DEPTHWISE_CASES(CASE)
#undef CASE
        }
    }
}

/* Scratch: offsets of the runs of two passes, and of the taps' weights. */
static void depthwise_fwd(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const int64_t c = op->dst.c;
    int64_t *seg = (int64_t *)t->scratch, *tap = seg + 2 * op->kh * op->kw;
    const cn_taps taps = cn_forward_taps(op, seg);
    const float *bias = op->bias < 0 ? NULL : ctx->params + op->bias;
    for (int64_t i = 0; i < taps.nseg; i++) tap[i] = i * c;
    for (int64_t s = t->s0; s < t->s1; s++) {
        float *dst = t->arena + op->dst.offset + s * op->dst.sample;
        const cn_grid grid = {.x = cn_window_origin(op, t->arena, s),
                              .y = dst,
                              .rows = op->oh,
                              .columns = op->ow,
                              .x_row = op->sh * op->src.row,
                              .x_pixel = op->sw * c,
                              .y_row = op->dst.row,
                              .y_pixel = c};
        cn_depthwise_grid(&grid, &taps, tap, ctx->params + op->weights, bias,
                          op->activation == CN_RELU, c);
    }
    cn_conv2d_activate(op, t, t->arena + op->dst.offset + t->s0 * op->dst.sample);
}

/* Gradient by the input of one sample: the taps of each phase, and their weights' places. */
static void cn_depthwise_data(const cn_op *op, const cn_context *ctx, const cn_gz *z,
                              const float *gz, float *grad, int64_t *seg, int64_t *tap) {
    const int64_t c = op->dst.c;
    for (int64_t a = 0; a < op->sh; a++)
        for (int64_t b = 0; b < op->sw; b++) {
            const cn_taps taps = cn_phase_taps(op, z->row, a, b, seg);
            int64_t n = 0;
            for (int64_t r = 0; r < op->kh; r++)
                for (int64_t q = op->kw - 1; q >= 0; q--)
                    if (r * op->dh % op->sh == a && q * op->dw % op->sw == b)
                        tap[n++] = (r * op->kw + q) * c;
            const int64_t i0 = cn_modulo(a - op->pt, op->sh), j0 = cn_modulo(b - op->pl, op->sw);
            if (i0 >= op->src.h || j0 >= op->src.w) continue;
            const cn_grid grid = {.x = gz + (z->top + (i0 + op->pt - a) / op->sh) * z->row +
                                       (z->left + (j0 + op->pl - b) / op->sw) * c,
                                  .y = grad + i0 * op->grad_src.row + j0 * c,
                                  .rows = (op->src.h - i0 + op->sh - 1) / op->sh,
                                  .columns = (op->src.w - j0 + op->sw - 1) / op->sw,
                                  .x_row = z->row,
                                  .x_pixel = c,
                                  .y_row = op->sh * op->grad_src.row,
                                  .y_pixel = op->sw * c};
            cn_depthwise_grid(&grid, &taps, tap, ctx->params + op->weights, NULL, 0, c);
        }
}

static void depthwise_bwd(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const cn_gz z = cn_gz_layout(op);
    const int64_t c = op->dst.c, taps = op->kh * op->kw;
    int64_t *seg = (int64_t *)t->scratch, *phase_seg = seg + taps, *tap = phase_seg + taps;
    float *gz = t->scratch + cn_aligned(6 * taps);
    float *inside = gz + z.top * z.row + z.left * c;
    float *grads = ctx->lane_grads + t->lane * ctx->lane_size;
    const cn_taps runs = cn_forward_taps(op, seg);
    cn_zero_halo(op, &z, gz, 1);
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y0 = 0; y0 < op->oh; y0 += op->block) {
            /* the whole map where the input's gradient is wanted, else a block of rows */
            const int64_t rows = op->oh - y0 < op->block ? op->oh - y0 : op->block;
            float *part = inside + (op->data_gradient ? y0 * z.row : 0);
            const cn_outer o = {.x = cn_window_origin(op, t->arena, s) + y0 * op->sh * op->src.row,
                                .g = part,
                                .rows = rows,
                                .columns = op->ow,
                                .x_row = op->sh * op->src.row,
                                .x_pixel = op->sw * c,
                                .g_row = z.row,
                                .g_pixel = c,
                                .ldw = c};
            cn_fill_gz(op, ctx, t, s, y0, y0 + rows, part, z.row, NULL);
            if (op->grad_weights >= 0)
                cn_depthwise_weights(&o, seg, runs.nseg, grads + op->grad_weights, c);
            if (op->grad_bias >= 0)
                cn_bias_add(&z, part, 1, rows, op->ow, c, grads + op->grad_bias);
            if (op->data_gradient && y0 + rows == op->oh)
                cn_depthwise_data(op, ctx, &z, gz,
                                  t->arena + op->grad_src.offset + s * op->grad_src.sample,
                                  phase_seg, tap);
        }
}
