/* Winograd's transforms of tiles of inputs, outputs and grad_preact, for vectors of VW channels; there are VW channels or
 * more. winograd_transform.inc.h has the formulas. A template, included once per width. */

/* B^T d */
CN_INLINE void NAME(cn_wino_input)(const VEC d[6], VEC t[6]) {
    const VEC even = VFMA(VSET(-4.0f), d[2], d[4]), odd = VFMA(VSET(-4.0f), d[1], d[3]);
    const VEC near = d[4] - d[2], twice = VSET(2.0f) * (d[3] - d[1]);
    t[0] = VFMA(VSET(4.0f), d[0], VFMA(VSET(-5.0f), d[2], d[4]));
    t[1] = even + odd;
    t[2] = even - odd;
    t[3] = near + twice;
    t[4] = near - twice;
    t[5] = VFMA(VSET(4.0f), d[1], VFMA(VSET(-5.0f), d[3], d[5]));
}

/* A^T m: 4 or 2 outputs */
CN_INLINE void NAME(cn_wino_output)(const int size, const VEC m[6], VEC y[4]) {
    const VEC s12 = m[1] + m[2], d12 = m[1] - m[2], s34 = m[3] + m[4], d34 = m[3] - m[4];
    y[0] = m[0] + s12 + s34;
    if (size == 2) {
        y[1] = VFMA(VSET(2.0f), d34, d12) + m[5];
        return;
    }
    y[1] = VFMA(VSET(2.0f), d34, d12);
    y[2] = VFMA(VSET(4.0f), s34, s12);
    y[3] = VFMA(VSET(8.0f), d34, d12) + m[5];
}

/* A g of 4 or 2 values */
CN_INLINE void NAME(cn_wino_grad)(const int size, const VEC g[4], VEC t[6]) {
    t[0] = g[0];
    if (size == 2) {
        const VEC twice = VSET(2.0f) * g[1];
        t[1] = g[0] + g[1];
        t[2] = g[0] - g[1];
        t[3] = g[0] + twice;
        t[4] = g[0] - twice;
        t[5] = g[1];
        return;
    }
    const VEC even = g[0] + g[2], odd = g[1] + g[3];
    const VEC even4 = VFMA(VSET(4.0f), g[2], g[0]);
    const VEC odd8 = VSET(2.0f) * VFMA(VSET(4.0f), g[3], g[1]);
    t[1] = even + odd;
    t[2] = even - odd;
    t[3] = even4 + odd8;
    t[4] = even4 - odd8;
    t[5] = g[3];
}

CN_INLINE void NAME(cn_wino_gather)(const cn_tiles *tiles, const float *src, int64_t sample,
                                    int64_t row, int64_t pixel, int64_t c, float *planes,
                                    int64_t plane, int64_t line) {
    for (int64_t i = 0; i < tiles->count; i++) {
        int64_t s, y, x;
        cn_tile_at(tiles, i, &s, &y, &x);
        const float *from = src + s * sample + y * row + x * pixel;
        for (int64_t begin = 0; begin < c; begin += VW) {
            const int64_t k = cn_min(begin, c - VW);
            VEC t[6][6], out[6];
#pragma GCC unroll 6
            for (int b = 0; b < 6; b++) {
                VEC d[6], column[6];
#pragma GCC unroll 6
                for (int a = 0; a < 6; a++) d[a] = VLOAD(from + a * row + b * pixel + k);
                NAME(cn_wino_input)(d, column);
#pragma GCC unroll 6
                for (int a = 0; a < 6; a++) t[a][b] = column[a];
            }
            float *to = planes + i * line + k;
#pragma GCC unroll 6
            for (int a = 0; a < 6; a++) {
                NAME(cn_wino_input)(t[a], out);
#pragma GCC unroll 6
                for (int b = 0; b < 6; b++) VSTORE(to + (a * 6 + b) * plane, out[b]);
            }
        }
    }
}

CN_INLINE void NAME(cn_wino_gather_grad_of)(const int size, const cn_tiles *tiles,
                                            const float *grad_preact, int64_t sample, int64_t row,
                                            int64_t pixel, int64_t h, int64_t w, int64_t c,
                                            float *planes, int64_t plane) {
    for (int64_t i = 0; i < tiles->count; i++) {
        int64_t s, y, x;
        cn_tile_at(tiles, i, &s, &y, &x);
        const float *from = grad_preact + s * sample + y * row + x * pixel;
        const int whole = y + size <= h && x + size <= w;
        for (int64_t begin = 0; begin < c; begin += VW) {
            const int64_t k = cn_min(begin, c - VW);
            VEC t[6][4], out[6];
#pragma GCC unroll 4
            for (int b = 0; b < size; b++) {
                VEC g[4], column[6];
#pragma GCC unroll 4
                for (int a = 0; a < size; a++)
                    g[a] = whole || (y + a < h && x + b < w) ? VLOAD(from + a * row + b * pixel + k)
                                                             : VSET(0.0f);
                NAME(cn_wino_grad)(size, g, column);
#pragma GCC unroll 6
                for (int a = 0; a < 6; a++) t[a][b] = column[a];
            }
            float *to = planes + i * c + k;
#pragma GCC unroll 6
            for (int a = 0; a < 6; a++) {
                NAME(cn_wino_grad)(size, t[a], out);
#pragma GCC unroll 6
                for (int b = 0; b < 6; b++) VSTORE(to + (a * 6 + b) * plane, out[b]);
            }
        }
    }
}

CN_INLINE void NAME(cn_wino_scatter_of)(const int size, const cn_tiles *tiles, const float *planes,
                                        int64_t plane, int64_t line, const float *bias, int relu,
                                        float *dst, int64_t sample, int64_t row, int64_t pixel,
                                        int64_t h, int64_t w, int64_t channels) {
    for (int64_t i = 0; i < tiles->count; i++) {
        int64_t s, y, x;
        cn_tile_at(tiles, i, &s, &y, &x);
        float *to = dst + s * sample + y * row + x * pixel;
        const int rows = (int)cn_min(h - y, size), columns = (int)cn_min(w - x, size);
        for (int64_t begin = 0; begin < channels; begin += VW) {
            const int64_t k = cn_min(begin, channels - VW);
            const float *from = planes + i * line + k;
            const VEC shift = bias ? VLOAD(bias + k) : VSET(0.0f);
            VEC t[4][6], out[4];
#pragma GCC unroll 6
            for (int b = 0; b < 6; b++) {
                VEC m[6], column[4];
#pragma GCC unroll 6
                for (int a = 0; a < 6; a++) m[a] = VLOAD(from + (a * 6 + b) * plane);
                NAME(cn_wino_output)(size, m, column);
#pragma GCC unroll 4
                for (int a = 0; a < size; a++) t[a][b] = column[a];
            }
            for (int a = 0; a < rows; a++) {
                NAME(cn_wino_output)(size, t[a], out);
#pragma GCC unroll 4
                for (int b = 0; b < size; b++) {
                    if (b >= columns) break;
                    VEC v = out[b] + shift;
                    if (relu) v = VRELU(v);
                    VSTORE(to + a * row + b * pixel + k, v);
                }
            }
        }
    }
}
