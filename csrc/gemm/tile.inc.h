/* The register tile, for one block of VW * NV columns: a template, included once per block width (gemm.inc.h).
 *
 *   fwd      y[p][n]  = act(bias[n] + sum_s sum_k x[p][seg[s] + k] * w[(s*klen + k)*NB + n])
 *   weights  dw[k][n] += sum over pixels of x[pixel][k] * g[pixel][n]
 *
 * P rows by NB = VW * NV columns of accumulators stay in registers. Every height P runs the same
 * chain of fused multiply-adds per output, so a result does not depend on its neighbors.
 */
#define NB (VW * NV)
/* Most rows whose accumulators fit in registers: of three vectors a row, half of a tile's. */
#define ROWS_AT_ONCE (NV == 3 ? CN_MR / 2 : CN_MR)

/* Write the first n < NB columns. */
CN_INLINE void NAME(cn_tile_put)(float *y, const VEC *v, int64_t n) {
    float tail[NB];
    const float *from = tail;
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) VSTORE(tail + j * VW, v[j]);
#pragma GCC unroll 8
    for (int part = NB & (NB - 1) ? 2 * VW : NB / 2; part > 0;
         part /= 2) /* copies of known size for the binary digits of n */
        if (n & part) {
            memcpy(y, from, (size_t)part * sizeof(float));
            y += part;
            from += part;
        }
}

/* All loops over the accumulators are unrolled, because an array stays in registers only if each index is a constant. */
CN_INLINE void NAME(cn_tile_fwd_rows)(const int P, const cn_tile *t, const int first,
                                      const float *w) {
    VEC acc[CN_MR][NV], start[NV];
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) start[j] = t->bias ? VLOAD(t->bias + j * VW) : VSET(0.0f);
#pragma GCC unroll 16
    for (int p = 0; p < P; p++)
#pragma GCC unroll 4
        for (int j = 0; j < NV; j++) acc[p][j] = start[j];
    for (int64_t s = 0; s < t->nseg; s++) {
        const int64_t off = t->seg[s];
        int64_t k = 0;
        /* With one vector per row, loading the row's address is the bottleneck, so each load serves four steps.
         * With two vectors, the weights of four steps would not fit in registers. */
        for (; NV == 1 && k + 4 <= t->klen; k += 4, w += 4 * NB) {
            VEC wv[4][NV];
#pragma GCC unroll 4
            for (int u = 0; u < 4; u++)
#pragma GCC unroll 4
                for (int j = 0; j < NV; j++) wv[u][j] = VLOAD(w + u * NB + j * VW);
#pragma GCC unroll 16
            for (int p = 0; p < P; p++) {
                const float *x = t->x[first + p] + off + k;
#pragma GCC unroll 4
                for (int u = 0; u < 4; u++) {
                    const VEC xv = VSET(x[u]);
#pragma GCC unroll 4
                    for (int j = 0; j < NV; j++) acc[p][j] = VFMA(xv, wv[u][j], acc[p][j]);
                }
            }
        }
        for (; k < t->klen; k++, w += NB) {
            VEC wv[NV];
#pragma GCC unroll 4
            for (int j = 0; j < NV; j++) wv[j] = VLOAD(w + j * VW);
#pragma GCC unroll 16
            for (int p = 0; p < P; p++) {
                const VEC xv = VSET(t->x[first + p][off + k]);
#pragma GCC unroll 4
                for (int j = 0; j < NV; j++) acc[p][j] = VFMA(xv, wv[j], acc[p][j]);
            }
        }
    }
    if (t->relu) {
#pragma GCC unroll 16
        for (int p = 0; p < P; p++)
#pragma GCC unroll 4
            for (int j = 0; j < NV; j++) acc[p][j] = VRELU(acc[p][j]);
    }
#pragma GCC unroll 16
    for (int p = 0; p < P; p++) {
        float *y = t->y[first + p] + t->column;
        if (__builtin_expect(t->n == NB, 1))
#pragma GCC unroll 4
            for (int j = 0; j < NV; j++) VSTORE(y + j * VW, acc[p][j]);
        else
            NAME(cn_tile_put)(y, acc[p], t->n);
    }
}

