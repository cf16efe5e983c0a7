/* Batch norm's loops over pixels, for one block of NV vectors of VW channels: a template, included once per
 * width (batchnorm.inc.h). All pointers are at the block's first channel; a pixel has c floats. What belongs to
 * a channel stays in registers while the pixels stream by, whole cache lines at a time. */
#define NAME1(f) CN_NAME(f, VW, 1)
#define CHAINS                                                                                     \
    (4 / NV) /* pixels whose sums are apart, so that an addition need not wait for the last */

CN_INLINE void NAME(cn_bn_load)(const float *p, VEC v[NV]) {
    for (int j = 0; j < NV; j++) v[j] = VLOAD(p + j * VW);
}

/* The activation: v itself if top is 0, else min(max(v, 0), top). */
CN_INLINE VEC NAME(cn_bn_clip)(VEC v, float top) {
    if (top == 0.0f) return v;
    const VEC limit = VSET(top);
    v = VRELU(v);
    return VPICK(VGREATER(v, limit), limit, v);
}

/* g taken back through the activation, whose input is scale * z + shift. */
CN_INLINE VEC NAME(cn_bn_clip_grad)(VEC g, VEC z, VEC scale, VEC shift, float top) {
    if (top == 0.0f) return g;
    const VEC v = VFMA(z, scale, shift), zero = VSET(0.0f);
    return VPICK(VGREATER(v, zero) & VGREATER(VSET(top), v), g, zero);
}

/* sums += the chains' */
CN_INLINE void NAME(cn_bn_add)(VEC v[CHAINS][NV], double *sums) {
    for (int j = 0; j < NV; j++) {
        for (int i = 1; i < CHAINS; i++) v[0][j] += v[i][j];
        ADD_DOUBLES(sums + j * VW, v[0][j]);
    }
}

/* sum += z - shift, square += (z - shift)^2 of a pixel */
CN_INLINE void NAME(cn_bn_deviation)(const float *z, const VEC shift[NV], VEC sum[NV],
                                     VEC square[NV]) {
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) {
        const VEC d = VLOAD(z + j * VW) - shift[j];
        sum[j] += d;
        square[j] = VFMA(d, d, square[j]);
    }
}

/* The same over rows of w pixels. */
CN_INLINE void NAME(cn_bn_deviations)(const float *z, int64_t row, int64_t rows, int64_t w,
                                      int64_t c, const float *shift, double *sum, double *square) {
    VEC from[NV], s[CHAINS][NV], q[CHAINS][NV];
    NAME(cn_bn_load)(shift, from);
    for (int i = 0; i < CHAINS; i++)
        for (int j = 0; j < NV; j++) s[i][j] = q[i][j] = VSET(0.0f);
    for (int64_t y = 0; y < rows; y++) {
        const float *p = z + y * row;
        int64_t x = 0;
        for (; x + CHAINS <= w; x += CHAINS, p += CHAINS * c)
#pragma GCC unroll 4
            for (int i = 0; i < CHAINS; i++) NAME(cn_bn_deviation)(p + i * c, from, s[i], q[i]);
        for (; x < w; x++, p += c) NAME(cn_bn_deviation)(p, from, s[0], q[0]);
    }
    NAME(cn_bn_add)(s, sum);
    NAME(cn_bn_add)(q, square);
}

/* y = act(scale * z + shift) of w pixels. */
CN_INLINE void NAME(cn_bn_scale)(const float *z, int64_t w, int64_t c, const float *scale,
                                 const float *shift, float top, float *y) {
    VEC by[NV], plus[NV];
    NAME(cn_bn_load)(scale, by);
    NAME(cn_bn_load)(shift, plus);
    for (int64_t x = 0; x < w; x++, z += c, y += c)
#pragma GCC unroll 4
        for (int j = 0; j < NV; j++) {
            const VEC v = VFMA(VLOAD(z + j * VW), by[j], plus[j]);
            VSTORE(y + j * VW, NAME(cn_bn_clip)(v, top));
        }
}

/* The same and the max-pool of windows of ph x pw pixels after it, for w windows of a row. values and
 * numbers: NULL, or z of the winners and their numbers in the window, row by row. */
CN_INLINE void NAME(cn_bn_pool)(const int64_t ph, const int64_t pw, const float *z, int64_t row,
                                int64_t w, int64_t c, const float *scale, const float *shift,
                                float top, float *y, float *values, uint8_t *numbers) {
    VEC by[NV], plus[NV];
    NAME(cn_bn_load)(scale, by);
    NAME(cn_bn_load)(shift, plus);
    for (int64_t x = 0; x < w; x++, z += pw * c)
#pragma GCC unroll 4
        for (int j = 0; j < NV; j++) {
            VEC value;
            MASK number;
            const VEC best = NAME1(cn_window_max)(ph, pw, z + j * VW, row, c, 0, pw, &by[j],
                                                  &plus[j], &value, &number);
            VSTORE(y + x * c + j * VW, NAME(cn_bn_clip)(best, top));
            if (values) {
                VSTORE(values + x * c + j * VW, value);
                TO_BYTES(numbers + x * c + j * VW, number);
            }
        }
}

