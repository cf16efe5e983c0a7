/* Depthwise convolution of VW channels: a template, included once per width (conv/depthwise.inc.h). CN_DEPTH pixels, or
 * in the weight gradient taps, stay in registers. */

/* y = act(bias + sum over taps x[seg[t]] * w[tap[t]]) for P pixels. */
CN_INLINE void NAME(cn_depthwise_pixels)(const int P, const cn_grid *grid, const float *x, float *y,
                                         const cn_taps *taps, const int64_t *tap, const float *w,
                                         const float *bias, int relu) {
    VEC acc[CN_DEPTH];
#pragma GCC unroll 8
    for (int p = 0; p < P; p++) acc[p] = bias ? VLOAD(bias) : VSET(0.0f);
    for (int64_t t = 0; t < taps->nseg; t++) {
        const VEC wv = VLOAD(w + tap[t]);
        const float *at = x + taps->seg[t];
#pragma GCC unroll 8
        for (int p = 0; p < P; p++) acc[p] = VFMA(VLOAD(at + p * grid->x_pixel), wv, acc[p]);
    }
#pragma GCC unroll 8
    for (int p = 0; p < P; p++) VSTORE(y + p * grid->y_pixel, relu ? VRELU(acc[p]) : acc[p]);
}

static void NAME(cn_depthwise_block)(const cn_grid *grid, const cn_taps *taps, const int64_t *tap,
                                     const float *w, const float *bias, int relu) {
    for (int64_t row = 0; row < grid->rows; row++) {
        const float *x = grid->x + row * grid->x_row;
        float *y = grid->y + row * grid->y_row;
        int64_t i = 0;
        for (; i + CN_DEPTH <= grid->columns; i += CN_DEPTH)
            NAME(cn_depthwise_pixels)(CN_DEPTH, grid, x + i * grid->x_pixel, y + i * grid->y_pixel,
                                      taps, tap, w, bias, relu);
        for (; i < grid->columns; i++)
            NAME(cn_depthwise_pixels)(1, grid, x + i * grid->x_pixel, y + i * grid->y_pixel, taps,
                                      tap, w, bias, relu);
    }
}

/* dw of T taps, from channel `skip` of the block on. */
CN_INLINE void NAME(cn_depthwise_dots)(const int T, const cn_outer *o, const int64_t *seg,
                                       float *dw, int64_t skip) {
    VEC acc[CN_DEPTH];
#pragma GCC unroll 8
    for (int t = 0; t < T; t++) acc[t] = VSET(0.0f);
    for (int64_t row = 0; row < o->rows; row++) {
        const float *x = o->x + row * o->x_row, *g = o->g + row * o->g_row;
        for (int64_t i = 0; i < o->columns; i++, x += o->x_pixel, g += o->g_pixel) {
            const VEC gv = VLOAD(g);
#pragma GCC unroll 8
            for (int t = 0; t < T; t++) acc[t] = VFMA(VLOAD(x + seg[t]), gv, acc[t]);
        }
    }
    for (int t = 0; t < T; t++) {
        float sum[VW];
        VSTORE(sum, acc[t]);
        for (int64_t k = skip; k < VW; k++) dw[t * o->ldw + k] += sum[k];
    }
}

static void NAME(cn_depthwise_weights)(const cn_outer *o, const int64_t *seg, int64_t taps,
                                       float *dw, int64_t skip) {
    int64_t t = 0;
    for (; t + CN_DEPTH <= taps; t += CN_DEPTH)
        NAME(cn_depthwise_dots)(CN_DEPTH, o, seg + t, dw + t * o->ldw, skip);
    for (; t + 3 <= taps; t += 3) NAME(cn_depthwise_dots)(3, o, seg + t, dw + t * o->ldw, skip);
    for (; t < taps; t++) NAME(cn_depthwise_dots)(1, o, seg + t, dw + t * o->ldw, skip);
}
