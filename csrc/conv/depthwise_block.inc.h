/* Depthwise convolution of VW channels: a template, included once per width (conv/depthwise.inc.h). Blocks of up to
 * CN_DEPTH pixels, or in the weight gradient of as many taps, stay in registers.
 *
 * The loop over the channels is inside that over the blocks of pixels, so that memory is read along the channels. A loop
 * over the pixels of a few channels would jump from pixel to pixel, and with a power of two of channels these lines of
 * the first-level cache would push one another out.
 */
#if CN_DEPTH != 8
#error "SIZES lists the sizes of blocks up to 8"
#endif
#define SIZES SIZE(1) SIZE(2) SIZE(3) SIZE(4) SIZE(5) SIZE(6) SIZE(7) SIZE(8)

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

static void NAME(cn_depthwise_grid)(const cn_grid *grid, const cn_taps *taps, const int64_t *tap,
                                    const float *w, const float *bias, int relu, int64_t channels) {
    for (int64_t row = 0; row < grid->rows; row++)
        for (int64_t i = 0; i < grid->columns; i += CN_DEPTH) {
            const float *x = grid->x + row * grid->x_row + i * grid->x_pixel;
            float *y = grid->y + row * grid->y_row + i * grid->y_pixel;
            switch (cn_min(CN_DEPTH, grid->columns - i)) {
#define SIZE(P)                                                                                    \
    case P:                                                                                        \
        for (int64_t begin = 0; begin < channels; begin += VW) {                                   \
            const int64_t k = cn_min(begin, channels - VW);                                        \
            NAME(cn_depthwise_pixels)(P, grid, x + k, y + k, taps, tap, w + k,                     \
                                      bias ? bias + k : NULL, relu);                               \
        }                                                                                          \
        break;
                SIZES
#undef SIZE
            }
        }
}

/* sums[t] += x[seg[t]] * g over n pixels, of T taps. */
CN_INLINE void NAME(cn_depthwise_dots)(const int T, const cn_outer *o, const float *x,
                                       const float *g, int64_t n, const int64_t *seg, float *sums) {
    VEC acc[CN_DEPTH];
#pragma GCC unroll 8
    for (int t = 0; t < T; t++) acc[t] = VLOAD(sums + t * VW);
    for (int64_t i = 0; i < n; i++, x += o->x_pixel, g += o->g_pixel) {
        const VEC gv = VLOAD(g);
#pragma GCC unroll 8
        for (int t = 0; t < T; t++) acc[t] = VFMA(VLOAD(x + seg[t]), gv, acc[t]);
    }
#pragma GCC unroll 8
    for (int t = 0; t < T; t++) VSTORE(sums + t * VW, acc[t]);
}

/* Adds to dw. sums: scratch of [blocks of VW channels][taps][VW]. */
static void NAME(cn_depthwise_weights)(const cn_outer *o, const int64_t *seg, int64_t taps,
                                       float *dw, float *sums, int64_t channels) {
    memset(sums, 0, (size_t)(cn_blocks(channels, VW) * taps * VW) * sizeof(float));
    for (int64_t row = 0; row < o->rows; row++)
        for (int64_t i = 0; i < o->columns; i += CN_DEPTH) {
            const int64_t n = cn_min(CN_DEPTH, o->columns - i);
            const float *x = o->x + row * o->x_row + i * o->x_pixel;
            const float *g = o->g + row * o->g_row + i * o->g_pixel;
            for (int64_t t = 0; t < taps; t += CN_DEPTH) switch (cn_min(CN_DEPTH, taps - t)) {
#define SIZE(T)                                                                                    \
    case T:                                                                                        \
        for (int64_t begin = 0; begin < channels; begin += VW) {                                   \
            const int64_t k = cn_min(begin, channels - VW);                                        \
            NAME(cn_depthwise_dots)(T, o, x + k, g + k, n, seg + t, sums + begin * taps + t * VW); \
        }                                                                                          \
        break;
                    SIZES
#undef SIZE
                }
        }
    for (int64_t begin = 0; begin < channels; begin += VW) {
        const int64_t k = cn_min(begin, channels - VW);
        for (int64_t t = 0; t < taps; t++)
            for (int64_t j = begin - k; j < VW; j++)
                dw[t * o->ldw + k + j] += sums[begin * taps + t * VW + j];
    }
}

#undef SIZES