CN_INLINE void NAME(cn_tile_weights_rows)(const int P, const cn_outer *o, const int first) {
    VEC acc[CN_MR][NV];
    float tail[NB];
#pragma GCC unroll 16
    for (int p = 0; p < P; p++) {
        const float *d = o->dw + (first + p) * o->ldw;
        if (o->fresh) {
            for (int j = 0; j < NV; j++) acc[p][j] = VSET(0.0f);
            continue;
        }
        if (o->n < NB) {
            for (int64_t i = 0; i < NB; i++) tail[i] = i < o->n ? d[i] : 0.0f;
            d = tail;
        }
#pragma GCC unroll 4
        for (int j = 0; j < NV; j++) acc[p][j] = VLOAD(d + j * VW);
    }
    for (int64_t s = 0; s < o->samples; s++)
        for (int64_t r = 0; r < o->rows; r++) {
            const float *x = o->x + s * o->x_sample + r * o->x_row + first;
            const float *g = o->g + s * o->g_sample + r * o->g_row;
            for (int64_t i = 0; i < o->columns; i++, x += o->x_pixel, g += o->g_pixel) {
                VEC gv[NV];
#pragma GCC unroll 4
                for (int j = 0; j < NV; j++) gv[j] = VLOAD(g + j * VW);
#pragma GCC unroll 16
                for (int p = 0; p < P; p++) {
                    const VEC xv = VSET(x[p]);
#pragma GCC unroll 4
                    for (int j = 0; j < NV; j++) acc[p][j] = VFMA(xv, gv[j], acc[p][j]);
                }
            }
        }
#pragma GCC unroll 16
    for (int p = 0; p < P; p++) {
        float *d = o->dw + (first + p) * o->ldw;
        if (__builtin_expect(o->n == NB, 1))
#pragma GCC unroll 4
            for (int j = 0; j < NV; j++) VSTORE(d + j * VW, acc[p][j]);
        else
            NAME(cn_tile_put)(d, acc[p], o->n);
    }
}

#define ROWS(P)                                                                                    \
    case P:                                                                                        \
        if ((P) <= ROWS_AT_ONCE) FUNCTION(P, ARGUMENTS);                                           \
        break;
#if CN_MR > 6
#define ALL_ROWS                                                                                   \
    ROWS(1)                                                                                        \
    ROWS(2)                                                                                        \
    ROWS(3)                                                                                        \
    ROWS(4) ROWS(5) ROWS(6) ROWS(7) ROWS(8) ROWS(9) ROWS(10) ROWS(11) ROWS(12) ROWS(13) ROWS(14)
#elif CN_MR > 4
#define ALL_ROWS ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6)
#else
#define ALL_ROWS ROWS(1) ROWS(2) ROWS(3) ROWS(4)
#endif

#if NV == 3
#define BY_ROWS                                                                                    \
    for (int first = 0, rows; first < p; first += rows) {                                          \
        rows = p - first > ROWS_AT_ONCE ? (p - first + 1) / 2 : p - first;                         \
        switch (rows) { ALL_ROWS }                                                                 \
    }
#else
#define BY_ROWS                                                                                    \
    const int first = 0;                                                                           \
    switch (p) { ALL_ROWS }
#endif

static void NAME(cn_tile_fwd)(const cn_tile *t, const float *w, int p) {
#define FUNCTION NAME(cn_tile_fwd_rows)
#define ARGUMENTS t, first, w
    BY_ROWS
#undef FUNCTION
#undef ARGUMENTS
}

static void NAME(cn_tile_weights)(const cn_outer *o, int p) {
#define FUNCTION NAME(cn_tile_weights_rows)
#define ARGUMENTS o, first
    BY_ROWS
#undef FUNCTION
#undef ARGUMENTS
}

#undef BY_ROWS
#undef ROWS
#undef ALL_ROWS
#undef ROWS_AT_ONCE
#undef NB