/* With g of a pixel taken back through the activation: sum += g, product += g * (z - mean). */
CN_INLINE void NAME(cn_bn_product)(const float *g, const float *z, const VEC mean[NV],
                                   const VEC scale[NV], const VEC shift[NV], float top, VEC sum[NV],
                                   VEC product[NV]) {
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) {
        const VEC value = VLOAD(z + j * VW);
        const VEC v = NAME(cn_bn_clip_grad)(VLOAD(g + j * VW), value, scale[j], shift[j], top);
        sum[j] += v;
        product[j] = VFMA(v, value - mean[j], product[j]);
    }
}

/* The same over rows of w pixels. */
CN_INLINE void NAME(cn_bn_products)(const float *g, int64_t g_row, const float *z, int64_t z_row,
                                    int64_t rows, int64_t w, int64_t c, const float *mean,
                                    const float *scale, const float *shift, float top, double *sum,
                                    double *product) {
    VEC center[NV], by[NV], plus[NV], s[CHAINS][NV], p[CHAINS][NV];
    NAME(cn_bn_load)(mean, center);
    NAME(cn_bn_load)(scale, by);
    NAME(cn_bn_load)(shift, plus);
    for (int i = 0; i < CHAINS; i++)
        for (int j = 0; j < NV; j++) s[i][j] = p[i][j] = VSET(0.0f);
    for (int64_t y = 0; y < rows; y++) {
        const float *gy = g + y * g_row, *zy = z + y * z_row;
        int64_t x = 0;
        for (; x + CHAINS <= w; x += CHAINS, gy += CHAINS * c, zy += CHAINS * c)
#pragma GCC unroll 4
            for (int i = 0; i < CHAINS; i++)
                NAME(cn_bn_product)(gy + i * c, zy + i * c, center, by, plus, top, s[i], p[i]);
        for (; x < w; x++, gy += c, zy += c)
            NAME(cn_bn_product)(gy, zy, center, by, plus, top, s[0], p[0]);
    }
    NAME(cn_bn_add)(s, sum);
    NAME(cn_bn_add)(p, product);
}

/* grad_preact = scale * g + slope * (z - mean) + lift of w pixels, with g taken back through the activation; g NULL: 0. */
CN_INLINE void NAME(cn_bn_gradient)(const float *g, const float *z, int64_t w, int64_t c,
                                    const float *mean, const float *scale, const float *shift,
                                    float top, const float *slope, const float *lift,
                                    float *grad_preact) {
    VEC center[NV], by[NV], above[NV], times[NV], plus[NV];
    NAME(cn_bn_load)(mean, center);
    NAME(cn_bn_load)(scale, by);
    NAME(cn_bn_load)(shift, above);
    NAME(cn_bn_load)(slope, times);
    NAME(cn_bn_load)(lift, plus);
    for (int64_t x = 0; x < w; x++, z += c, grad_preact += c)
#pragma GCC unroll 4
        for (int j = 0; j < NV; j++) {
            const VEC value = VLOAD(z + j * VW);
            VEC result = VFMA(times[j], value - center[j], plus[j]);
            if (g)
                result = VFMA(
                    by[j],
                    NAME(cn_bn_clip_grad)(VLOAD(g + x * c + j * VW), value, by[j], above[j], top),
                    result);
            VSTORE(grad_preact + j * VW, result);
        }
}

/* The same of a row of w windows pw pixels wide: g of a window belongs to its winner; `first` is the
 * number of the row's first pixel in its window. */
CN_INLINE void NAME(cn_bn_unpool)(const int64_t pw, const float *g, const uint8_t *winner,
                                  int32_t first, const float *z, int64_t w, int64_t c,
                                  const float *mean, const float *scale, const float *shift,
                                  float top, const float *slope, const float *lift,
                                  float *grad_preact) {
    VEC center[NV], by[NV], above[NV], times[NV], plus[NV];
    NAME(cn_bn_load)(mean, center);
    NAME(cn_bn_load)(scale, by);
    NAME(cn_bn_load)(shift, above);
    NAME(cn_bn_load)(slope, times);
    NAME(cn_bn_load)(lift, plus);
    for (int64_t x = 0; x < w; x++, z += pw * c, grad_preact += pw * c)
#pragma GCC unroll 4
        for (int j = 0; j < NV; j++) {
            const VEC given = VLOAD(g + x * c + j * VW);
            const MASK at = FROM_BYTES(winner + x * c + j * VW);
            for (int64_t b = 0; b < pw; b++) {
                const int64_t to = b * c + j * VW;
                const VEC value = VLOAD(z + to);
                const VEC rest = VFMA(times[j], value - center[j], plus[j]);
                const VEC own = by[j] * NAME(cn_bn_clip_grad)(given, value, by[j], above[j], top);
                const MASK won = VEQUAL(at, (MASK){0} + (first + (int32_t)b));
                VSTORE(grad_preact + to, rest + VPICK(won, own, VSET(0.0f)));
            }
        }
}

#undef CHAINS
#undef NAME1
